import { createSecretKey } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Client } from './call.ts';
import type { Caller } from './caller.ts';
import { roles } from './caller.ts';
import { ExpectedError } from './errors.ts';

/** The one header by which a subgraph of ours believes who is calling. */
export const assertionHeader = 'x-gateway-identity';

const issuer = 'gateway';
const lifetimeSeconds = 30;
/** One assertion serves all calls of a caller for so long; what is left of its life covers the call. */
const reusedForMs = 10_000;

/** What an assertion says. */
export type Asserted = { readonly caller: Caller; readonly client?: Client };

/** Signs who is calling, for one subgraph alone: a JWT, HS256, good for 30 s. With a client it is signed anew each time. */
export type AssertionSigner = (caller: Caller, client?: Client) => Promise<string>;

export function assertionSigner(secret: string, subgraph: string): AssertionSigner {
  const key = createSecretKey(secret, 'utf8');
  const signed = new WeakMap<Caller, { readonly assertion: Promise<string>; readonly at: number }>();
  const sign = (asserted: Asserted): Promise<string> =>
    new SignJWT({ ...asserted })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience(subgraph)
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds}s`)
      .sign(key);
  return (caller, client) => {
    if (client !== undefined) return sign({ caller, client });
    const now = Date.now();
    const known = signed.get(caller);
    if (known !== undefined && now - known.at < reusedForMs) return known.assertion;
    const assertion = sign({ caller });
    signed.set(caller, { assertion, at: now });
    return assertion;
  };
}

const Claims = z.object({
  caller: z.object({
    kind: z.enum(['user', 'partner', 'anonymous']),
    organization: z.string(),
    plan: z.string(),
    subject: z.string(),
    roles: z.array(z.enum(roles)),
    scopes: z.array(z.string()),
    keyId: z.string().exactOptional(),
    tenant: z.string().exactOptional(),
  }),
  client: z.object({ address: z.string(), userAgent: z.string().exactOptional() }).exactOptional(),
});

/** Reads an assertion. @throws ExpectedError UNAUTHENTICATED for whatever the gateway did not sign in the last 30 s */
export function assertionReader(secret: string, subgraph: string): (assertion: string | undefined) => Promise<Asserted> {
  const key = createSecretKey(secret, 'utf8');
  const options = { algorithms: ['HS256'], issuer, audience: subgraph, requiredClaims: ['exp', 'iat'], clockTolerance: 5 };
  return async (assertion) => {
    try {
      const { payload } = await jwtVerify(assertion ?? '', key, options);
      return Claims.parse(payload);
    } catch (cause) {
      throw new ExpectedError('UNAUTHENTICATED', 'This subgraph answers its gateway only.', { cause });
    }
  };
}

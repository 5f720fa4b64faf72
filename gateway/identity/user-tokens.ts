import type { KeyObject } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Caller, Role } from '#kit/caller.ts';
import { partnerScopes, roles, scopesOf } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { unauthenticated } from '#kit/errors.ts';
import type { TokenHeader } from './token-header.ts';
import { tokenHeader } from './token-header.ts';

/** Keys that may have signed a token with this header, in the order to try them; none when nobody can have. */
export type KeysOf = (header: TokenHeader) => Promise<readonly (CryptoKey | KeyObject)[]>;

export type TokenRules = {
  /** Algorithms that are accepted, from the configuration alone. */
  readonly algorithms: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  /** Organization of people whose token names none; its people see everything. */
  readonly defaultOrganization: string;
};

type Parts = {
  readonly rules: TokenRules;
  readonly keysOf: KeysOf;
  /** Plan of an organization other than the default one. */
  readonly planOf: (organization: string) => Promise<string>;
  readonly clock: Clock;
};

export type VerifiedUser = {
  readonly caller: Caller;
  /** Milliseconds since the Unix epoch, leeway included. */
  readonly expiresAt: number;
};

/** Clocks of issuer and gateway may differ by so much. */
const leewaySeconds = 60;

/** The people of the laboratory have its largest plan (design section 5). */
const laboratoryPlan = 'enterprise';

/**
 * Verifies a person's token (contract section 1.1) and tells who it is.
 * The promise rejects with ExpectedError UNAUTHENTICATED, whatever is wrong, or AUTH_UNAVAILABLE while no key is known.
 */
export function userTokens({ rules, keysOf, planOf, clock }: Parts): (token: string) => Promise<VerifiedUser> {
  return async (token) => {
    const header = tokenHeader(token);
    if (header === undefined || !rules.algorithms.includes(header.alg)) throw unauthenticated();
    const now = new Date(clock.now());
    const payload = await verify({ token, keys: await keysOf(header), rules, now });
    const claims = Claims.safeParse(payload).data;
    if (claims === undefined || isAfter(claims.iat, now)) throw unauthenticated();
    return { caller: await callerOf(claims, rules, planOf), expiresAt: (claims.exp + leewaySeconds) * 1_000 };
  };
}

type Verification = {
  readonly token: string;
  readonly keys: readonly (CryptoKey | KeyObject)[];
  readonly rules: TokenRules;
  readonly now: Date;
};

async function verify({ token, keys, rules, now }: Verification): Promise<JWTPayload> {
  const { issuer, audience } = rules;
  const options = { algorithms: [...rules.algorithms], issuer, audience, clockTolerance: leewaySeconds, currentDate: now };
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (cause) {
      // A secret that is on its way out may have signed it; any other fault is the same with every key.
      if (!(cause instanceof errors.JWSSignatureVerificationFailed)) throw unauthenticated({ cause });
    }
  }
  throw unauthenticated();
}

const isAfter = (seconds: number | undefined, now: Date): boolean =>
  seconds !== undefined && seconds > now.getTime() / 1_000 + leewaySeconds;

/** `role` as the auth service writes it, or `roles`; `org` for people of another organization. */
const Claims = z
  .object({
    sub: z.string().regex(/^[\x21-\x7e]{1,256}$/),
    exp: z.number(),
    iat: z.number().optional(),
    role: z.enum(roles).optional(),
    roles: z.array(z.enum(roles)).optional(),
    org: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i)
      .optional(),
  })
  .transform(({ role, roles: several = [], ...claims }) => ({
    ...claims,
    roles: [...new Set<Role>([...(role === undefined ? [] : [role]), ...several])],
  }))
  .refine(({ roles: held }) => held.length > 0);

async function callerOf(
  { sub, org, roles: held }: z.infer<typeof Claims>,
  { defaultOrganization }: TokenRules,
  planOf: Parts['planOf'],
): Promise<Caller> {
  const person = { kind: 'user', subject: sub, roles: held } as const;
  const scopes = scopesOf(held);
  if (org === undefined || org === defaultOrganization)
    return { ...person, organization: defaultOrganization, plan: laboratoryPlan, scopes };
  // However high a role is elsewhere, the laboratory's own people and operation are none of its business.
  const own = scopes.filter((scope) => partnerScopes.includes(scope));
  return { ...person, organization: org, tenant: org, plan: await planOf(org), scopes: own };
}

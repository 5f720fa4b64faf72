import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { GatewayParts } from '#gateway/gateway.ts';
import type { Identity } from '#gateway/identity/open-identity.ts';
import { openIdentity } from '#gateway/identity/open-identity.ts';
import type { Clock } from '#kit/clock.ts';
import { systemClock } from '#kit/clock.ts';
import { unauthenticated } from '#kit/errors.ts';
import { partner } from './callers.ts';

export const secret = 'a secret of the auth service with more than 32 characters';

/** A pair of keys as issuers have them. */
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const key = (letter: string): string => `lg_test_${letter.repeat(32)}`;

/** A clock that a test moves. */
export function movedClock(): Clock & { forward: (seconds: number) => void } {
  let now = Date.now();
  return {
    now: () => now,
    forward: (seconds) => {
      now += seconds * 1_000;
    },
  };
}

const seconds = (clock: Clock = systemClock): number => Math.floor(clock.now() / 1_000);

/** Claims as the auth service writes them, good for an hour. */
export const claims = (changes: object = {}, clock: Clock = systemClock) => ({
  sub: '05e70000-0000-4000-8000-000000000001',
  email: 'admin@lab.example',
  role: 'lab_administrator',
  iss: 'auth-service',
  aud: 'lab-management-system',
  iat: seconds(clock),
  exp: seconds(clock) + 3_600,
  jti: '5e550000-0000-4000-8000-000000000001',
  ...changes,
});

type Signer = (input: string) => Buffer;

export const hmac =
  (given: string | Buffer = secret): Signer =>
  (input) =>
    createHmac('sha256', given).update(input).digest();

export const rs256 =
  (pair = rsa): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), pair.privateKey);

export const es256 =
  (pair = curve): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });

const encoded = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A token made by hand: header and payload may be anything. */
export function token(
  payload: object | string = claims(),
  header: object | string = { alg: 'HS256', typ: 'JWT' },
  signer: Signer = hmac(),
): string {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

export const bearer = (given: string) => ({ authorization: `Bearer ${given}` });

type Parts = Parameters<typeof openIdentity>[0];

/** Everything that tells callers apart; keys are `key('A')` of acme-genomics and `key('B')` of helix-labs. */
export async function testIdentity({
  rules,
  ...parts
}: Partial<Omit<Parts, 'rules'>> & { rules?: Partial<Parts['rules']> } = {}) {
  return openIdentity({
    rules: {
      algorithms: ['HS256'],
      issuer: 'auth-service',
      audience: 'lab-management-system',
      defaultOrganization: 'lab',
      ...rules,
    },
    keys: { kind: 'secrets', secrets: [secret] },
    keepMs: 30_000,
    partnerOf,
    planOf: async () => 'premium',
    clock: systemClock,
    onFailure: () => undefined,
    ...parts,
  });
}

const partners = new Map([
  [key('A'), partner('acme-genomics', ['samples:read'])],
  [key('B'), partner('helix-labs', ['samples:read'])],
]);

const partnerOf: Parts['partnerOf'] = async (given) => {
  const found = partners.get(given);
  if (found === undefined) throw unauthenticated();
  return found;
};

type Request = Parameters<Identity['identify']>[0];

/** A request as Fastify hands it on, with these headers. */
export const incoming = (
  headers: Record<string, string> = {},
  url = '/graphql',
): Request & Parameters<GatewayParts['identify']>[0] =>
  ({ url, ip: '127.0.0.1', headers, raw: { rawHeaders: Object.entries(headers).flat() } }) as never;

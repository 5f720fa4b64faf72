import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { assertionReader, assertionSigner } from '#kit/assertion.ts';
import { stranger } from '#kit/caller.ts';
import { partner } from '#test/harness/callers.ts';

const secret = 'a secret of thirty-two characters or more';
const read = assertionReader(secret, 'samples');
const key = new TextEncoder().encode(secret);
const acme = partner('acme-genomics', ['samples:read']);

const claims = (changes: object = {}): SignJWT =>
  new SignJWT({ caller: acme, ...changes }).setProtectedHeader({ alg: 'HS256' }).setIssuer('gateway').setAudience('samples');

test('a subgraph reads who is calling from what the gateway signed', async () => {
  expect(await read(await assertionSigner(secret, 'samples')(acme))).toEqual({ caller: acme });
  expect(await read(await assertionSigner(secret, 'samples')(stranger))).toEqual({ caller: stranger });
});

test('where a caller is, is told as signed and never kept for the next', async () => {
  const sign = assertionSigner(secret, 'samples');
  const [here, there] = [{ address: '192.0.2.1', userAgent: 'a' }, { address: '192.0.2.2' }];
  expect(await read(await sign(acme, here))).toEqual({ caller: acme, client: here });
  expect(await read(await sign(acme, there))).toEqual({ caller: acme, client: there });
  expect(await read(await sign(acme))).toEqual({ caller: acme });
  expect(await sign(acme)).toBe(await sign(acme));
});

const forged: readonly (readonly [string, () => Promise<string | undefined>])[] = [
  ['nothing', async () => undefined],
  ['text', async () => 'acme-genomics'],
  ['one signed with another secret', () => assertionSigner('another secret of thirty-two characters', 'samples')(acme)],
  ['one for another subgraph', () => assertionSigner(secret, 'storage')(acme)],
  [
    'one of 40 s ago',
    () =>
      claims()
        .setIssuedAt(Date.now() / 1_000 - 70)
        .setExpirationTime(Date.now() / 1_000 - 40)
        .sign(key),
  ],
  ['one that never ends', () => claims().setIssuedAt().sign(key)],
  [
    'a caller that is none',
    () =>
      claims({ caller: { kind: 'root' } })
        .setIssuedAt()
        .setExpirationTime('30s')
        .sign(key),
  ],
  [
    'an unsigned one',
    async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`,
  ],
];

test.for(forged)('%s is refused', async ([, assertion]) => {
  await expect(read(await assertion())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

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
  expect(await read(await assertionSigner(secret, 'samples')(acme))).toEqual(acme);
  expect(await read(await assertionSigner(secret, 'samples')(stranger))).toEqual(stranger);
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

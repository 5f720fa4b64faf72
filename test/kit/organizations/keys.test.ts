import { expect, test } from 'vitest';
import { allScopes, partnerScopes } from '#kit/caller.ts';
import { addressList, isAddressRange } from '#kit/organizations/address-list.ts';
import { expandScopes } from '#kit/organizations/key-scopes.ts';
import { keyState } from '#kit/organizations/key-state.ts';
import { isAmong, isApiKey, keyHasher, newSecret, prefixOf } from '#kit/organizations/keys.ts';
import { keyOf } from '#test/harness/organizations.ts';

test('a new secret has the shape of a key of its environment', () => {
  expect(newSecret('live')).toMatch(/^lg_live_[A-Za-z0-9]{32}$/);
  expect(newSecret('test')).toMatch(/^lg_test_[A-Za-z0-9]{32}$/);
  expect(isApiKey(newSecret('live'))).toBe(true);
  expect(prefixOf('lg_live_AbCdEfGh')).toBe('lg_live_AbCd');
});

test('no character of secrets is preferred', () => {
  const counts = new Map<string, number>();
  const secrets = 4_000;
  for (let made = 0; made < secrets; made++)
    for (const character of newSecret('live').slice(8)) counts.set(character, (counts.get(character) ?? 0) + 1);
  expect(counts.size).toBe(62);
  // Nine standard deviations; taking random bytes modulo 62 would be off by a fifth.
  const expected = (secrets * 32) / 62;
  for (const count of counts.values()) expect(Math.abs(count - expected) / expected).toBeLessThan(0.2);
});

test.for([
  '',
  'lg_live_',
  'lg_prod_AcmeGenomicsDefaultPlanDevKey001',
  'lg_test_AcmeGenomicsDefaultPlanDevKey00',
  'lg_test_AcmeGenomicsDefaultPlanDevKey0012',
  'lg_test_AcmeGenomicsDefaultPlanDevKey00!',
  'lg_test_AcmeGenomicsDefaultPlanDevKey001\n',
  'lg_test_AcmeGenomicsDefaultPlanDevKey001, lg_test_AcmeGenomicsDefaultPlanDevKey001',
  ' lg_test_AcmeGenomicsDefaultPlanDevKey001',
])('%j has not the shape of a key', (text) => {
  expect(isApiKey(text)).toBe(false);
});

test('AU-04 a hash depends on the pepper and tells nothing of the secret; while two peppers are good there are two', () => {
  const secret = newSecret('live');
  const [before] = keyHasher({ current: 'first' })(secret);
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  expect(keyHasher({ current: 'second' })(secret)).not.toContain(before);
  const both = keyHasher({ current: 'second', previous: 'first' })(secret);
  expect(both).toHaveLength(2);
  expect(both[1]).toBe(before);
});

test('AU-04 hashes are compared whole, whatever their length', () => {
  expect(isAmong('abcd', ['abce', 'abcd'])).toBe(true);
  expect(isAmong('abcd', ['abce', 'abc', ''])).toBe(false);
  expect(isAmong('abcd', [])).toBe(false);
});

test('a bundle stands for scopes, and a key never has what partners may not have', () => {
  expect(expandScopes(['full_access'])).toEqual(partnerScopes);
  expect(expandScopes(['read_only', 'samples:write'])).toContain('samples:write');
  expect(expandScopes(['read_only']).every((scope) => scope.endsWith(':read'))).toBe(true);
  expect(expandScopes([...allScopes, 'made:up'])).toEqual(partnerScopes);
  expect(partnerScopes).not.toContain('users:admin');
});

const at = (text: string): number => Date.parse(text);

test.for([
  [{}, 'active'],
  [{ isActive: false, expiresAt: new Date('2030-01-01') }, 'revoked'],
  [{ expiresAt: new Date('2026-11-21T00:00:00Z') }, 'expired'],
  [{ expiresAt: new Date('2026-11-21T00:00:00.001Z') }, 'active'],
  [{ overlapUntil: new Date('2026-11-22') }, 'replaced'],
  [{ overlapUntil: new Date('2026-11-20') }, 'expired'],
  [{ overlapUntil: new Date('2026-11-22'), expiresAt: new Date('2026-11-20') }, 'expired'],
] as const)('a key with %j is %s', ([changes, state]) => {
  expect(keyState(keyOf(changes), at('2026-11-21T00:00:00Z'))).toBe(state);
});

test('a list of addresses knows ranges of both families and addresses in their other form', () => {
  const allows = addressList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8::1']) expect(allows(address)).toBe(true);
  for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '', 'localhost', '10.0.0.1, 11.0.0.1'])
    expect(allows(address)).toBe(false);
});

test('what is no address or range is known as such', () => {
  for (const range of ['10.0.0.0/8', '10.0.0.1', '::1', 'fe80::/10', '0.0.0.0/0']) expect(isAddressRange(range)).toBe(true);
  for (const range of ['10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/', '10.0.0.0/8/8', 'lab.example', ''])
    expect(isAddressRange(range)).toBe(false);
});

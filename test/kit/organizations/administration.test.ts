import { expect, test } from 'vitest';
import { announcer } from '#kit/organizations/announce.ts';
import type { Change } from '#kit/organizations/change-bus.ts';
import { localBus } from '#kit/organizations/change-bus.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import type { NewKey } from '#kit/organizations/key-administration.ts';
import { keyAdministration } from '#kit/organizations/key-administration.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { organizationAdministration } from '#kit/organizations/organization-administration.ts';
import { handClock } from '#test/harness/hand-clock.ts';

const wanted: NewKey = { organizationId: 'acme', name: 'ci', scopes: ['samples:read'], environment: 'live' };
const hourMs = 3_600_000;

async function start() {
  const store = openEmbeddedStore(':memory:');
  const clock = handClock();
  const told: Change[] = [];
  const bus = localBus();
  bus.subscribe((change) => told.push(change));
  const announce = announcer({ store, bus, clock, origin: { sourceIp: '192.0.2.1', requestId: 'request-1' } });
  const organizations = organizationAdministration({ store, announce, clock });
  await organizations.create({ id: 'acme', name: 'Acme', plan: 'default' });
  const keys = keyAdministration({ store, hasher: keyHasher({ current: 'pepper' }), announce, clock });
  return { store, clock, told, organizations, keys, [Symbol.asyncDispose]: store[Symbol.asyncDispose] };
}

test.for([
  ['an id with capitals', { id: 'Acme' }],
  ['an id of one letter', { id: 'a' }],
  ['an id that ends with a hyphen', { id: 'acme-' }],
  ['an id of 64 letters', { id: 'a'.repeat(64) }],
  ['an id with a path in it', { id: '../acme' }],
  ['a plan that is no name', { plan: 'Gold!' }],
  ['an id that is taken', { id: 'acme' }],
] as const)('an organization with %s is not made', async ([, changes]) => {
  await using office = await start();
  const made = office.organizations.create({ id: 'helix', name: 'Helix', plan: 'default', ...changes });
  await expect(made).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await office.store.organizations()).toHaveLength(1);
});

test('every change is told to gateways and to the audit log, with who made it and without secrets', async () => {
  await using office = await start();
  await office.organizations.change('acme', { graphCredential: 'rg_live_1' });
  await office.organizations.change('acme', { status: 'deleted' });
  expect(office.told.map(({ kind }) => kind)).toEqual(['changed', 'changed', 'deleted']);
  const events = await office.store.auditEvents({ limit: 10 });
  expect(events).toHaveLength(3);
  for (const event of events)
    expect(event).toMatchObject({ sourceIp: '192.0.2.1', requestId: 'request-1', organizationId: 'acme' });
  expect(JSON.stringify(events)).not.toContain('rg_live_1');
});

test('a deleted organization is gone for good: no change, no key, no second of its name', async () => {
  await using office = await start();
  const { key } = await office.keys.create(wanted);
  await office.organizations.change('acme', { status: 'deleted' });
  await expect(office.organizations.change('acme', { status: 'active' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(office.keys.create(wanted)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(office.keys.rotate(key.id, hourMs)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(office.organizations.create({ id: 'acme', name: 'Other', plan: 'default' })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
  });
});

test.for([
  ['no scopes', { scopes: [] }, 'nothing was given'],
  ['a scope that partners may not have', { scopes: ['samples:read', 'users:admin'] }, 'users:admin was given'],
  ['an expiry in the past', { expiresAt: new Date('2026-11-21T11:59:59Z') }, 'past'],
  ['an expiry that is no time', { expiresAt: new Date('soon') }, 'past'],
  ['a range that is none', { allowedAddresses: ['10.0.0.0/99'] }, '10.0.0.0/99'],
] as const)('a key with %s is not made', async ([, changes, said]) => {
  await using office = await start();
  const made = office.keys.create({ ...wanted, ...changes });
  await expect(made).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining(said) });
  expect(await office.store.keys('acme')).toEqual([]);
});

test('a successor has the rights of the key and as long a life; the key itself ends after the overlap', async () => {
  await using office = await start();
  const limited = { ...wanted, allowedAddresses: ['10.0.0.0/8'], expiresAt: new Date(office.clock.now() + 10 * hourMs) };
  const { key } = await office.keys.create(limited);
  office.clock.advance(9 * hourMs);
  const { key: successor } = await office.keys.rotate(key.id, hourMs);
  expect(successor).toMatchObject({ ...limited, expiresAt: new Date(office.clock.now() + 10 * hourMs), usageCount: 0 });
  expect(successor.keyHash).not.toBe(key.keyHash);
  expect(await office.store.key(key.id)).toMatchObject({
    replacedBy: successor.id,
    overlapUntil: new Date(office.clock.now() + hourMs),
  });
  await expect(office.keys.rotate(key.id, hourMs)).rejects.toMatchObject({ message: expect.stringContaining('replaced') });
  office.clock.advance(hourMs);
  await expect(office.keys.rotate(key.id, hourMs)).rejects.toMatchObject({ message: expect.stringContaining('expired') });
});

test('a key is revoked once, also when it is replaced or expired', async () => {
  await using office = await start();
  const { key } = await office.keys.create(wanted);
  await office.keys.rotate(key.id, 0);
  expect(await office.keys.revoke(key.id)).toMatchObject({ isActive: false });
  await expect(office.keys.revoke(key.id)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(office.keys.revoke('key_none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

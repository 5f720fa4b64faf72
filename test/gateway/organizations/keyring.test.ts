import { describe, expect, test } from 'vitest';
import { openKeyring } from '#gateway/organizations/keyring.ts';
import { partnerScopes } from '#kit/caller.ts';
import { localBus } from '#kit/organizations/change-bus.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import { keyHasher, newSecret } from '#kit/organizations/keys.ts';
import type { ApiKey, Organization } from '#kit/organizations/records.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { keyOf, organizationOf } from '#test/harness/organizations.ts';

const peppers = { current: 'pepper of these tests' };
const secret = newSecret('live');
const [keyHash] = keyHasher(peppers)(secret);

/** A real store that can be made to fail or to hang, and counts what it is asked. */
function spoilable(store: OrganizationStore) {
  const state = { mode: 'well' as 'well' | 'failing' | 'hanging', questions: 0 };
  const keyByHash: OrganizationStore['keyByHash'] = (hashes) => {
    state.questions += 1;
    if (state.mode === 'failing') return Promise.reject(new Error('connection refused at 10.0.0.9'));
    return state.mode === 'hanging' ? new Promise(() => undefined) : store.keyByHash(hashes);
  };
  return Object.assign(state, { store: { ...store, keyByHash } });
}

async function start(key: Partial<ApiKey> = {}, organization: Partial<Organization> = {}) {
  const opened = new AsyncDisposableStack();
  const clock = handClock();
  const bus = localBus();
  const store = opened.use(openEmbeddedStore(':memory:'));
  await store.addOrganization(organizationOf(organization));
  await store.addKey(keyOf({ keyHash, ...key }));
  const spoiled = spoilable(store);
  const keyring = openKeyring({
    store: spoiled.store,
    hasher: keyHasher(peppers),
    clock,
    bus,
    laboratory: 'lab',
    onError: (error) => {
      throw error;
    },
  });
  opened.use(keyring);
  return {
    clock,
    bus,
    store,
    spoiled,
    authenticate: (given = secret, address = '192.0.2.1') => keyring.authenticate(given, address),
    close: () => keyring[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const unauthenticated = { code: 'UNAUTHENTICATED', message: 'The API key is not valid.' };

describe('who comes with a key', () => {
  test('is a partner with the organization’s plan and the key’s scopes', async () => {
    await using ring = await start({ scopes: ['samples:read', 'users:admin'] }, { plan: 'premium' });
    expect(await ring.authenticate()).toEqual({
      kind: 'partner',
      organization: 'acme-genomics',
      plan: 'premium',
      subject: 'key_one',
      roles: [],
      scopes: ['samples:read'],
      keyId: 'key_one',
      tenant: 'acme-genomics',
    });
  });

  test('sees everything when the key is the laboratory’s own', async () => {
    await using ring = await start({ organizationId: 'lab', scopes: ['full_access'] }, { id: 'lab' });
    const caller = await ring.authenticate();
    expect(caller.scopes).toEqual(partnerScopes);
    expect(caller).not.toHaveProperty('tenant');
  });

  test('is the same object each time, also after the key was read again', async () => {
    await using ring = await start();
    const caller = await ring.authenticate();
    expect(await ring.authenticate()).toBe(caller);
    ring.clock.advance(6_000);
    expect(await ring.authenticate()).toBe(caller);
    expect(ring.spoiled.questions).toBe(2);
    await ring.store.updateOrganization('acme-genomics', { plan: 'enterprise' });
    ring.clock.advance(6_000);
    expect((await ring.authenticate()).plan).toBe('enterprise');
  });
});

describe('a key is refused', () => {
  const refusals: readonly (readonly [string, Partial<ApiKey>])[] = [
    ['that nobody has', { keyHash: 'another' }],
    ['that was revoked', { isActive: false }],
    ['that expired', { expiresAt: new Date('2026-11-21T11:59:59Z') }],
    ['whose overlap is over', { overlapUntil: new Date('2026-11-21T12:00:00Z'), replacedBy: 'key_two' }],
    ['whose organization is not there', { organizationId: 'nobody' }],
  ];

  test.for(refusals)('%s, in the same words', async ([, key]) => {
    await using ring = await start(key);
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
  });

  test('of a deleted organization, in the same words', async () => {
    await using ring = await start({}, { status: 'deleted' });
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
  });

  test('that has not the shape of one, without asking the store', async () => {
    await using ring = await start();
    await expect(ring.authenticate(`${secret}, ${secret}`)).rejects.toMatchObject(unauthenticated);
    await expect(ring.authenticate('x'.repeat(1_000_000))).rejects.toMatchObject(unauthenticated);
    expect(ring.spoiled.questions).toBe(0);
  });

  test('of a suspended organization, which is told so', async () => {
    await using ring = await start({}, { status: 'suspended' });
    await expect(ring.authenticate()).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'The organization is suspended.' });
  });

  test('from an address that is not on its list', async () => {
    await using ring = await start({ allowedAddresses: ['10.0.0.0/8'] });
    await expect(ring.authenticate(secret, '192.0.2.1')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await ring.authenticate(secret, '::ffff:10.0.0.1')).toMatchObject({ keyId: 'key_one' });
  });

  test('at the moment it expires, though it is cached', async () => {
    await using ring = await start({ expiresAt: new Date('2026-11-21T12:00:01Z') });
    await ring.authenticate();
    ring.clock.advance(1_000);
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
  });

  test('whatever is wrong, without a word of the key or the store', async () => {
    await using ring = await start();
    ring.spoiled.mode = 'failing';
    const unknown = await ring.authenticate().catch((error: Error) => error);
    expect(JSON.stringify(unknown)).not.toMatch(/lg_live|10\.0\.0\.9/);
    expect(unknown).toMatchObject({ code: 'AUTH_UNAVAILABLE', extensions: { code: 'AUTH_UNAVAILABLE', retryAfter: 2 } });
  });
});

describe('a revoked key', () => {
  test('is refused within 5 s where nothing is heard of it', async () => {
    await using ring = await start();
    await ring.authenticate();
    await ring.store.updateKey('key_one', { isActive: false });
    ring.clock.advance(2_000);
    expect(await ring.authenticate()).toBeDefined();
    ring.clock.advance(3_000);
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
  });

  test('stays refused when the store goes away after that', async () => {
    await using ring = await start();
    await ring.authenticate();
    await ring.store.updateKey('key_one', { isActive: false });
    ring.clock.advance(5_000);
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
    ring.spoiled.mode = 'failing';
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
    ring.clock.advance(2_000);
    await expect(ring.authenticate()).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
  });

  test('is refused at once where it is heard of; other organizations stay cached', async () => {
    await using ring = await start();
    await ring.authenticate();
    await ring.bus.publish({ organizationId: 'helix-labs', kind: 'changed' });
    await ring.authenticate();
    expect(ring.spoiled.questions).toBe(1);
    await ring.store.updateKey('key_one', { isActive: false });
    await ring.bus.publish({ organizationId: 'acme-genomics', kind: 'changed' });
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
  });

  test('is not cached by a look-up that was under way when it was heard of', async () => {
    await using ring = await start();
    const early = ring.authenticate();
    await ring.bus.publish({ organizationId: 'acme-genomics', kind: 'changed' });
    await early;
    await ring.store.updateKey('key_one', { isActive: false });
    await expect(ring.authenticate()).rejects.toMatchObject(unauthenticated);
  });
});

describe('the store is asked', () => {
  test('once for many callers of one key at once', async () => {
    await using ring = await start();
    const callers = await Promise.all(Array.from({ length: 100 }, () => ring.authenticate()));
    expect(new Set(callers).size).toBe(1);
    expect(ring.spoiled.questions).toBe(1);
  });

  test('again after 3 s, without anybody waiting', async () => {
    await using ring = await start();
    await ring.authenticate();
    ring.clock.advance(3_000);
    ring.spoiled.mode = 'hanging';
    expect(await ring.authenticate()).toBeDefined();
    expect(ring.spoiled.questions).toBe(2);
  });

  test('not again for 2 s about a key that it does not know, unless something changes', async () => {
    await using ring = await start();
    const unknown = newSecret('live');
    for (let tries = 0; tries < 3; tries++) await expect(ring.authenticate(unknown)).rejects.toMatchObject(unauthenticated);
    expect(ring.spoiled.questions).toBe(1);
    ring.clock.advance(2_000);
    await expect(ring.authenticate(unknown)).rejects.toMatchObject(unauthenticated);
    expect(ring.spoiled.questions).toBe(2);
    const [hash] = keyHasher(peppers)(unknown);
    await ring.store.addKey(keyOf({ id: 'key_new', keyHash: hash }));
    await ring.bus.publish({ organizationId: 'acme-genomics', kind: 'changed' });
    expect(await ring.authenticate(unknown)).toMatchObject({ keyId: 'key_new' });
  });

  test('about at most 10,000 unknown keys that it remembers', async () => {
    await using ring = await start();
    const guesses = Array.from({ length: 10_050 }, () => newSecret('live'));
    for (const guess of guesses) await ring.authenticate(guess).catch(() => undefined);
    const asked = ring.spoiled.questions;
    await ring.authenticate(guesses.at(-1)).catch(() => undefined);
    expect(ring.spoiled.questions).toBe(asked);
    await ring.authenticate(guesses.at(0)).catch(() => undefined);
    expect(ring.spoiled.questions).toBe(asked + 1);
  });
});

describe('while the store is away', () => {
  test('cached keys go on for 60 s beyond their time, and no longer', async () => {
    await using ring = await start();
    await ring.authenticate();
    ring.spoiled.mode = 'failing';
    ring.clock.advance(64_999);
    expect(await ring.authenticate()).toMatchObject({ keyId: 'key_one' });
    ring.clock.advance(1);
    await expect(ring.authenticate()).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
    ring.spoiled.mode = 'well';
    ring.clock.advance(2_000);
    expect(await ring.authenticate()).toMatchObject({ keyId: 'key_one' });
  });

  test('a caller waits a second at most, and after three in a row nobody waits', async () => {
    await using ring = await start();
    await ring.authenticate();
    ring.spoiled.mode = 'hanging';
    ring.clock.advance(6_000);
    const started = performance.now();
    await Promise.all([1, 2, 3].map(() => ring.authenticate()));
    expect(performance.now() - started).toBeLessThan(2_500);
    const asked = ring.spoiled.questions;
    for (let calls = 0; calls < 100; calls++) await ring.authenticate();
    await expect(ring.authenticate(newSecret('live'))).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
    expect(ring.spoiled.questions).toBe(asked);
    expect(performance.now() - started).toBeLessThan(2_500);
  });

  test('one question in two seconds looks whether it is back', async () => {
    await using ring = await start();
    ring.spoiled.mode = 'failing';
    const fail = () => ring.authenticate(newSecret('live')).catch(() => undefined);
    for (let calls = 0; calls < 50; calls++) await fail();
    expect(ring.spoiled.questions).toBe(3);
    ring.clock.advance(2_000);
    await Promise.all(Array.from({ length: 50 }, fail));
    expect(ring.spoiled.questions).toBe(4);
    ring.clock.advance(2_000);
    ring.spoiled.mode = 'well';
    expect(await ring.authenticate()).toBeDefined();
    await expect(ring.authenticate(newSecret('live'))).rejects.toMatchObject(unauthenticated);
  });
});

describe('peppers and uses', () => {
  test('AU-04 a key of the previous pepper is good while that is configured, and none after that', async () => {
    await using store = openEmbeddedStore(':memory:');
    await store.addOrganization(organizationOf());
    await store.addKey(keyOf({ keyHash }));
    const ringWith = (current: string, previous?: string) =>
      openKeyring({
        store,
        hasher: keyHasher({ current, ...(previous !== undefined && { previous }) }),
        clock: handClock(),
        bus: localBus(),
        laboratory: 'lab',
        onError: () => undefined,
      });
    await using overlapping = ringWith('new pepper', peppers.current);
    expect(await overlapping.authenticate(secret, '::1')).toMatchObject({ keyId: 'key_one' });
    expect(await overlapping.authenticate(secret, '::1')).toMatchObject({ keyId: 'key_one' });
    await using after = ringWith('new pepper');
    await expect(after.authenticate(secret, '::1')).rejects.toMatchObject(unauthenticated);
  });

  test('uses are counted off the path of requests and written when it closes; refusals are none', async () => {
    await using ring = await start();
    for (let calls = 0; calls < 5; calls++) {
      await ring.authenticate();
      ring.clock.advance(10);
    }
    await ring.authenticate(newSecret('live')).catch(() => undefined);
    expect((await ring.store.key('key_one'))?.usageCount).toBe(0);
    await ring.close();
    expect(await ring.store.key('key_one')).toMatchObject({
      usageCount: 5,
      lastUsedAt: new Date('2026-11-21T12:00:00.040Z'),
    });
  });
});

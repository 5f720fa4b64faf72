import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openStore } from '#kit/organizations/open-store.ts';
import type { AuditEvent, UsageRow } from '#kit/organizations/records.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import { startEmbedded, storeKinds } from '#test/harness/organization-stores.ts';
import { keyOf, organizationOf } from '#test/harness/organizations.ts';

const eventOf = (changes: Partial<AuditEvent> = {}): AuditEvent => ({
  eventId: crypto.randomUUID(),
  timestamp: new Date('2026-11-20T12:00:00.789Z'),
  eventType: 'security_event',
  severity: 'warning',
  complianceTags: [],
  ...changes,
});

const rowOf = (changes: Partial<UsageRow> = {}): UsageRow => ({
  organizationId: 'acme-genomics',
  apiKeyId: 'key_one',
  day: '2026-11-20',
  requests: 1,
  points: 10,
  ...changes,
});

describe.each(storeKinds)('the $name store', ({ isMissing, start }) => {
  const holds = (sentence: string, story: (store: OrganizationStore) => Promise<void>): void =>
    test.skipIf(isMissing)(sentence, async () => {
      await using place = await start();
      await using store = await openStore(readOrganizationSettings(place.environment));
      await store.migrate();
      await story(store);
    });

  holds('DE-34 answers, and prepares itself as often as it is told', async (store) => {
    await store.addOrganization(organizationOf());
    await store.migrate();
    await store.ping();
    expect(await store.organizations()).toHaveLength(1);
  });

  holds('keeps an organization as it was given, and an id for one alone', async (store) => {
    const acme = organizationOf({ limits: { maxQueryCost: 3_000, windows: { hour: 5 } }, graphCredential: 'rg_test_1' });
    expect(await store.addOrganization(acme)).toBe(true);
    expect(await store.addOrganization(organizationOf({ name: 'Another' }))).toBe(false);
    expect(await store.addOrganization(organizationOf({ id: 'aaa' }))).toBe(true);
    expect(await store.organization('acme-genomics')).toEqual(acme);
    expect(await store.organization('nobody')).toBeUndefined();
    expect((await store.organizations()).map(({ id }) => id)).toEqual(['aaa', 'acme-genomics']);
  });

  holds('changes what is named of an organization and nothing else', async (store) => {
    const acme = organizationOf({ limits: { windows: { hour: 5, day: 9 } } });
    await store.addOrganization(acme);
    const changed = { ...acme, plan: 'premium', limits: { windows: { hour: 6 } } };
    expect(await store.updateOrganization(acme.id, { plan: 'premium', limits: changed.limits })).toEqual(changed);
    expect(await store.organization(acme.id)).toEqual(changed);
    expect(await store.updateOrganization('nobody', { plan: 'premium' })).toBeUndefined();
  });

  holds('finds a key by one of two hashes, and keeps a hash for one alone', async (store) => {
    const one = keyOf({ expiresAt: new Date('2027-01-01'), allowedAddresses: ['10.0.0.0/8'] });
    expect(await store.addKey(one)).toBe(true);
    expect(await store.addKey(keyOf({ keyHash: 'other' }))).toBe(false);
    expect(await store.addKey(keyOf({ id: 'key_two' }))).toBe(false);
    expect(await store.addKey(keyOf({ id: 'key_two', keyHash: 'hash of two' }))).toBe(true);
    expect(await store.keyByHash(['hash of one'])).toEqual(one);
    expect(await store.keyByHash(['unknown', 'hash of one'])).toEqual(one);
    expect(await store.keyByHash(['unknown'])).toBeUndefined();
    expect(await store.keyByHash(["' OR TRUE --", '{"$ne":""}'])).toBeUndefined();
    expect(await store.key('key_one')).toEqual(one);
  });

  holds('lists the keys of one organization, oldest first', async (store) => {
    await store.addKey(keyOf({ id: 'key_young', keyHash: '1', createdAt: new Date('2026-11-21') }));
    await store.addKey(keyOf({ id: 'key_old', keyHash: '2', createdAt: new Date('2026-11-19') }));
    await store.addKey(keyOf({ id: 'key_foreign', keyHash: '3', organizationId: 'helix-labs' }));
    expect((await store.keys('acme-genomics')).map(({ id }) => id)).toEqual(['key_old', 'key_young']);
  });

  holds('revokes and replaces a key', async (store) => {
    await store.addKey(keyOf());
    const overlapUntil = new Date('2026-12-01T00:00:00.001Z');
    expect(await store.updateKey('key_one', { replacedBy: 'key_two', overlapUntil })).toEqual(
      keyOf({ replacedBy: 'key_two', overlapUntil }),
    );
    await store.updateKey('key_one', { isActive: false });
    expect(await store.keyByHash(['hash of one'])).toMatchObject({ isActive: false, replacedBy: 'key_two' });
    expect(await store.updateKey('key_none', { isActive: false })).toBeUndefined();
  });

  holds('adds uses up, whatever the order they come in', async (store) => {
    await store.addKey(keyOf());
    const [early, late] = [new Date('2026-11-20T12:00:00.000Z'), new Date('2026-11-20T12:00:05.000Z')];
    await store.countKeyUses([]);
    await store.countKeyUses([
      { id: 'key_one', uses: 3, lastUsedAt: late },
      { id: 'key_none', uses: 1, lastUsedAt: late },
    ]);
    await store.countKeyUses([{ id: 'key_one', uses: 2, lastUsedAt: early }]);
    expect(await store.key('key_one')).toEqual(keyOf({ usageCount: 5, lastUsedAt: late }));
    expect(await store.key('key_none')).toBeUndefined();
  });

  holds('keeps an event of the audit log once, with all its fields, and tells the newest first', async (store) => {
    const full = eventOf({
      sourceIp: '192.0.2.1',
      userAgent: 'curl',
      organizationId: 'acme-genomics',
      apiKeyId: 'key_one',
      endpoint: '/graphql',
      method: 'POST',
      statusCode: 401,
      requestId: 'request-1',
      processingTimeMs: 1.5,
      dataAccessed: 'samples',
      errorDetails: 'none',
      complianceTags: ['gdpr'],
      geographicLocation: 'DE',
    });
    const later = eventOf({ timestamp: new Date('2026-11-20T12:00:01.000Z'), organizationId: 'helix-labs' });
    await store.addAuditEvents([full, later]);
    await store.addAuditEvents([full]);
    expect(await store.auditEvents({ limit: 10 })).toEqual([later, full]);
    expect(await store.auditEvents({ limit: 1 })).toEqual([later]);
    expect(await store.auditEvents({ organizationId: 'acme-genomics', limit: 10 })).toEqual([full]);
  });

  holds('adds usage up by organization, key and day, also from two writers at once', async (store) => {
    const big = 3_000_000_000;
    await Promise.all([store.addUsage([rowOf(), rowOf({ day: '2026-11-19', points: big })]), store.addUsage([rowOf()])]);
    await store.addUsage([rowOf({ apiKeyId: '', requests: 4, points: 0 }), rowOf({ organizationId: 'helix-labs' })]);
    await store.addUsage([rowOf({ day: '2026-11-19', points: big }), rowOf({ day: '2026-11-01' })]);
    expect(await store.usage('acme-genomics', { from: '2026-11-19', to: '2026-11-20' })).toEqual([
      rowOf({ day: '2026-11-19', requests: 2, points: 2 * big }),
      rowOf({ apiKeyId: '', requests: 4, points: 0 }),
      rowOf({ requests: 2, points: 20 }),
    ]);
  });
});

test('two processes may have one embedded store open; writes wait for each other without stopping the process', async () => {
  await using place = await startEmbedded();
  const settings = readOrganizationSettings(place.environment);
  const [one, other] = await Promise.all([openStore(settings), openStore(settings)]);
  await using opened = new AsyncDisposableStack();
  opened.use(one);
  opened.use(other);
  using blocking = new DatabaseSync(`${place.environment['DATA_DIR']}/organizations.sqlite`);
  blocking.exec('BEGIN IMMEDIATE');
  const writes = Promise.all([one.addUsage([rowOf()]), other.addUsage([rowOf()])]);
  // While the lock is held, this process reads and its timers run.
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await other.usage('acme-genomics', { from: '2026-11-20', to: '2026-11-20' })).toEqual([]);
  blocking.exec('COMMIT');
  await writes;
  expect(await one.usage('acme-genomics', { from: '2026-11-20', to: '2026-11-20' })).toEqual([
    rowOf({ requests: 2, points: 20 }),
  ]);
});

test('an embedded store of a newer program is refused and left as it is', async () => {
  await using place = await startEmbedded();
  const settings = readOrganizationSettings(place.environment);
  await (await openStore(settings))[Symbol.asyncDispose]();
  const file = `${place.environment['DATA_DIR']}/organizations.sqlite`;
  using database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 99');
  await expect(openStore(settings)).rejects.toThrow('version 99');
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 });
});

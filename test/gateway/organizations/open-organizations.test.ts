import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { openOrganizations } from '#gateway/organizations/open-organizations.ts';
import type { Clock } from '#kit/clock.ts';
import { systemClock } from '#kit/clock.ts';
import { announcer } from '#kit/organizations/announce.ts';
import { keyAdministration } from '#kit/organizations/key-administration.ts';
import { keyHasher, newSecret } from '#kit/organizations/keys.ts';
import { redisBus } from '#kit/organizations/redis-bus.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { startEmbedded, storeKinds } from '#test/harness/organization-stores.ts';
import { organizationOf } from '#test/harness/organizations.ts';

const [acme, helix] = developmentOrganizations;
const redisUrl = inject('redisUrl');
const mongoUri = inject('mongoUri');
const mongo = storeKinds.find(({ name }) => name === 'MongoDB');

const open = (environment: Record<string, string>, clock: Clock = systemClock) =>
  openOrganizations({
    settings: readOrganizationSettings(environment),
    clock,
    seeds: developmentOrganizations,
    onError: () => undefined,
  });

const keysOf = ({ store, bus }: Awaited<ReturnType<typeof open>>, environment: Record<string, string>) =>
  keyAdministration({
    store,
    hasher: keyHasher(readOrganizationSettings(environment).peppers),
    announce: announcer({ store, bus, clock: systemClock, origin: {} }),
    clock: systemClock,
  });

test('development keys work after the first start and after the second, and there are no two of one', async () => {
  await using place = await startEmbedded();
  for (const _ of ['first', 'second']) {
    await using organizations = await open(place.environment);
    expect(await organizations.keyring.authenticate(acme.key, '127.0.0.1')).toMatchObject({
      organization: 'acme-genomics',
      plan: 'default',
      scopes: expect.arrayContaining(['samples:read', 'storage:read', 'graphs:read', 'queries:execute']),
    });
    expect(await organizations.keyring.authenticate(helix.key, '127.0.0.1')).toMatchObject({ plan: 'enterprise' });
    expect(await organizations.store.keys('acme-genomics')).toHaveLength(1);
  }
});

test('a development key that was revoked stays revoked', async () => {
  await using place = await startEmbedded();
  {
    await using organizations = await open(place.environment);
    const { keyId = '' } = await organizations.keyring.authenticate(acme.key, '127.0.0.1');
    await keysOf(organizations, place.environment).revoke(keyId);
    await expect(organizations.keyring.authenticate(acme.key, '127.0.0.1')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  }
  await using again = await open(place.environment);
  await expect(again.keyring.authenticate(acme.key, '127.0.0.1')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('what waits to be written is written when it closes', async () => {
  await using place = await startEmbedded();
  const day = { organizationId: 'acme-genomics', apiKeyId: 'key_one', day: '2026-11-20' };
  {
    await using organizations = await open(place.environment);
    organizations.usage.add({ ...day, requests: 1, points: 5 });
    organizations.usage.add({ ...day, requests: 1, points: 7 });
    organizations.audit.record({ eventType: 'authentication', severity: 'info' });
    await organizations.keyring.authenticate(acme.key, '127.0.0.1');
  }
  await using again = await open(place.environment);
  expect(await again.store.usage('acme-genomics', { from: '2026-11-20', to: '2026-11-20' })).toEqual([
    { ...day, requests: 2, points: 12 },
  ]);
  expect(await again.store.auditEvents({ limit: 10 })).toHaveLength(1);
  expect(await again.store.keys('acme-genomics')).toMatchObject([{ usageCount: 1 }]);
});

test('AU-04 no store holds a secret in clear', async () => {
  await using place = await startEmbedded();
  await using organizations = await open(place.environment);
  const issued = await keysOf(organizations, place.environment).create({
    organizationId: 'acme-genomics',
    name: 'default',
    scopes: ['read_only'],
    environment: 'live',
  });
  await organizations.keyring.authenticate(issued.secret, '127.0.0.1');
  const kept = JSON.stringify([
    await organizations.store.keys('acme-genomics'),
    await organizations.store.organizations(),
    await organizations.store.auditEvents({ limit: 100 }),
  ]);
  expect(kept).toContain(issued.key.keyPrefix);
  expect(kept).not.toContain(issued.secret.slice(12));
  expect(kept).not.toContain(acme.key.slice(12));
});

test.skipIf(mongo?.isMissing)('MongoDB gets no organizations of development', async () => {
  await using place = await mongo?.start();
  await using organizations = await open({ ...place?.environment });
  expect(await organizations.store.organizations()).toEqual([]);
});

test.skipIf(mongo?.isMissing || redisUrl === undefined)(
  'a key that one gateway revokes is refused by the other at once, over Redis',
  async () => {
    await using place = await mongo?.start();
    const environment = { ...place?.environment, REDIS_URL: redisUrl ?? '' };
    await using one = await open(environment);
    await using other = await open(environment);
    await one.store.addOrganization(organizationOf());
    const keys = keysOf(one, environment);
    const wanted = { organizationId: 'acme-genomics', name: 'x', scopes: ['read_only'], environment: 'live' } as const;
    // A subscription takes a moment; from then on every change is heard.
    const heard = new Set<string>();
    other.bus.subscribe(({ organizationId }) => heard.add(organizationId));
    const isHeard = async (): Promise<boolean> => {
      await one.bus.publish({ organizationId: 'ready', kind: 'changed' });
      return heard.has('ready');
    };
    await expect.poll(isHeard).toBe(true);
    const { key, secret } = await keys.create(wanted);
    expect(await other.keyring.authenticate(secret, '::1')).toMatchObject({ keyId: key.id });
    heard.clear();
    await keys.revoke(key.id);
    await expect.poll(() => heard.has('acme-genomics')).toBe(true);
    await expect(other.keyring.authenticate(secret, '::1')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  },
);

test.skipIf(redisUrl === undefined)(
  'what else is said on the channel is left alone, and a Redis that is away is only told of',
  async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    await using bus = redisBus({ url: redisUrl ?? '', onError });
    const heard: string[] = [];
    bus.subscribe(({ organizationId }) => heard.push(organizationId));
    const redis = new Redis(redisUrl ?? '');
    // Others may listen to the same Redis, so hearing oneself is the sign of being subscribed.
    await expect
      .poll(async () => {
        await bus.publish({ organizationId: 'first', kind: 'changed' });
        return heard;
      })
      .toContain('first');
    await redis.publish('organizations:changed', 'nonsense');
    await redis.publish('organizations:changed', '{"organizationId":7}');
    await bus.publish({ organizationId: 'last', kind: 'deleted' });
    await expect.poll(() => heard).toContain('last');
    expect(heard.filter((organization) => typeof organization !== 'string')).toEqual([]);
    await redis.quit();
    expect(errors).toEqual([]);
    await using nowhere = redisBus({ url: 'redis://127.0.0.1:1', onError });
    await nowhere.publish({ organizationId: 'acme-genomics', kind: 'changed' });
    expect(errors.length).toBeGreaterThan(0);
  },
);

test.each(['redis+sentinel://a.example,b.example/limits', 'rediss+cluster://a.example,b.example', 'redis://a.example/1'])(
  'SC-15 changes are told over %s',
  (url) => {
    expect(readOrganizationSettings({ REDIS_URL: url })).toMatchObject({ redisUrl: url });
  },
);

test.skipIf(mongo?.isMissing)(
  'while MongoDB hangs, a known key goes on, an unknown one hears when to come back, and then all is well',
  async () => {
    await using place = await mongo?.start();
    await using proxy = await startFaultProxy({ port: Number(new URL(mongoUri ?? '').port) });
    const environment = {
      ...place?.environment,
      MONGODB_URI: `${proxy.url('mongodb')}/?directConnection=true&socketTimeoutMS=1500`,
    };
    const clock = handClock(Date.now());
    await using organizations = await open(environment, clock);
    await organizations.store.addOrganization(organizationOf());
    const { secret } = await keysOf(organizations, environment).create({
      organizationId: 'acme-genomics',
      name: 'x',
      scopes: ['read_only'],
      environment: 'live',
    });
    const caller = await organizations.keyring.authenticate(secret, '::1');
    proxy.set({ kind: 'blackHole' });
    clock.advance(5_100);
    const started = performance.now();
    const [known, unknown] = await Promise.all([
      organizations.keyring.authenticate(secret, '::1'),
      organizations.keyring.authenticate(newSecret('live'), '::1').catch((error: Error) => error),
    ]);
    expect(known).toBe(caller);
    expect(unknown).toMatchObject({ code: 'AUTH_UNAVAILABLE', extensions: { retryAfter: 2 } });
    expect(performance.now() - started).toBeLessThan(2_000);
    proxy.set({ kind: 'pass' });
    const askUnknown = async (): Promise<string> => {
      clock.advance(2_000);
      return organizations.keyring.authenticate(newSecret('live'), '::1').catch(({ code }) => code);
    };
    await expect.poll(askUnknown, { timeout: 15_000, interval: 200 }).toBe('UNAUTHENTICATED');
    expect(await organizations.keyring.authenticate(secret, '::1')).toMatchObject({ keyId: caller.keyId });
  },
);

import { mkdirSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { describe, expect, inject, test, vi } from 'vitest';
import { redisBucket } from '#gateway/rate-limit/redis-bucket.ts';
import { openStore } from '#kit/organizations/open-store.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { startObjectStore } from '#test/harness/object-store.ts';
import { storeKinds } from '#test/harness/organization-stores.ts';
import { keyOf, organizationOf } from '#test/harness/organizations.ts';
import { runProgram } from '#test/harness/process.ts';
import { folder, secret } from './archives.ts';

// Every command is a process of its own, and a busy machine starts them slowly.
vi.setConfig({ testTimeout: 120_000 });

type Environment = Readonly<Record<string, string>>;

const redisUrl = inject('redisUrl');
const mongoUri = inject('mongoUri');
const run = (words: string, environment: Environment) =>
  runProgram('ops/cli/main.ts', ['backup', ...words.split(' ')], environment).ended;

/** Runs a command that must succeed and reads its JSON. */
async function ask(words: string, environment: Environment): Promise<Record<string, never>> {
  const { code, stdout, stderr } = await run(`${words} --json`, environment);
  expect([code, stderr.replace(/^BACKUP_KEY is not set.*\n/, '')]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const days = { from: '2026-01-01', to: '2026-12-31' };

async function fillStore(environment: Environment): Promise<void> {
  await using store = await openStore(readOrganizationSettings(environment));
  await store.migrate();
  await store.addOrganization(organizationOf({ limits: { maxQueryCost: 12 }, graphCredential: 'canary of the graph' }));
  await store.addOrganization(organizationOf({ id: 'helix-labs', status: 'suspended' }));
  await store.addKey(keyOf({ expiresAt: new Date('2027-01-01T00:00:00Z'), allowedAddresses: ['10.0.0.0/8'] }));
  await store.addKey(keyOf({ id: 'key_two', keyHash: 'hash of two', isActive: false, scopes: [] }));
  await store.countKeyUses([{ id: 'key_one', uses: 7, lastUsedAt: new Date('2026-11-21T09:00:00.001Z') }]);
  const row = (day: string) => ({ organizationId: 'acme-genomics', apiKeyId: 'key_one', day, requests: 3, points: 2 ** 40 });
  await store.addUsage([row('2026-11-20'), row('2026-11-21')]);
  const event = { eventType: 'security_event', severity: 'warning', complianceTags: [] } as const;
  await store.addAuditEvents([{ ...event, eventId: 'event one', timestamp: new Date('2026-11-21T08:00:00Z') }]);
}

async function stateOf(environment: Environment) {
  await using store = await openStore(readOrganizationSettings(environment));
  return {
    organizations: await store.organizations(),
    keys: await store.keys('acme-genomics'),
    byHash: await store.keyByHash(['hash of one']),
    usage: await store.usage('acme-genomics', days),
    events: await store.auditEvents({ limit: 10 }),
  };
}

/** A database of the shared Redis that only these tests use. */
async function ownRedis(database: number) {
  const url = `${redisUrl}/${database}`;
  const redis = new Redis(url);
  await redis.flushdb();
  return {
    url,
    redis,
    async [Symbol.asyncDispose]() {
      await redis.flushdb();
      redis.disconnect();
    },
  };
}

async function fillRedis(redis: Redis): Promise<void> {
  const policies = [{ name: 'cost', capacity: 1_000, perSecond: 0.001 }];
  const request = { organization: 'acme-genomics', reservation: 'r1', points: 400, lifetimeMs: 60_000, maxInFlight: 5 };
  const held = await redisBucket(redis).hold({ ...request, keyId: 'key_one', policies, meters: [], whenAway: 'local' } as never);
  expect(held.kind).toBe('admitted');
  await redis.set('idempotency:acme-genomics/ü', 'answer', 'PX', 3_600_000);
  await redis.hset('edge:blocks', { '203.0.113.9': '1999999999999 guesses keys', version: '3' });
  await redis.xadd('usage', '1-1', 'points', '5');
  await redis.set('cache:entity', 'fills itself');
}

async function limitsIn(redis: Redis) {
  const limits = (await redis.keys('rl:*')).toSorted();
  const [ttl, ...dumps] = await Promise.all([
    redis.pttl('idempotency:acme-genomics/ü'),
    ...['idempotency:acme-genomics/ü', 'edge:blocks', 'usage', ...limits].map((key) => redis.dumpBuffer(key)),
  ]);
  expect(ttl).toBeGreaterThan(3_500_000);
  return { limits, dumps };
}

describe.skipIf(redisUrl === undefined)('archives of Redis and', () => {
  test.each(storeKinds)(
    'DR-01 DR-07 DR-08 DR-09 DR-10 DR-12 the $name store bring all of it back',
    async ({ name, isMissing, start }) => {
      if (isMissing) return;
      await using place = await start();
      await using archives = await folder();
      await using limits = await ownRedis(name === 'embedded' ? 9 : 10);
      const { redis } = limits;
      const environment = {
        ...place.environment,
        REDIS_URL: limits.url,
        USAGE_STREAM: 'usage',
        BACKUP_DESTINATION: archives.path,
        BACKUP_KEY: secret,
      };
      await fillStore(environment);
      await fillRedis(redis);
      const before = { ...(await stateOf(environment)), ...(await limitsIn(redis)) };
      expect(before.limits.length).toBeGreaterThan(0);

      const { name: archive } = await ask('create', environment);
      expect(await ask('verify', environment)).toMatchObject({ name: archive, good: true, redis: before.limits.length + 3 });
      expect(await ask('list', environment)).toEqual([{ name: archive, complete: true }]);
      const full = await run(`restore ${archive} --yes`, environment);
      expect([full.code, full.stderr]).toEqual([1, expect.stringContaining('organizations: there is something in it already')]);
      const unsure = await run(`restore ${archive}`, environment);
      expect([unsure.code, unsure.stderr]).toEqual([2, expect.stringContaining('repeat with --yes')]);

      await wipe(environment);
      await redis.flushdb();
      expect(await ask(`restore ${archive} --yes`, environment)).toMatchObject({
        name: archive,
        redis: before.limits.length + 3,
      });
      expect({ ...(await stateOf(environment)), ...(await limitsIn(redis)) }).toEqual(before);
      expect(await redis.exists('cache:entity')).toBe(0);

      await redis.set('rl:{late}:s', 'made after the archive');
      await addLate(environment);
      await ask(`restore ${archive} --yes --overwrite`, environment);
      expect({ ...(await stateOf(environment)), ...(await limitsIn(redis)) }).toEqual(before);
      if (name === 'MongoDB')
        expect(await indexesOf(environment)).toEqual(expect.arrayContaining(['key_hash_1', 'timestamp_-1']));
    },
  );
});

async function addLate(environment: Environment): Promise<void> {
  await using store = await openStore(readOrganizationSettings(environment));
  await store.addOrganization(organizationOf({ id: 'late' }));
}

async function wipe(environment: Environment): Promise<void> {
  if (environment['MONGODB_URI'] === undefined) {
    const { rm } = await import('node:fs/promises');
    for (const file of await readdir(environment['DATA_DIR'] ?? '')) await rm(join(environment['DATA_DIR'] ?? '', file));
    return;
  }
  await using client = new MongoClient(environment['MONGODB_URI']);
  await client.db(environment['MONGODB_DATABASE']).dropDatabase();
}

async function indexesOf(environment: Environment): Promise<readonly string[]> {
  await using client = new MongoClient(environment['MONGODB_URI'] ?? '');
  const db = client.db(environment['MONGODB_DATABASE']);
  const indexes = await Promise.all(['api_keys', 'audit_logs'].map((name) => db.collection(name).indexes()));
  return indexes.flat().map(({ name }) => name ?? '');
}

test.skipIf(mongoUri === undefined)('DR-12 a rehearsal leaves no database behind', async () => {
  const [, mongo] = storeKinds;
  await using place = await mongo?.start();
  await using archives = await folder();
  const environment = { ...place?.environment, BACKUP_DESTINATION: archives.path };
  await fillStore(environment);
  await ask('create', environment);
  await ask('verify', environment);
  await using client = new MongoClient(mongoUri ?? '');
  const { databases } = await client.db().admin().listDatabases();
  expect(databases.filter(({ name }) => name.includes('rehearsal'))).toEqual([]);
});

describe('an archive of the embedded store', () => {
  test('DR-02 is of one moment while somebody writes', async () => {
    await using place = await folder();
    const environment = { DATA_DIR: place.path, BACKUP_DESTINATION: join(place.path, 'archives') };
    await fillStore(environment);
    await using store = await openStore(readOrganizationSettings(environment));
    let isOver = false;
    const writing = (async () => {
      for (let index = 0; !isOver; index++) {
        await store.addOrganization(organizationOf({ id: `busy-${index}` }));
        await pause(1);
      }
    })();
    await ask('create', environment).finally(() => {
      isOver = true;
    });
    await writing;
    const { organizations } = await ask('verify', environment);
    expect(organizations).toBeGreaterThan(5);
  });

  test('says what is wrong with it, its key and its place, with exit code 1', async () => {
    await using place = await folder();
    const environment = { DATA_DIR: place.path, BACKUP_DESTINATION: join(place.path, 'archives'), BACKUP_KEY: secret };
    await fillStore(environment);
    const { name } = await ask('create', environment);
    const wrong = await run('verify', { ...environment, BACKUP_KEY: 'not the key that made it, but as long' });
    expect([wrong.code, wrong.stderr]).toEqual([1, 'BACKUP_KEY: is not the key of this archive.\n']);
    const file = join(place.path, 'archives', String(name), 'embedded.sqlite.gz.enc');
    const bytes = await readFile(file);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const flipped = await run(`restore ${name} --yes --overwrite`, environment);
    expect([flipped.code, flipped.stderr]).toEqual([1, 'embedded.sqlite.gz.enc was changed: its checksum differs.\n']);
    expect(await stateOf(environment)).toMatchObject({ organizations: [{ id: 'acme-genomics' }, { id: 'helix-labs' }] });
    const nowhere = await run('create', { ...environment, BACKUP_DESTINATION: '/dev/null/archives' });
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      'BACKUP_DESTINATION: /dev/null/archives cannot be written to (ENOTDIR).\n',
    ]);
    const absent = await run('verify 2026-01-01_00-00-00_0000', environment);
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining('There is no archive 2026-01-01_00-00-00_0000')]);
    expect(await readdir(join(place.path, 'archives'))).toEqual([name]);
  });
});

test('DR-05 production keeps nothing that anybody can read, and no archive without a key holds a secret of the configuration', async () => {
  await using place = await folder();
  const archives = join(place.path, 'archives');
  const environment = {
    DATA_DIR: place.path,
    BACKUP_DESTINATION: archives,
    JWT_SECRET_KEY: 'planted canary of the configuration',
  };
  await fillStore(environment);
  const production = { ...environment, ENVIRONMENT: 'production', API_KEY_SALT: 'Zk3v9QpL7sXw2RtY8bNc5MdF1gHj4KaE' };
  const refused = await run('create', production);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('BACKUP_KEY: is not set')]);
  const open = await ask('create', environment);
  expect(
    await ask(`restore ${open['name']} --yes --only configuration --configuration ${place.path}/open`, environment),
  ).toMatchObject({
    toBeSet: ['JWT_SECRET_KEY'],
  });
  expect(await readFile(join(place.path, 'open', 'gateway.env'), 'utf8')).toMatch(
    /^DATA_DIR='.+'\n# JWT_SECRET_KEY is not in this archive\.\n$/m,
  );
  const sealed = await ask('create', { ...environment, BACKUP_KEY: secret });
  for (const file of await readdir(join(archives, String(sealed['name']))))
    expect(await readFile(join(archives, String(sealed['name']), file), 'latin1')).not.toContain('canary');
});

test('DR-01 a gateway starts with the configuration that an archive brings to an empty folder', async () => {
  await using place = await folder();
  const plans = join(place.path, 'our plans.json');
  await writeFile(plans, await readFile('kit/plans.json', 'utf8'));
  const environment = {
    DATA_DIR: place.path,
    BACKUP_DESTINATION: join(place.path, 'archives'),
    BACKUP_KEY: secret,
    GATEWAY_PORT: '0',
    PLANS_PATH: plans,
    JWT_SECRET_KEY: `a secret with ' and " in it, long enough`,
  };
  await fillStore(environment);
  const { name } = await ask('create', environment);
  const restored = join(place.path, 'restored');
  await ask(`restore ${name} --yes --only configuration --configuration ${restored}`, environment);
  const file = await readFile(join(restored, 'gateway.env'), 'utf8');
  expect(file).toContain(`PLANS_PATH='${restored}/PLANS_PATH/our_plans.json'`);
  expect(file).toContain(`JWT_SECRET_KEY=\`${environment.JWT_SECRET_KEY}\``);
  expect(await readFile(join(restored, 'built-in', 'supergraph.graphql'), 'utf8')).toContain('join__Graph');
  await using gateway = runProgram(`--env-file=${restored}/gateway.env`, ['gateway/main.ts']);
  expect(await gateway.printed('http://')).toContain('http://127.0.0.1');
  const again = await run(`restore ${name} --yes --only configuration --configuration ${restored}`, environment);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('EEXIST')]);
});

describe('a bucket', () => {
  test('DR-04 gets every file, gives them back, and nothing stays behind here', async () => {
    await using place = await folder();
    await using store = await startObjectStore();
    const environment = bucketOf(store, place.path);
    await fillStore(environment);
    store.fail(2);
    const { name, parts } = await ask('create', environment);
    const files = [...store.objects.keys()].filter((key) => key.startsWith(`backups/gateway/${name}/`));
    expect(files).toHaveLength(Number(parts) + 2);
    expect(await ask('verify', environment)).toMatchObject({ name, good: true });
    const before = await stateOf(environment);
    await wipe({ DATA_DIR: join(place.path, 'data') });
    await ask(`restore ${name} --yes`, environment);
    expect(await stateOf(environment)).toEqual(before);
    expect(await readdir(join(place.path, 'tmp'))).toEqual([]);
    expect(await ask('prune', environment)).toEqual({ removed: [], kept: [name] });
  });

  test('DR-04 that refuses or cannot be reached ends in exit code 1, without a word of the credentials', async () => {
    await using place = await folder();
    await using store = await startObjectStore();
    const environment = bucketOf(store, place.path);
    await fillStore(environment);
    const refused = await run('create', { ...environment, AWS_SECRET_ACCESS_KEY: 'wrong' });
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^The bucket refused PUT gateway\/.*: status 403 SignatureDoesNotMatch\n$/),
    ]);
    const away = await run('list', { ...environment, BACKUP_S3_ENDPOINT: 'http://127.0.0.1:9' });
    expect([away.code, away.stderr]).toEqual([1, 'BACKUP_S3_ENDPOINT: the bucket cannot be reached.\n']);
    expect([store.objects.size, await readdir(join(place.path, 'tmp'))]).toEqual([0, []]);
  });
});

type Bucket = Awaited<ReturnType<typeof startObjectStore>>;

function bucketOf({ url, accessKeyId, secretAccessKey }: Bucket, path: string) {
  mkdirSync(join(path, 'tmp'));
  return {
    DATA_DIR: join(path, 'data'),
    TMPDIR: join(path, 'tmp'),
    BACKUP_DESTINATION: 's3://backups/gateway',
    BACKUP_KEY: secret,
    BACKUP_S3_ENDPOINT: url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { failoverBucket } from '#gateway/rate-limit/failover-bucket.ts';
import { memoryBucket } from '#gateway/rate-limit/memory-bucket.ts';
import { limiterSettings, redisBucket } from '#gateway/rate-limit/redis-bucket.ts';
import { systemClock } from '#kit/clock.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { startCluster } from '#test/harness/redis-cluster.ts';
import { startSentinels } from '#test/harness/redis-sentinel.ts';
import { redisProgram } from '#test/harness/redis-server.ts';
import { serveBookshop } from '#test/harness/serving.ts';
import type { Branch } from './cache/library.ts';
import { startLibrary } from './cache/library.ts';
import { request } from './rate-limit/histories.ts';

/* A Redis whose primary dies, or whose slots move, in the middle of load: real servers, and no answer tells of it. */

type Topology = AsyncDisposable & {
  readonly url: string;
  /** What happens to the server that has the keys with this name in braces. */
  readonly strike: (tag: string) => Promise<void>;
};

const topologies: readonly (readonly [string, () => Promise<Topology>])[] = [
  [
    'Sentinel whose primary dies',
    async () => {
      const sentinels = await startSentinels();
      return { ...sentinels, strike: sentinels.primary.killed };
    },
  ],
  [
    'Cluster that loses a primary',
    async () => {
      const cluster = await startCluster();
      return { ...cluster, strike: async (tag) => (await cluster.primaryOf(tag)).killed() };
    },
  ],
  [
    'Cluster that moves a slot',
    async () => {
      const cluster = await startCluster();
      const strike = async (tag: string): Promise<void> => {
        const from = await cluster.primaryOf(tag);
        const [to = from] = cluster.primaries.filter((each) => each !== from);
        expect(await cluster.moveSlot(tag, to)).toBeGreaterThan(0);
      };
      return { ...cluster, strike };
    },
  ],
];

const slow = { timeout: 60_000, interval: 50 };

const queries = Array.from({ length: 8 }, (_, n) => [
  `{ books(first: ${n + 1}) { id title author { name } shelf { name } } notice { text } }`,
  `{ a: book(id: "${n}") { title author { name mood } } }`,
]).flat();

async function data({ gateway }: Branch, query: string): Promise<string> {
  const { status, body } = await gateway.query(query);
  return JSON.stringify({ status, data: body.data, errors: body.errors });
}

/** Runs again and again, one after another in each of some lines, until it is stopped. */
function untilStopped(lines: number, run: (line: number) => Promise<void>): () => Promise<void> {
  let isRunning = true;
  const all = Array.from({ length: lines }, async (_, line) => {
    while (isRunning) await run(line);
  });
  return async () => {
    isRunning = false;
    await Promise.all(all);
  };
}

describe.skipIf(redisProgram === '').each(topologies)('CA-07: behind a Redis %s', (_, start) => {
  test('the cache changes no answer, forgets no invalidation, and is used again', { timeout: 180_000 }, async () => {
    await using redis = await start();
    await using library = await startLibrary();
    const settings = { redisUrl: redis.url, store: { nearMs: 1 } };
    await using one = await library.open(settings);
    await using other = await library.open(settings);
    await using plain = await library.open({ uncached: true });
    const right = new Map(await Promise.all(queries.map(async (query) => [query, await data(plain, query)] as const)));
    const wrong: object[] = [];
    let asked = 0;
    const stopReading = untilStopped(4, async (line) => {
      asked += 1;
      const query = queries[asked % queries.length] ?? '';
      const found = await data(line % 2 === 0 ? one : other, query);
      if (found !== right.get(query)) wrong.push({ query, found });
    });
    const isOf = (branch: Branch, title: string): Promise<boolean> =>
      data(branch, '{ book(id: "written") { title } }').then((found) => found.includes(`"${title}"`));
    let written = 0;
    const stopWriting = untilStopped(1, async () => {
      const title = `Edition ${++written}`;
      await data(one, `mutation { rename(id: "written", title: "${title}") { id } }`);
      if (!(await isOf(one, title))) wrong.push({ title, at: 'the gateway that wrote it' });
      await pause(5);
    });
    /** What one gateway keeps the other one finds; nobody writes authors, so nothing else ends what is kept of one. */
    const isShared = async (): Promise<boolean> => {
      const id = crypto.randomUUID();
      const query = `{ author(id: "${id}") { name } }`;
      await data(one, query);
      await pause(20);
      await data(other, query);
      return library.asked.filter((name) => name === `author ${id}`).length === 1;
    };
    await expect.poll(isShared, slow).toBe(true);
    await redis.strike('pub');
    await expect.poll(isShared, slow).toBe(true);
    await expect.poll(isShared, slow).toBe(true);
    await expect.poll(() => written, slow).toBeGreaterThan(10);
    await stopWriting();
    await stopReading();
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(await isOf(one, `Edition ${written}`)).toBe(true);
    expect(await isOf(other, `Edition ${written}`)).toBe(true);
  });

  test('the limiter answers always, decides alone meanwhile, and keeps to one budget', { timeout: 180_000 }, async () => {
    await using redis = await start();
    const client = openRedis({ url: redis.url, settings: limiterSettings });
    await whenReady(client, 10_000);
    const told: boolean[] = [];
    const bucket = failoverBucket({
      shared: redisBucket(client),
      local: memoryBucket({ clock: systemClock }),
      replicas: 4,
      onDegraded: (degraded) => told.push(degraded),
    });
    const capacity = 20_000;
    const policies = [{ name: 'cost', capacity, perSecond: 0 }];
    let [admitted, asked] = [0, 0];
    const hold = async (): Promise<void> => {
      const wanted = request({ reservation: `r${asked++}`, points: 1, policies, meters: [], maxInFlight: 1_000 });
      const { kind } = await bucket.hold(wanted);
      if (kind !== 'admitted') return;
      admitted += 1;
      await bucket.capture(wanted, 1);
    };
    const stop = untilStopped(4, async () => {
      await hold();
      await pause(5);
    });
    await expect.poll(() => admitted, slow).toBeGreaterThan(100);
    await redis.strike('acme');
    const sofar = asked;
    await expect.poll(() => asked > sofar + 100 && !bucket.degraded(), slow).toBe(true);
    await stop();
    await expect.poll(() => hold().then(bucket.degraded), slow).toBe(false);
    // Each loss is told once, and so is each return.
    expect(told.filter(Boolean).length).toBe(told.filter((each) => !each).length);
    // The rest of the shared budget: what was spent before the failover counts on, but for what had not reached the replica.
    const { available } = await redisBucket(client).charge(
      request({ reservation: 'last', points: 0, policies, meters: [], maxInFlight: 1_000 }),
    );
    expect(capacity - (available[0] ?? 0)).toBeLessThanOrEqual(admitted);
    expect(capacity - (available[0] ?? 0)).toBeGreaterThan(50);
    await closeRedis(client);
  });

  test('a gateway process fails no request', { timeout: 180_000 }, async () => {
    await using redis = await start();
    await using bookshop = await serveBookshop();
    const gateway = await bookshop.start({
      REDIS_URL: redis.url,
      CACHE_ENABLED: 'true',
      USAGE_STREAM: 'usage',
      ABUSE_REQUESTS: '0',
    });
    const failed: string[] = [];
    let answered = 0;
    const ask = async (): Promise<void> => {
      const text = await gateway.ask().then((answer) => answer.text(), String);
      if (text.includes('"Book 1"') && !text.includes('errors')) answered += 1;
      else failed.push(text);
    };
    const stop = untilStopped(2, async () => {
      await ask();
      await pause(20);
    });
    const isDegraded = async (): Promise<boolean> => {
      await ask();
      return /^gateway_rate_limit_degraded 1/m.test(await (await fetch(`${gateway.url}/metrics`)).text());
    };
    await expect.poll(() => answered, slow).toBeGreaterThan(20);
    await redis.strike(encodeURIComponent('address 127.0.0.1'));
    const sofar = answered;
    await expect.poll(() => answered, slow).toBeGreaterThan(sofar + 20);
    await stop();
    await expect.poll(isDegraded, slow).toBe(false);
    expect(failed.slice(0, 3)).toEqual([]);
    gateway.kill('SIGTERM');
    expect((await gateway.ended).code).toBe(0);
  });
});

test.skipIf(redisProgram === '')(
  'CA-07: an invalidation that died with a primary is made again',
  { timeout: 180_000 },
  async () => {
    await using redis = await startSentinels();
    await using library = await startLibrary();
    await using one = await library.open({ redisUrl: redis.url, store: { nearMs: 1 } });
    await using other = await library.open({ redisUrl: redis.url, store: { nearMs: 1 } });
    const read = (branch: Branch): Promise<string> => data(branch, '{ book(id: "1") { title } }');
    const isKept = async (): Promise<boolean> => {
      await read(one);
      library.asked.length = 0;
      return (await read(other)).includes('"Book 1"') && library.asked.length === 0;
    };
    await expect.poll(isKept, slow).toBe(true);
    await redis.primary.client.wait(1, 5_000);
    // From here on the replica learns nothing more.
    await redis.replica.client.config('SET', 'masterauth', 'wrong');
    await redis.primary.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await expect.poll(() => redis.primary.client.info('replication'), slow).toContain('connected_slaves:0');
    await data(one, 'mutation { rename(id: "1", title: "Second Edition") { id } }');
    await redis.primary.killed();
    await expect.poll(() => redis.replica.client.info('replication'), slow).toContain('role:master');
    await expect.poll(() => one.cache.isConnected() && other.cache.isConnected(), slow).toBe(true);
    for (let times = 0; times < 20; times++) {
      expect(await read(one)).toContain('"Second Edition"');
      await pause(50);
      expect(await read(other)).toContain('"Second Edition"');
    }
  },
);

import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { partner } from '#test/harness/callers.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { onPath, start } from '#test/harness/find-store.ts';
import type { Branch } from './library.ts';
import { startLibrary } from './library.ts';

const program = onPath('redis-server') ?? '';
const needsServer = test.skipIf(program === '');
let redisUrl = '';
let redis: Redis;
let stop = async (): Promise<void> => undefined;

// One of its own: it is paused, flushed and watched.
beforeAll(async () => {
  if (program === '') return;
  const answers = async (url: string): Promise<boolean> => {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => undefined);
    const isUp = await client.connect().then(
      () => true,
      () => false,
    );
    client.disconnect();
    return isUp;
  };
  const args = (port: number) => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = await start({ program, args, url: (port) => `redis://127.0.0.1:${port}`, answers });
  redisUrl = server.url ?? '';
  stop = server.stop;
  redis = new Redis(redisUrl);
});
beforeEach(async () => {
  if (program !== '') await redis.flushall();
});
afterAll(async () => {
  redis?.disconnect();
  await stop();
});

const names = '{ books(first: 50) { author { name } } }';
const titleOf = async ({ gateway }: Branch, id = '1'): Promise<unknown> =>
  (await gateway.query(`{ book(id: "${id}") { title } }`)).body.data?.['book'];
const kept = (): Promise<string[]> => redis.keys('c:*');
/** No copies in the process, so that Redis is asked each time. */
const noCopies = { nearMs: 1 };

needsServer('CA-06: what one gateway kept another one serves', async () => {
  await using library = await startLibrary();
  await using one = await library.open({ redisUrl });
  await using other = await library.open({ redisUrl });
  await one.gateway.query(names);
  await expect.poll(async () => (await kept()).length).toBe(51);
  library.asked.length = 0;
  const { body } = await other.gateway.query(names);
  expect(body.data?.['books']).toHaveLength(50);
  expect(library.asked).toEqual([]);
});

needsServer('fifty entities and their stamps cost one MGET', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl, store: noCopies });
  await branch.gateway.query(names);
  await expect.poll(async () => (await kept()).length).toBe(51);
  await pause(50);
  const monitor = await redis.monitor();
  const seen: string[] = [];
  monitor.on('monitor', (_: string, [command = '']: string[]) => seen.push(command.toLowerCase()));
  await branch.gateway.query(names);
  await redis.ping();
  await expect.poll(() => seen).toContain('ping');
  monitor.disconnect();
  // One for the list of books, one for their authors.
  expect(seen.filter((command) => command !== 'ping')).toEqual(['mget', 'mget']);
});

needsServer.each([
  ['CA-10: 50', 1, 50],
  ['E5: 500', 2, 500],
])('%s misses at once of two gateways are %i calls at most', async (_, calls, misses) => {
  await using library = await startLibrary();
  await using one = await library.open({ redisUrl });
  await using other = await library.open({ redisUrl });
  library.delayMs = 100;
  const titles = await Promise.all(Array.from({ length: misses }, (__, index) => titleOf(index % 2 === 0 ? one : other)));
  expect(new Set(titles.map((title) => JSON.stringify(title)))).toEqual(new Set(['{"title":"Book 1"}']));
  expect(library.asked.length).toBeLessThanOrEqual(calls);
});

needsServer('E6: a fetch whose holder is dead is made within half a second or so, and the lock is gone after two', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl });
  await titleOf(branch);
  await expect.poll(async () => (await kept()).length).toBe(1);
  const [key = ''] = await kept();
  const [, namespace, digest] = /^c:(\{\w+\}).*:([\w-]+)$/.exec(key) ?? [];
  await using other = await library.open({ redisUrl });
  await redis.del(key);
  await redis.set(`l:${namespace}:${digest}`, 'dead', 'PX', 2_000);
  const startedAt = performance.now();
  expect(await titleOf(other)).toEqual({ title: 'Book 1' });
  expect(performance.now() - startedAt).toBeGreaterThan(300);
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  expect(library.asked).toHaveLength(2);
  // The lock of another one is not ours to open.
  expect(await redis.get(`l:${namespace}:${digest}`)).toBe('dead');
});

const spoiled: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['is cut', (bytes) => bytes.subarray(0, 20)],
  ['is empty', () => Buffer.alloc(0)],
  ['has another codec', (bytes) => Buffer.concat([Buffer.of(7), bytes.subarray(1)])],
  ['has a turned bit', (bytes) => Buffer.concat([bytes.subarray(0, -3), Buffer.from('x"}')])],
  ['is text', () => Buffer.from('{"title":"Forged"}')],
];

needsServer.each(spoiled)('E11: an entry that %s is a miss, deleted and counted', async (_, spoil) => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl, store: noCopies });
  await titleOf(branch);
  await expect.poll(async () => (await kept()).length).toBe(1);
  const [key = ''] = await kept();
  await redis.set(key, spoil((await redis.getBuffer(key)) ?? Buffer.alloc(0)));
  const spoiledBytes = await redis.getBuffer(key);
  await pause(5);
  expect(await titleOf(branch)).toEqual({ title: 'Book 1' });
  expect(branch.faults).toEqual(['corrupt']);
  expect(library.asked).toHaveLength(2);
  await expect.poll(async () => spoiledBytes?.equals((await redis.getBuffer(key)) ?? Buffer.alloc(0))).toBe(false);
});

needsServer("E17: an organization's entry under the key of another one is a miss with an alarm", async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl, store: noCopies });
  branch.caller = partner('acme-genomics', []);
  await titleOf(branch);
  await expect.poll(async () => (await kept()).length).toBe(1);
  const [theirs = ''] = await kept();
  library.titles.set('1', 'Of helix');
  branch.caller = partner('helix-labs', []);
  await titleOf(branch);
  await expect.poll(async () => (await kept()).length).toBe(2);
  const own = (await kept()).find((key) => key !== theirs) ?? '';
  await redis.set(own, (await redis.getBuffer(theirs)) ?? '');
  await pause(5);
  expect(await titleOf(branch)).toEqual({ title: 'Of helix' });
  expect(branch.faults).toEqual(['mismatch']);
});

needsServer('E15: everything evicted between reads changes no answer', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl, store: noCopies });
  for (let rounds = 0; rounds < 5; rounds++) {
    const reads = await Promise.all(
      Array.from({ length: 20 }, () => branch.gateway.query('{ books(first: 3) { author { name } } }')),
    );
    expect(new Set(reads.map(({ body }) => JSON.stringify(body.data))).size).toBe(1);
    await redis.flushall();
  }
  expect(library.asked.filter((asked) => asked === 'books 3').length).toBeLessThanOrEqual(10);
});

needsServer('E15: a flush after a write does not bring back what was kept before', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl, store: noCopies });
  await titleOf(branch);
  await expect.poll(async () => (await kept()).length).toBe(1);
  await branch.gateway.query('mutation { rename(id: "1", title: "New") { id } }');
  // Of all keys the stamps alone are evicted.
  await redis.del(await redis.keys('t:*'));
  await pause(5);
  expect(await titleOf(branch)).toEqual({ title: 'New' });
});

needsServer('E19: a type with 100,000 kept entities is invalidated without Redis being held up', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl });
  await redis.eval("for i = 1, 100000 do redis.call('set', 'c:{pub}:1:books:Book:' .. i, 'x') end", 0);
  await redis.config('SET', 'slowlog-log-slower-than', '5000');
  await redis.slowlog('RESET');
  await branch.cache.invalidate({ kind: 'type', type: 'Book' });
  expect(await redis.slowlog('LEN')).toBe(0);
});

needsServer('E21: expiry goes by the clock of Redis, not by that of a gateway', async () => {
  await using library = await startLibrary();
  await using one = await library.open({ redisUrl, clock: { now: () => Date.now() + 3_600_000 } });
  await using other = await library.open({ redisUrl, clock: { now: () => Date.now() - 3_600_000 } });
  await titleOf(one);
  await expect.poll(async () => (await kept()).length).toBe(1);
  await titleOf(other);
  expect([...one.statuses, ...other.statuses]).toEqual(['books miss', 'books hit']);
  const [key = ''] = await kept();
  expect(await redis.pttl(key)).toBeGreaterThan(600_000);
  expect(await redis.pttl(key)).toBeLessThanOrEqual(660_000);
});

needsServer('CA-08: a gateway has two connections to Redis, whatever the load', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl });
  const before = await clients();
  await Promise.all(Array.from({ length: 100 }, (_, index) => titleOf(branch, String(index))));
  expect(await clients()).toBe(before);
  expect(before).toBeLessThanOrEqual(3);
});

const clients = async (): Promise<number> =>
  String(await redis.client('LIST'))
    .trim()
    .split('\n').length;

needsServer('no command searches the keys of Redis', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl });
  await redis.config('RESETSTAT');
  await branch.gateway.query(names);
  await branch.gateway.query('mutation { rename(id: "1", title: "New") { id } }');
  await branch.cache.invalidate({ kind: 'organization', organization: 'lab' });
  expect(await redis.info('commandstats')).not.toMatch(/cmdstat_(keys|scan|smembers|zrange)/);
});

const troubles = [
  ['refuses connections', { kind: 'refuse' }],
  ['resets connections', { kind: 'reset' }],
  ['takes bytes and says nothing', { kind: 'blackHole' }],
  ['is slow', { kind: 'latency', ms: 300 }],
  ['cuts answers short', { kind: 'cutAfter', bytes: 500 }],
] as const;

needsServer.each(troubles)(
  'CA-11: while Redis %s, answers are those without a cache, and it is used again afterwards',
  async (_, mode) => {
    await using library = await startLibrary();
    await using proxy = await startFaultProxy({ port: Number(new URL(redisUrl).port) });
    const timeouts = { readTimeoutMs: 30, writeTimeoutMs: 100 };
    await using branch = await library.open({ redisUrl: proxy.url('redis'), store: timeouts });
    await using plain = await library.open({ uncached: true });
    const query = '{ books(first: 5) { id title author { name } } }';
    await branch.gateway.query(query);
    proxy.set(mode);
    // Connections that are there already would go on.
    if (mode.kind === 'refuse') await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    for (let reads = 0; reads < 10; reads++) {
      library.titles.set('1', `Edition ${reads}`);
      await branch.gateway.query(`mutation { rename(id: "1", title: "Edition ${reads}") { id } }`);
      const [cached, uncached] = await Promise.all([branch.gateway.query(query), plain.gateway.query(query)]);
      expect(cached.body.data).toEqual(uncached.body.data);
      expect(cached.body.errors).toBeUndefined();
    }
    // Repeats hit the copies in memory.
    library.asked.length = 0;
    await branch.gateway.query(query);
    expect(library.asked).toEqual([]);
    expect(branch.faults).toContain('unavailable');
    // A connection that lost bytes, which TCP never does, gives the answers of other questions.
    proxy.set({ kind: 'reset' });
    proxy.set({ kind: 'pass' });
    await redis.flushall();
    await expect
      .poll(
        async () => {
          await branch.gateway.query(`{ book(id: "${crypto.randomUUID()}") { title } }`);
          return (await kept()).length;
        },
        { timeout: 10_000, interval: 100 },
      )
      .toBeGreaterThan(0);
  },
);

needsServer('E9: a write while Redis is away is made up for before anything is read from it again', async () => {
  await using library = await startLibrary();
  await using proxy = await startFaultProxy({ port: Number(new URL(redisUrl).port) });
  await using branch = await library.open({ redisUrl: proxy.url('redis'), store: { ...noCopies, readTimeoutMs: 30 } });
  await titleOf(branch);
  await expect.poll(async () => (await kept()).length).toBe(1);
  proxy.set({ kind: 'reset' });
  await branch.gateway.query('mutation { rename(id: "1", title: "New") { id } }');
  proxy.set({ kind: 'pass' });
  const until = performance.now() + 3_000;
  while (performance.now() < until) {
    expect(await titleOf(branch)).toEqual({ title: 'New' });
    await pause(20);
  }
});

needsServer('a gateway starts without its Redis, and a paused Redis costs a read 30 ms at most a few times', async () => {
  await using library = await startLibrary();
  await using away = await library.open({ redisUrl: 'redis://127.0.0.1:1' });
  expect(await titleOf(away)).toEqual({ title: 'Book 1' });
  await using branch = await library.open({ redisUrl, store: { ...noCopies, readTimeoutMs: 30, writeTimeoutMs: 100 } });
  await titleOf(branch);
  await redis.client('PAUSE', 2_000);
  const startedAt = performance.now();
  for (let reads = 0; reads < 40; reads++) await titleOf(branch, String(reads));
  // Five reads wait for 30 ms each, then nobody waits but one probe in half a second.
  expect(performance.now() - startedAt).toBeLessThan(1_800);
  await redis.ping();
});

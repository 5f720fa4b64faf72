import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import type { Flag } from '#gateway/http/abuse.ts';
import { abuse } from '#gateway/http/abuse.ts';
import { memoryBlocks } from '#gateway/http/blocks.ts';
import { sharedBlocks } from '#gateway/http/shared-blocks.ts';
import { blockStore, blockStoreSettings } from '#kit/block-store.ts';
import type { Block } from '#kit/blocks.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { bearer, key, testIdentity } from '#test/harness/identity.ts';

const hour = 3_600_000;
const settings = { maxRequests: 500, windowMs: 300_000, silenceMs: hour, maxFlags: 3, blockMs: 24 * hour };

const watch = (changes: Partial<typeof settings> & { maxAddresses?: number } = {}) => {
  const clock = handClock();
  const blocks = memoryBlocks({ clock });
  const flags: Flag[] = [];
  const { maxAddresses, ...changed } = changes;
  const watched = abuse({
    settings: { ...settings, ...changed },
    blocks,
    clock,
    onFlag: (flag) => flags.push(flag),
    onFailure: (error) => expect.fail(String(error)),
    ...(maxAddresses !== undefined && { maxAddresses }),
  });
  const send = (times: number, address = '203.0.113.9'): void => {
    for (let n = 0; n < times; n++) watched.count(address);
  };
  return { clock, blocks, flags, watched, send };
};

describe('an address that only guesses and floods', () => {
  test('RL-15 is not heard for an hour after the request beyond 500 within 5 minutes', () => {
    const { clock, flags, watched, send } = watch();
    send(500);
    expect([flags.length, watched.secondsToWait('203.0.113.9')]).toEqual([0, 0]);
    send(1);
    expect(flags).toEqual([{ address: '203.0.113.9', flags: 1, blocked: false, until: new Date(clock.now() + hour) }]);
    expect([watched.secondsToWait('203.0.113.9'), watched.secondsToWait('203.0.113.10')]).toEqual([3_600, 0]);
    clock.advance(hour - 1);
    expect(watched.secondsToWait('203.0.113.9')).toBe(1);
    clock.advance(1);
    expect(watched.secondsToWait('203.0.113.9')).toBe(0);
  });

  test('is counted over any 5 minutes, not from one full window to the next', () => {
    const { clock, flags, send } = watch();
    clock.advance(299_000);
    send(500);
    clock.advance(2_000);
    send(10);
    expect(flags).toHaveLength(1);
  });

  test('is nobody who sends as much in a longer time', () => {
    const { clock, flags, send } = watch();
    for (let minute = 0; minute < 120; minute++) {
      send(80);
      clock.advance(60_000);
    }
    expect(flags).toEqual([]);
  });

  test('RL-16 is shut out at the third flag of a day, for a day, and starts anew then', async () => {
    const { clock, blocks, flags, send } = watch();
    send(501 * 2);
    expect(await blocks.list()).toEqual([]);
    clock.advance(2 * hour);
    send(501);
    expect(flags.map(({ flags, blocked }) => [flags, blocked])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(await blocks.list()).toEqual([
      { address: '203.0.113.9', reason: 'flagged 3 times within a day', until: clock.now() + 24 * hour },
    ]);
    clock.advance(24 * hour);
    expect(blocks.find('203.0.113.9')).toBeUndefined();
    send(501);
    expect(flags.at(-1)).toMatchObject({ flags: 1, blocked: false });
  });

  test('is forgiven flags of the day before', async () => {
    const { clock, blocks, send } = watch();
    send(501 * 2);
    clock.advance(24 * hour);
    send(501);
    expect(await blocks.list()).toEqual([]);
  });

  test('makes room for others beyond the bound of what is remembered', () => {
    const { watched, send } = watch({ maxAddresses: 10 });
    send(501, '198.51.100.1');
    for (let n = 0; n < 10; n++) send(1, `203.0.113.${n}`);
    expect(watched.secondsToWait('198.51.100.1')).toBe(0);
  });
});

describe('a gateway', () => {
  let books: ForeignSubgraph;
  beforeAll(async () => {
    books = await startForeign(bookshop.books);
  });
  afterAll(() => books[Symbol.asyncDispose]());

  const start = async (env: Record<string, string> = {}) => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) });
    const { identify, ...identity } = await testIdentity();
    const gateway = await testGateway({
      sdl: composeForeign([books]),
      env: { TRUSTED_PROXIES: 'loopback', ABUSE_REQUESTS: '5', ABUSE_FLAGS: '2', ...env },
      identify,
      logger,
    });
    onTestFinished(async () => {
      await gateway[Symbol.asyncDispose]();
      await identity[Symbol.asyncDispose]();
    });
    const ask = (address: string, headers: Record<string, string> = {}) =>
      gateway.query('{ book(id: "1") { title } }', {}, { 'x-forwarded-for': address, ...headers });
    return { gateway, ask, lines };
  };

  const statuses = async (times: number, ask: () => Promise<{ status: number }>): Promise<readonly number[]> => {
    const seen: number[] = [];
    for (let n = 0; n < times; n++) seen.push((await ask()).status);
    // The count comes after the answer.
    await pause(20);
    return seen;
  };

  const good = { 'x-api-key': key('A') };

  test('RL-15 answers a flagged address 429 whatever it brings, with 3600 s to wait and a line in the security log', async () => {
    const { gateway, ask, lines } = await start();
    expect(await statuses(6, () => ask('203.0.113.9', bearer('guess')))).toEqual([401, 401, 401, 401, 401, 401]);
    for (const headers of [bearer('guess'), {}, good]) {
      const { status, headers: answered, body } = await ask('203.0.113.9', headers);
      expect([status, answered.get('retry-after'), answered.get('connection')]).toEqual([429, '3600', 'close']);
      expect(body.errors?.[0]?.extensions).toEqual({
        code: 'RATE_LIMITED',
        retryAfter: 3_600,
        requestId: answered.get('x-request-id'),
      });
    }
    expect(lines).toEqual([
      expect.objectContaining({ stream: 'security', msg: 'suspicious address', address: '203.0.113.9', flags: 1 }),
    ]);
    expect((await ask('203.0.113.10', good)).status).toBe(200);
    for (const path of ['/live', '/ready'])
      expect((await gateway.send({ path, headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(200);
  });

  test('RL-16 shuts out who goes on while it is not heard, and counts no further', async () => {
    const { ask, lines } = await start();
    await statuses(6, () => ask('203.0.113.9'));
    expect(await statuses(6, () => ask('203.0.113.9'))).toEqual([429, 429, 429, 429, 429, 429]);
    expect(await statuses(20, () => ask('203.0.113.9', good))).toEqual(Array(20).fill(403));
    expect(lines.map(({ flags, blocked }) => [flags, blocked])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  test('counts neither good credentials nor probes nor preflights of browsers', async () => {
    const { gateway, ask, lines } = await start({ CORS_ORIGINS: 'https://app.example.org' });
    await statuses(20, () => ask('203.0.113.9', good));
    await statuses(20, () => gateway.query('{ nothing }', {}, { 'x-forwarded-for': '203.0.113.9', ...good }));
    await statuses(20, () => gateway.send({ path: '/live', headers: { 'x-forwarded-for': '203.0.113.9' } }));
    const preflight = {
      'x-forwarded-for': '203.0.113.9',
      origin: 'https://app.example.org',
      'access-control-request-method': 'POST',
    };
    expect(await statuses(20, () => gateway.send({ method: 'OPTIONS', headers: preflight }))).toEqual(Array(20).fill(204));
    expect(lines).toEqual([]);
  });

  test('counts what a known caller sends too broken to be charged for', async () => {
    const { gateway, lines } = await start();
    const headers = { 'x-forwarded-for': '203.0.113.9', 'content-type': 'application/json', ...good };
    expect(await statuses(6, () => gateway.send({ method: 'POST', headers, body: '{' }))).toEqual(Array(6).fill(400));
    expect(lines).toHaveLength(1);
  });

  test('counts no failure of its own', async () => {
    const running = await testIdentity({
      partnerOf: async () => {
        throw new Error('the store is away');
      },
    });
    await using gateway: GatewayUnderTest = await testGateway({
      sdl: composeForeign([books]),
      env: { ABUSE_REQUESTS: '5' },
      identify: running.identify,
    });
    const seen = await statuses(20, () => gateway.query('{ __typename }', {}, good));
    expect(new Set(seen)).toEqual(new Set([500]));
    await running[Symbol.asyncDispose]();
  });

  test('watches nobody where nothing is limited, or told so', async () => {
    for (const env of [{ RATE_LIMIT_ENABLED: 'false' }, { ABUSE_REQUESTS: '0' }]) {
      const { ask } = await start(env);
      expect(await statuses(20, () => ask('203.0.113.9'))).toEqual(Array(20).fill(401));
    }
    expect(() => readConfig({ ABUSE_REQUESTS: 'many' })).toThrow('ABUSE_REQUESTS');
  });
});

const redisUrl = inject('redisUrl');

describe.skipIf(redisUrl === undefined)('blocks in Redis', () => {
  const clock = handClock();
  let number = 0;

  /** A replica: its own connection, the same blocks. */
  const replica = async (name: string, url = redisUrl ?? '') => {
    const redis = new Redis(url, { ...blockStoreSettings, retryStrategy: () => 20 }).on('error', () => undefined);
    await new Promise((resolve) => redis.once('ready', resolve));
    const store = blockStore(redis, { clock, key: name, max: 100 });
    const reachable: boolean[] = [];
    const blocks = await sharedBlocks({ store, clock, everyMs: 20, onReachable: (now) => reachable.push(now) });
    onTestFinished(async () => {
      await blocks[Symbol.asyncDispose]();
      await redis.del(name).catch(() => undefined);
      redis.disconnect();
    });
    return { blocks, store, redis, reachable };
  };
  const fresh = (): string => `test:blocks:${process.pid}:${number++}`;
  const block = (address: string, lasts = 60_000): Block => ({
    address,
    reason: 'guesses keys: all of them',
    until: clock.now() + lasts,
  });
  const found = (one: Awaited<ReturnType<typeof replica>>, address: string) =>
    expect.poll(() => one.blocks.find(address)?.reason, { timeout: 2_000, interval: 10 });

  test('reach every replica, also one that starts later, and are lifted everywhere', async () => {
    const name = fresh();
    const [one, other] = [await replica(name), await replica(name)];
    await one.blocks.block(block('::ffff:203.0.113.9'));
    expect(one.blocks.find('203.0.113.9')).toBeDefined();
    await found(other, '203.0.113.9').toBe('guesses keys: all of them');
    const third = await replica(name);
    expect(third.blocks.find('203.0.113.9')).toEqual(block('203.0.113.9'));
    expect(await third.blocks.list()).toEqual([block('203.0.113.9')]);
    expect([await other.blocks.lift('203.0.113.9'), await other.blocks.lift('203.0.113.9')]).toEqual([true, false]);
    expect(other.blocks.find('203.0.113.9')).toBeUndefined();
    await found(one, '203.0.113.9').toBeUndefined();
    await expect(one.blocks.block(block('somebody'))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('end by themselves, and leave Redis with the next one', async () => {
    const name = fresh();
    const { blocks, redis } = await replica(name);
    await blocks.block(block('203.0.113.9', 1_000));
    clock.advance(1_000);
    expect([blocks.find('203.0.113.9'), await blocks.list()]).toEqual([undefined, []]);
    await blocks.block(block('203.0.113.10'));
    expect((await redis.hkeys(name)).sort()).toEqual(['203.0.113.10', 'version']);
  });

  test('stay within their bound; those that end last stay', async () => {
    const name = fresh();
    const { store } = await replica(name);
    await store.write(block('203.0.113.9', 1_000_000));
    for (let host = 0; host < 300; host++) await store.write(block(`10.0.${host >> 8}.${host & 255}`, 1_000 + host));
    const addresses = (await store.read()).map(({ address }) => address);
    expect(addresses.length).toBeLessThanOrEqual(100);
    expect(addresses).toEqual(expect.arrayContaining(['203.0.113.9', '10.0.1.43']));
  });

  test('go on while Redis is away; what is blocked meanwhile holds in this process', async () => {
    const name = fresh();
    const proxy = await startFaultProxy({ port: Number(new URL(redisUrl ?? '').port) });
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const { blocks, reachable } = await replica(name, `redis://127.0.0.1:${proxy.port}`);
    await blocks.block(block('203.0.113.9'));
    proxy.set({ kind: 'reset' });
    await expect.poll(() => reachable, { timeout: 2_000 }).toEqual([false]);
    await expect(blocks.block(block('203.0.113.10'))).rejects.toThrow();
    expect([blocks.find('203.0.113.9'), blocks.find('203.0.113.10')]).not.toContain(undefined);
    proxy.set({ kind: 'pass' });
    await expect.poll(() => reachable, { timeout: 5_000 }).toEqual([false, true]);
    expect(blocks.find('203.0.113.10')).toBeDefined();
  });
});

import { Redis } from 'ioredis';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { ledgers } from '#gateway/rate-limit/ledgers.ts';
import type { Entry } from '#gateway/rate-limit/limiter.ts';
import { openUsageStream } from '#gateway/rate-limit/open-usage-stream.ts';
import { streamLedger } from '#gateway/rate-limit/stream-ledger.ts';
import { openSpending } from '#gateway/spending.ts';
import { createLogger } from '#ops/logger.ts';
import { partner } from '#test/harness/callers.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { handClock } from '#test/harness/hand-clock.ts';

const redisUrl = inject('redisUrl');
const clock = handClock();
const entry = (reservation: string, points = 1.5): Entry => ({ organization: 'acme', keyId: 'key_1', reservation, points });

test('the stream is off unless named, and names the Redis it needs', () => {
  expect(readConfig({}).usageStream).toBeUndefined();
  expect(readConfig({ USAGE_STREAM: 'usage', REDIS_URL: 'redis://redis' }).usageStream).toMatchObject({ stream: 'usage' });
  expect(() => readConfig({ USAGE_STREAM: 'usage' })).toThrow('REDIS_URL');
});

test('several ledgers hear the same', () => {
  const heard: string[] = [];
  const ledger = (name: string) => ({
    held: ({ reservation }: Entry) => heard.push(`${name} held ${reservation}`),
    captured: ({ reservation }: Entry) => heard.push(`${name} captured ${reservation}`),
    expired: ({ reservation }: Entry) => heard.push(`${name} expired ${reservation}`),
  });
  const both = ledgers([ledger('one'), ledger('other')]);
  both.held(entry('r'));
  both.captured(entry('r'));
  both.expired(entry('s'));
  expect(heard).toEqual(['one held r', 'other held r', 'one captured r', 'other captured r', 'one expired s', 'other expired s']);
});

describe.skipIf(redisUrl === undefined)('the usage stream', () => {
  let number = 0;
  const start = async () => {
    const redis = new Redis(redisUrl ?? '');
    const stream = `test:usage:${process.pid}:${number++}`;
    onTestFinished(async () => {
      await redis.del(stream);
      redis.disconnect();
    });
    const read = async () => {
      const entries = await redis.xrange(stream, '-', '+');
      return entries.map(([, words]) =>
        Object.fromEntries(words.flatMap((name, index) => (index % 2 === 0 ? [[name, words[index + 1]]] : []))),
      );
    };
    return { redis, stream, read };
  };
  const lost: number[] = [];
  const onLost = (entries: number): void => void lost.push(entries);

  test('is told of holds, captures and expiries in their order, behind the requests', async () => {
    const { stream, read } = await start();
    {
      await using ledger = await openUsageStream({ url: redisUrl ?? '', caFile: undefined, stream, clock, onLost });
      ledger.held(entry('r', 10));
      ledger.captured(entry('r', 2.25));
      ledger.expired(entry('s', 7));
      expect(await read()).toEqual([]);
    }
    const told = (kind: string, reservation: string, points: string) => ({
      kind,
      organization: 'acme',
      key: 'key_1',
      reservation,
      points,
      at: String(clock.now()),
    });
    expect(await read()).toEqual([told('held', 'r', '10'), told('captured', 'r', '2.25'), told('expired', 's', '7')]);
    expect(lost).toEqual([]);
  });

  test('stays about as long as allowed', async () => {
    const { redis, stream } = await start();
    {
      await using ledger = streamLedger({ redis, stream, clock, onLost, maxLength: 500 });
      for (let n = 0; n < 3_000; n++) ledger.held(entry(`r${n}`));
    }
    expect(await redis.xlen(stream)).toBeLessThan(800);
  });

  test('loses and counts what comes while Redis is away or too fast, and goes on afterwards', async () => {
    const { stream, read } = await start();
    const counted: number[] = [];
    const proxy = await startFaultProxy({ port: Number(new URL(redisUrl ?? '').port) });
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const redis = new Redis(proxy.port, { maxRetriesPerRequest: 0, enableOfflineQueue: false, retryStrategy: () => 20 });
    redis.on('error', () => undefined);
    onTestFinished(() => redis.disconnect());
    await new Promise((resolve) => redis.once('ready', resolve));
    await using ledger = streamLedger({
      redis,
      stream,
      clock,
      everyMs: 20,
      maxWaiting: 3,
      onLost: (entries) => void counted.push(entries),
    });
    const total = () => counted.reduce((sum, entries) => sum + entries, 0);
    for (let n = 0; n < 5; n++) ledger.held(entry(`fast${n}`));
    await expect.poll(total).toBe(2);
    await expect.poll(async () => (await read()).length).toBe(3);
    proxy.set({ kind: 'reset' });
    await expect.poll(() => redis.status).not.toBe('ready');
    ledger.held(entry('away'));
    await expect.poll(total).toBe(3);
    proxy.set({ kind: 'pass' });
    await expect.poll(() => redis.status, { timeout: 5_000 }).toBe('ready');
    ledger.held(entry('back'));
    await expect.poll(async () => (await read()).at(-1)?.reservation, { timeout: 5_000 }).toBe('back');
  });

  test('is told by a gateway that is configured so, when it holds and captures', async () => {
    const { stream, read } = await start();
    const used: unknown[] = [];
    const config = readConfig({ USAGE_STREAM: stream, REDIS_URL: redisUrl ?? '', RATE_LIMIT_STORAGE: 'memory' });
    const organizations = {
      keyring: { organizationOf: () => undefined },
      usage: { add: (row: object) => void used.push(row), lost: () => 0 },
    } as unknown as Parameters<typeof openSpending>[1]['organizations'];
    {
      await using limits = await openSpending(config, { organizations, logger: createLogger({ level: 'silent' }) });
      const caller = partner('acme-genomics', []);
      const account = limits?.accountOf(caller, '203.0.113.9');
      if (account === undefined) throw new Error('There are no limits.');
      const held = await limits?.limiter.hold({ caller, account, points: 10, uses: [] });
      await held?.capture(4);
    }
    expect(await read()).toMatchObject([
      { kind: 'held', points: '10', organization: 'acme-genomics', key: 'key-of-acme-genomics' },
      { kind: 'captured', points: '4', organization: 'acme-genomics', key: 'key-of-acme-genomics' },
    ]);
    expect(used).toMatchObject([{ organizationId: 'acme-genomics', requests: 1, points: 4 }]);
  });
});

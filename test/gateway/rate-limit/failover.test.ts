import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WhenAway } from '#gateway/rate-limit/bucket.ts';
import type { FailoverBucket } from '#gateway/rate-limit/failover-bucket.ts';
import { failoverBucket } from '#gateway/rate-limit/failover-bucket.ts';
import { memoryBucket } from '#gateway/rate-limit/memory-bucket.ts';
import { limiterSettings, redisBucket } from '#gateway/rate-limit/redis-bucket.ts';
import { systemClock } from '#kit/clock.ts';
import type { FaultProxy, Mode } from '#test/harness/fault-proxy.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import type { Found } from '#test/harness/find-store.ts';
import { findRedis } from '#test/harness/find-store.ts';
import { request } from './histories.ts';

// A server of its own: some of these faults would reach every test that shares one.
const server: Found = await findRedis();
const port = Number(new URL(server.url ?? 'redis://127.0.0.1:0').port);

let proxy: FaultProxy;
let redis: Redis;
let operator: Redis;
let told: boolean[] = [];
let lost = 0;
let bucket: FailoverBucket;

beforeAll(async () => {
  proxy = await startFaultProxy({ port });
  operator = new Redis(port);
});

beforeEach(async () => {
  await operator.flushall();
  redis = new Redis(proxy.port, { ...limiterSettings, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  await new Promise((resolve) => redis.once('ready', resolve));
  told = [];
  lost = 0;
  bucket = failoverBucket({
    shared: redisBucket(redis),
    local: memoryBucket({ clock: systemClock }),
    replicas: 4,
    onDegraded: (degraded) => told.push(degraded),
    onLostCapture: () => {
      lost += 1;
    },
  });
});

afterEach(() => redis.disconnect());

afterAll(async () => {
  await operator.quit();
  await proxy[Symbol.asyncDispose]();
  await server.stop();
});

const ask = async (times: number, whenAway: WhenAway = 'local') => {
  const kinds: string[] = [];
  for (let n = 0; n < times; n++) {
    const { kind } = await bucket.hold(request({ reservation: `${whenAway}-${n}`, whenAway }));
    kinds.push(kind);
  }
  return kinds.filter((kind) => kind === 'admitted').length;
};

/** What a black hole has swallowed never arrives, which no real line does to a connection that lives on: it dies first. */
function healed(): void {
  proxy.set({ kind: 'reset' });
  proxy.set({ kind: 'pass' });
}

async function backInTime(): Promise<void> {
  for (let n = 0; n < 100 && bucket.degraded(); n++) {
    await pause(50);
    await bucket.hold(request({ organization: 'probe', reservation: `probe-${n}`, points: 0 }));
  }
  expect(bucket.degraded()).toBe(false);
}

const faults: readonly (readonly [string, Mode])[] = [
  ['never answers', { kind: 'blackHole' }],
  ['answers after 100 ms', { kind: 'latency', ms: 100 }],
  ['resets its connections', { kind: 'reset' }],
];

describe.skipIf(server.url === undefined)('D13', () => {
  test.for(faults)('while Redis %s, one of four replicas spends a quarter, and then comes back', async ([, mode]) => {
    expect(await ask(1)).toBe(1);
    proxy.set(mode);
    expect(await ask(60)).toBeLessThanOrEqual(26);
    expect(bucket.degraded()).toBe(true);
    healed();
    await backInTime();
    expect(told).toEqual([true, false]);
  });

  test.for([
    [
      'is a replica',
      (): Promise<unknown> => operator.replicaof('127.0.0.1', 1),
      (): Promise<unknown> => operator.replicaof('NO', 'ONE'),
    ],
    ['is full', () => operator.config('SET', 'maxmemory', '1mb'), () => operator.config('SET', 'maxmemory', '0')],
    ['is busy for long', async () => operator.call('CLIENT', 'PAUSE', '600', 'ALL'), async () => pause(700)],
  ] as const)('a Redis that %s is not asked for long', async ([, hurt, heal]) => {
    await hurt();
    expect(await ask(60)).toBe(25);
    await heal();
    await backInTime();
    expect(await ask(10)).toBe(10);
  });

  test('a reservation is captured where it was made, and one whose capture is lost ends charged', async () => {
    const [there, here] = [
      request({ reservation: 'there', points: 100, lifetimeMs: 300 }),
      request({ reservation: 'here', points: 100 }),
    ];
    await bucket.hold(there);
    proxy.set({ kind: 'blackHole' });
    await bucket.hold(here);
    expect(await bucket.capture(here, 40)).toMatchObject({ captured: true, available: [210] });
    const captured = bucket.capture(there, 0);
    healed();
    expect(await captured).toMatchObject({ captured: false });
    await expect.poll(() => lost).toBe(1);
    await pause(300);
    await backInTime();
    expect((await bucket.hold(request({ reservation: 'later', points: 0 }))).available).toEqual([900]);
  });

  test('a capture may take longer than a decision', async () => {
    const slow = request({ organization: 'slow', points: 100 });
    await bucket.hold(slow);
    proxy.set({ kind: 'latency', ms: 60 });
    expect(await bucket.capture(slow, 40)).toMatchObject({ captured: true, available: [960] });
    expect(lost).toBe(0);
    proxy.set({ kind: 'pass' });
    await backInTime();
  });

  test('reservations of before an outage are captured when it is over, also while the shared budget is left alone', async () => {
    const before = Array.from({ length: 10 }, (_, n) => request({ organization: 'before', reservation: `b${n}`, points: 100 }));
    for (const one of before) await bucket.hold(one);
    await operator.call('CLIENT', 'PAUSE', '300', 'ALL');
    await ask(30);
    expect(bucket.degraded()).toBe(true);
    const captures = await Promise.all(before.map((one) => bucket.capture(one, 40)));
    expect([captures.map(({ captured }) => captured), lost]).toEqual([Array(10).fill(true), 0]);
    await backInTime();
  });

  test('a reservation that came to be in both budgets is captured in both, and does not end charged', async () => {
    const twice = request({ organization: 'twice', points: 100, lifetimeMs: 400 });
    await bucket.hold(request({ organization: 'twice', reservation: 'before', points: 0 }));
    proxy.set({ kind: 'latency', ms: 60 });
    await bucket.hold(twice);
    proxy.set({ kind: 'pass' });
    expect(await bucket.capture(twice, 40)).toMatchObject({ captured: true, available: [210] });
    await pause(450);
    expect(await bucket.settle({ organization: 'twice', policies: twice.policies })).toEqual([]);
    await backInTime();
  });

  test('a plan may be open or closed while Redis is away', async () => {
    proxy.set({ kind: 'reset' });
    expect(await ask(300, 'open')).toBe(300);
    expect(await ask(5, 'closed')).toBe(0);
    proxy.set({ kind: 'pass' });
    await backInTime();
  });

  test('what is larger than a replica’s part is asked to come back, not told never', async () => {
    proxy.set({ kind: 'reset' });
    expect(await bucket.hold(request({ points: 600 }))).toMatchObject({ kind: 'wait', limit: 'cost' });
    proxy.set({ kind: 'pass' });
    expect(await memoryBucket({ clock: systemClock }).hold(request({ points: 1_001 }))).toMatchObject({ kind: 'never' });
  });

  test('exactly 100 of 400 parallel holds fit, also through a slow and slicing line', async () => {
    proxy.set({ kind: 'latency', ms: 5, jitterMs: 4 });
    const other = new Redis(proxy.port);
    const patient = [redisBucket(new Redis(proxy.port)), redisBucket(other)];
    const decisions = await Promise.all(
      Array.from({ length: 400 }, (_, n) => patient[n % 2]?.hold(request({ organization: 'many', reservation: `r${n}` }))),
    );
    expect(decisions.filter((decision) => decision?.kind === 'admitted')).toHaveLength(100);
    other.disconnect();
  });
});

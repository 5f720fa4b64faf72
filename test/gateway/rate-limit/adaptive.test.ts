import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { accounts } from '#gateway/rate-limit/account.ts';
import { limiter } from '#gateway/rate-limit/limiter.ts';
import { factorOf, loadWatch } from '#gateway/rate-limit/load.ts';
import { memoryBucket } from '#gateway/rate-limit/memory-bucket.ts';
import type { Plan } from '#kit/plans.ts';
import type { Load } from '#kit/process-load.ts';
import { processLoad } from '#kit/process-load.ts';
import { partner } from '#test/harness/callers.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { ownLimits } from '#test/harness/own-limits.ts';

const calm: Load = { delayMs: 5, heap: 0.3 };
const plan: Plan = {
  requestsPerMinute: 60,
  capacity: 2_000,
  restorePerSecond: 100,
  maxQueryCost: 1_000,
  maxInFlight: 20,
  windows: { day: { points: 50_000, windowSeconds: 86_400 } },
  operations: {},
  whenAway: 'local',
};
const caller = partner('acme-genomics', []);

/** A limiter on one plan, with the load in the test's hand. */
function shrinking(changes: Partial<Plan> = {}) {
  const clock = handClock();
  let factor = 1;
  const accountOf = accounts({
    plans: () => new Map([['default', { ...plan, ...changes }]]),
    overrides: () => [],
    clock,
    onMissingPlan: () => undefined,
    loadFactor: () => factor,
  });
  const nothing = () => undefined;
  const limits = limiter({
    bucket: memoryBucket({ clock }),
    ledger: { held: nothing, captured: nothing, expired: nothing },
    lifetimeMs: 20_000,
  });
  const ask = (points: number) => ({ caller, account: accountOf(caller, '203.0.113.9'), points, uses: [] });
  return {
    clock,
    limits,
    accountOf,
    hold: (points: number) => limits.hold(ask(points)),
    charge: (points: number) => limits.charge(ask(points)),
    load: (now: number) => {
      factor = now;
    },
  };
}

test.each<readonly [string, Partial<Load>, number]>([
  ['nothing', {}, 1],
  ['an event loop on the first line', { delayMs: 100 }, 1],
  ['a late event loop', { delayMs: 101 }, 0.5],
  ['a very late event loop', { delayMs: 501 }, 0.1],
  ['a full heap', { heap: 0.81 }, 0.5],
  ['a heap that is nearly gone', { heap: 0.93 }, 0.1],
  ['both, the worse of which counts', { delayMs: 101, heap: 0.93 }, 0.1],
])('%s gives its factor', (_, load, factor) => {
  expect(factorOf({ ...calm, ...load })).toBe(factor);
});

test('a factor holds until the last few measurements were calm', async () => {
  const loads = [calm, { ...calm, delayMs: 600 }, calm, calm, calm];
  let measured = 0;
  using watch = loadWatch({ measure: () => loads[measured++] ?? calm, everyMs: 10, calm: 3 });
  expect(watch.factor()).toBe(1);
  await expect.poll(watch.factor, { interval: 1 }).toBe(0.1);
  await expect.poll(watch.factor, { interval: 1 }).toBe(1);
  expect(measured).toBeGreaterThanOrEqual(5);
});

test('an event loop that is held up is measured', async () => {
  using load = processLoad();
  await pause(50);
  load.measure();
  await pause(50);
  const until = performance.now() + 300;
  while (performance.now() < until);
  await pause(50);
  const { delayMs, heap } = load.measure();
  expect(delayMs).toBeGreaterThan(150);
  expect(heap).toBeGreaterThan(0);
  expect(heap).toBeLessThan(1);
});

test('under load, capacity, restore and requests shrink by the factor, and the answer says so', async () => {
  const { charge, load } = shrinking();
  expect(await charge(100)).toEqual({
    maximumAvailable: 2_000,
    currentlyAvailable: 1_900,
    restoreRate: 100,
    requests: { limit: 60, remaining: 59 },
  });
  load(0.5);
  expect(await charge(100)).toEqual({
    maximumAvailable: 1_000,
    currentlyAvailable: 800,
    restoreRate: 50,
    requests: { limit: 30, remaining: 28 },
    loadFactor: 0.5,
  });
});

test('what only the load makes too large comes back later; what the plan never allows is told never', async () => {
  const { clock, hold, load } = shrinking();
  load(0.1);
  await expect(hold(201)).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    extensions: { limit: 'load', retryAfter: 5, cost: { throttleStatus: { loadFactor: 0.1, maximumAvailable: 200 } } },
  });
  await expect(hold(1_001)).rejects.toMatchObject({ code: 'COST_LIMIT_EXCEEDED', extensions: { cost: { max: 1_000 } } });
  expect((await hold(200)).throttle.currentlyAvailable).toBe(0);
  await expect(hold(10)).rejects.toMatchObject({ code: 'RATE_LIMITED', extensions: { limit: 'cost' } });
  load(1);
  clock.advance(1);
  expect((await hold(1_000)).throttle).not.toHaveProperty('loadFactor');
});

test('no plan is closed by load, and one that is closed stays so', async () => {
  const small = shrinking({ requestsPerMinute: 5 });
  small.load(0.1);
  await small.charge(1);
  await expect(small.charge(1)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  const closed = shrinking({ requestsPerMinute: 0 });
  closed.load(0.1);
  await expect(closed.charge(1)).rejects.toMatchObject({ code: 'COST_LIMIT_EXCEEDED' });
});

test('a client reads the factor in the answer, while there is one', async () => {
  const { limits, accountOf, clock, load } = shrinking();
  await using books = await startForeign(bookshop.books);
  await using gateway = await testGateway({
    sdl: composeForeign([books]),
    identify: async () => caller,
    limits: { limiter: limits, accountOf, clock },
  });
  const statusOf = async () => (await gateway.query('{ book(id: "1") { title } }')).body;
  expect(JSON.stringify(await statusOf())).not.toContain('loadFactor');
  load(0.5);
  expect(await statusOf()).toMatchObject({
    data: { book: {} },
    extensions: { cost: { throttleStatus: { loadFactor: 0.5, maximumAvailable: 1_000 } } },
  });
});

test('ADAPTIVE_RATE_LIMITING decides whether a process watches itself', async () => {
  for (const adaptive of [true, false]) {
    const limits = await ownLimits({ clock: handClock(), adaptive });
    onTestFinished(() => limits[Symbol.asyncDispose]());
    await pause(100);
    const busyUntil = performance.now() + 1_500;
    while (performance.now() < busyUntil);
    const shrinks = () => limits.accountOf(caller, '').loadFactor < 1;
    if (adaptive) await expect.poll(shrinks, { timeout: 3_000 }).toBe(true);
    else {
      await pause(50);
      expect(shrinks()).toBe(false);
    }
  }
});

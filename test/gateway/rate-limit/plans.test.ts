import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import type { FieldUse } from '#gateway/rate-limit/account.ts';
import type { Limits } from '#gateway/rate-limit/open-limits.ts';
import { openLimits } from '#gateway/rate-limit/open-limits.ts';
import type { Caller } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Plan, PlanOverride } from '#kit/plans.ts';
import { overrideReader, readPlans, shippedPlans } from '#kit/plans.ts';
import { partner, person } from '#test/harness/callers.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { runProgram } from '#test/harness/process.ts';
import { planOf, testLimits } from './limits.ts';

type Started = Pick<Limits, 'limiter' | 'accountOf'>;

/** Whether an operation of one point was admitted; its reservation is over at once. */
async function ask({ limiter, accountOf }: Started, caller: Caller, uses: readonly FieldUse[] = []) {
  try {
    const held = await limiter.hold({ caller, account: accountOf(caller, ''), points: 1, uses });
    await held.capture(1);
    return 'admitted';
  } catch (error) {
    if (error instanceof ExpectedError) return error.extensions['limit'] ?? error.code;
    throw error;
  }
}

async function askTimes(times: number, started: Started, caller: Caller, uses: readonly FieldUse[] = []) {
  const answers: unknown[] = [];
  for (let n = 0; n < times; n++) answers.push(await ask(started, caller, uses));
  return answers;
}

const settings = {
  redisUrl: undefined,
  redisCaFile: undefined,
  replicas: 1,
  plansPath: undefined,
  plansPollMs: 20,
  lifetimeMs: 20_000,
  adaptive: false,
};

type Options = Partial<Pick<Parameters<typeof openLimits>[0], 'clock' | 'overrides' | 'onTrouble'>> & {
  readonly settings?: Partial<typeof settings> | { readonly plansPath?: string; readonly redisUrl?: string | undefined };
};

/** The limits as the process opens them, with the plans that come along. */
const open = ({ clock = handClock(), overrides = () => [], onTrouble = () => undefined, ...given }: Options = {}) =>
  openLimits({
    settings: { ...settings, ...given.settings },
    clock,
    ledger: { held: () => undefined, captured: () => undefined, expired: () => undefined },
    overrides,
    onTrouble,
  });

const acme: Caller = partner('acme', []);

test.each([
  ['RL-08', 'default', 60],
  ['RL-09', 'premium', 120],
  ['RL-10', 'enterprise', 300],
] as const)('%s: the plan %s admits %i requests a minute, and then as many as come back', async (_, plan, perMinute) => {
  const clock = handClock();
  await using limits = await open({ clock });
  const caller = { ...acme, plan };
  expect(new Set(await askTimes(perMinute, limits, caller))).toEqual(new Set(['admitted']));
  expect(await ask(limits, caller)).toBe('requests');
  clock.advance(1_000);
  const back = perMinute / 60;
  expect(await askTimes(back + 1, limits, caller)).toEqual([...Array(back).fill('admitted'), 'requests']);
});

test.each([
  ['RL-11', 'Mutation.submitGraphQuery', 10],
  ['RL-12', 'Query.graphQueryJob', 180],
  ['RL-13', 'Query.graphQueryJobs', 60],
] as const)('%s: %s has a limit of its own, for each person, below that of an enterprise', async (_, coordinate, limit) => {
  await using limits = await open();
  const [one, other] = [person('research_scientist', 'one'), person('research_scientist', 'other')];
  const use = [{ coordinate, uses: 1 }];
  expect(new Set(await askTimes(limit, limits, one, use))).toEqual(new Set(['admitted']));
  expect(await ask(limits, one, use)).toBe(coordinate);
  expect(await ask(limits, one)).toBe('admitted');
  expect(await ask(limits, other, use)).toBe('admitted');
});

test('RL-11: three aliases spend three uses, what is skipped none, and all of an operation or nothing', async () => {
  await using books = await startForeign(bookshop.books);
  const clock = handClock();
  const { limits } = testLimits({ clock, plan: { operations: { 'Query.book': { limit: 10, windowSeconds: 60 } } } });
  await using gateway = await testGateway({ sdl: composeForeign([books]), limits });
  const three = `query ($no: Boolean!) { a: book(id: 1) { id } ...F ... @include(if: $no) { x: book(id: 9) { id } } c: book(id: 3) @skip(if: true) { id } }
    fragment F on Query { b: book(id: 2) { id } d: book(id: 4) { id } books { id } }`;
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await gateway.query(three, { no: false })).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect((await gateway.query('{ book(id: 1) { id } }')).status).toBe(200);
  const refused = await gateway.query('{ book(id: 1) { id } }');
  expect(refused.body.errors).toMatchObject([{ extensions: { limit: 'Query.book', retryAfter: 6 } }]);
  const eleven = Array.from({ length: 11 }, (_, n) => `a${n}: book(id: 1) { id }`).join(' ');
  const never = await gateway.query(`{ ${eleven} }`);
  expect([never.status, never.body.errors?.[0]?.message]).toEqual([400, expect.stringContaining('11 times')]);
  // A rate that is no whole number is rounded down, by some microseconds; nobody comes back as fast as that.
  clock.advance(6_001);
  expect((await gateway.query('{ book(id: 1) { id } }')).status).toBe(200);
});

test('D21: no more operations of one organization run at once than its plan has; another one is not in the way', async () => {
  await using books = await startForeign(bookshop.books);
  const callers = new Map(['acme', 'helix'].map((name) => [name, partner(name, [])]));
  const { limits } = testLimits({ plan: { maxInFlight: 3 } });
  await using gateway = await testGateway({
    sdl: composeForeign([books]),
    limits,
    identify: async ({ headers }) => callers.get(String(headers['x-test-organization'])) ?? acme,
  });
  const from = (name: string) => gateway.query('{ book(id: 1) { id } }', {}, { 'x-test-organization': name });
  books.fault = { delayMs: 300 };
  const running = [from('acme'), from('acme'), from('acme')];
  await expect.poll(() => books.seen.length).toBe(3);
  const refused = await from('acme');
  expect(refused.body.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', limit: 'in-flight', retryAfter: 1 } }]);
  expect((await from('helix')).status).toBe(200);
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await from('acme')).status).toBe(200);
});

async function plansFile(plans: unknown) {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  const path = join(folder, 'plans.json');
  const write = (next: unknown) => writeFile(path, typeof next === 'string' ? next : JSON.stringify(next));
  await write(plans);
  return { path, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const plans = (changes: Partial<Plan>) => ({ default: planOf(changes), anonymous: planOf(), premium: planOf() });

describe('RL-23, D22: plans change while the gateway runs', () => {
  test('the next request meets the new limit, and a file that cannot be read leaves it in force', async () => {
    await using file = await plansFile(plans({ requestsPerMinute: 2 }));
    const troubles: string[] = [];
    await using limits = await open({ settings: { plansPath: file.path }, onTrouble: (what) => void troubles.push(what) });
    expect(await askTimes(3, limits, acme)).toEqual(['admitted', 'admitted', 'requests']);
    await file.write(plans({ requestsPerMinute: 4 }));
    await expect.poll(() => limits.accountOf(acme, '').limits.requestsPerMinute).toBe(4);
    expect(await askTimes(3, limits, acme)).toEqual(['admitted', 'admitted', 'requests']);
    for (const broken of ['{', '{}', plans({ capacity: -1 }), { ...plans({}), premium: { capacity: 5 } }]) {
      const before = troubles.length;
      await file.write(broken);
      await expect.poll(() => troubles.length).toBeGreaterThan(before);
      expect(await ask(limits, acme)).toBe('requests');
    }
    await file.write(plans({ requestsPerMinute: 5 }));
    await expect.poll(() => limits.accountOf(acme, '').limits.requestsPerMinute).toBe(5);
    expect(await ask(limits, acme)).toBe('admitted');
  });

  test.each([{ capacity: 0 }, { maxQueryCost: 0 }, { requestsPerMinute: 0 }])('a plan with %j is closed', async (changes) => {
    await using file = await plansFile(plans(changes));
    await using limits = await open({ settings: { plansPath: file.path } });
    expect(await ask(limits, acme)).toBe('COST_LIMIT_EXCEEDED');
    expect(await ask(limits, { ...acme, plan: 'premium' })).toBe('admitted');
  });

  test('a closed plan refuses through the gateway, without a time to come back', async () => {
    await using books = await startForeign(bookshop.books);
    await using gateway = await testGateway({
      sdl: composeForeign([books]),
      limits: testLimits({ plan: { capacity: 0 } }).limits,
    });
    for (const query of ['{ book(id: 1) { id } }', '{ nothing }']) {
      const refused = await gateway.query(query);
      expect([refused.status, refused.body.errors?.[0]?.extensions['code']]).toEqual([400, 'COST_LIMIT_EXCEEDED']);
      expect(refused.headers.has('retry-after')).toBe(false);
    }
    expect(books.seen).toEqual([]);
  });

  test('an organization on a plan that nobody has described is on default, and that is heard once', async () => {
    const troubles: unknown[] = [];
    await using limits = await open({ onTrouble: (what, detail) => void troubles.push([what, detail]) });
    const lost = { ...acme, plan: 'platinum' };
    expect(await askTimes(61, limits, lost)).toEqual([...Array(60).fill('admitted'), 'requests']);
    expect(troubles).toEqual([['unknown plan, counted as default', { plan: 'platinum' }]]);
  });

  test('plans that cannot be read stop the start', async () => {
    await using file = await plansFile({ default: planOf() });
    await expect(open({ settings: { plansPath: file.path } })).rejects.toThrow('default and anonymous');
    expect(() => readPlans('{"default": {"capacity": "much"}}')).toThrow(/plans: default\.capacity/);
  });
});

describe('what an organization or key has otherwise than its plan', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const [past, future] = ['2026-11-21T11:59:59Z', '2026-11-21T12:00:10Z'];
  const limitsOf = async (overrides: readonly PlanOverride[], clock = handClock(now)) => {
    await using limits = await open({ clock, overrides: () => overrides });
    const account = limits.accountOf(acme, '').limits;
    clock.advance(10_000);
    return [account, limits.accountOf(acme, '').limits] as const;
  };

  test('the organization first, then the key, each until its own end', async () => {
    const read = overrideReader();
    const record = {
      capacity: 5_000,
      until: past,
      keys: { key_one: { maxQueryCost: 7, until: future }, key_two: { capacity: 9 } },
    };
    const [early, late] = await limitsOf(read(record, 'key_one'));
    expect([early.capacity, early.maxQueryCost]).toEqual([2_000, 7]);
    expect([late.capacity, late.maxQueryCost]).toEqual([2_000, 1_000]);
    const [second] = await limitsOf(read(record, 'key_two'));
    expect([second.capacity, second.maxQueryCost]).toEqual([9, 1_000]);
    const [standing] = await limitsOf(read({ capacity: 5_000, keys: record.keys }, 'key_two'));
    expect(standing.capacity).toBe(9);
    expect((await limitsOf(read({ capacity: 5_000 }, undefined)))[0].capacity).toBe(5_000);
  });

  test('an end of the organization is not that of its key, nor the other way round', async () => {
    const read = overrideReader();
    const [, keyLasts] = await limitsOf(read({ capacity: 1, until: future, keys: { k: { maxQueryCost: 7 } } }, 'k'));
    expect([keyLasts.capacity, keyLasts.maxQueryCost]).toEqual([2_000, 7]);
    const [, all] = await limitsOf(read({ capacity: 1, keys: { k: { maxQueryCost: 7, until: future } } }, 'k'));
    expect([all.capacity, all.maxQueryCost]).toEqual([1, 1_000]);
  });

  test.each([undefined, {}, { capacity: -1 }, { capacity: 'much' }, { until: 'soon' }, { keys: 7 }])(
    '%j leaves the plan as it is',
    async (record) => {
      const [account] = await limitsOf(overrideReader()(record, 'key_one'));
      expect(account).toEqual(readPlans(JSON.stringify({ default: account, anonymous: account })).get('default'));
      expect([account.capacity, account.requestsPerMinute]).toEqual([2_000, 60]);
    },
  );

  test('a lower limit of an organization holds for its next request', async () => {
    const clock = handClock(now);
    let overrides: readonly PlanOverride[] = [];
    await using limits = await open({ clock, overrides: () => overrides });
    expect(await askTimes(5, limits, acme)).toEqual(Array(5).fill('admitted'));
    overrides = [{ requestsPerMinute: 5, until: future }];
    expect(await ask(limits, acme)).toBe('requests');
    clock.advance(10_000);
    expect(await ask(limits, acme)).toBe('admitted');
  });
});

describe('RL-06: where budgets are kept', () => {
  test('an unknown storage stops the start', async () => {
    await using gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', RATE_LIMIT_STORAGE: 'memcached' });
    const { code, stderr } = await gateway.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('RATE_LIMIT_STORAGE')]);
    expect(() => readConfig({ RATE_LIMIT_STORAGE: 'redis' })).toThrow('RATE_LIMIT_STORAGE_URL');
    expect(() => readConfig({ RATE_LIMIT_STORAGE_URL: 'localhost' })).toThrow('RATE_LIMIT_STORAGE_URL');
  });

  test('memory, Redis, or the Redis of the limits', () => {
    const url = (env: Record<string, string>) => readConfig(env).rateLimit.redisUrl;
    expect(url({})).toBeUndefined();
    expect(url({ REDIS_URL: 'redis://one' })).toBe('redis://one');
    expect(url({ REDIS_URL: 'redis://one', RATE_LIMIT_STORAGE: 'memory' })).toBeUndefined();
    expect(url({ REDIS_URL: 'redis://one', RATE_LIMIT_STORAGE_URL: 'redis://two' })).toBe('redis://two');
  });
});

const redisUrl = inject('redisUrl');

describe.skipIf(redisUrl === undefined)('two gateways with one Redis', () => {
  const caller = (): Caller => partner(`org-${crypto.randomUUID()}`, []);
  const shared = { settings: { redisUrl }, clock: systemClock };

  test('RL-05: of 20 requests at once to two of them exactly 10 pass', async () => {
    const overrides = () => [{ requestsPerMinute: 10 }];
    await using one = await open({ ...shared, overrides });
    await using other = await open({ ...shared, overrides });
    // The first question wakes connection and script: on a busy machine it may be late, and is then answered alone.
    for (const gateway of [one, other, one, other]) await ask(gateway, caller());
    const asking = caller();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n % 2 ? one : other, asking)));
    expect(answers.filter((answer) => answer === 'admitted')).toHaveLength(10);
  });

  test('D11: a clock that is an hour early or late gives nobody more or less', async () => {
    const overrides = () => [{ capacity: 50, restorePerSecond: 0 }];
    const skewed = await Promise.all(
      [-3_600_000, 0, 3_600_000].map((ms) => open({ ...shared, overrides, clock: { now: () => Date.now() + ms } })),
    );
    const asking = caller();
    const answers: unknown[] = [];
    for (let n = 0; n < 60; n++) answers.push(await ask(skewed[n % 3] as Limits, asking));
    expect(answers.filter((answer) => answer === 'admitted')).toHaveLength(50);
    // Nor does a jump of an hour end the reservations of others, or restore what is spent.
    const [early, , late] = skewed as [Limits, Limits, Limits];
    const other = caller();
    const held = await early.limiter.hold({ caller: other, account: early.accountOf(other, ''), points: 50, uses: [] });
    await late.limiter.settle(late.accountOf(other, ''));
    expect(await ask(late, other)).toBe('cost');
    expect(await held.capture(10)).toMatchObject({ currentlyAvailable: 40 });
    for (const limits of skewed) await limits[Symbol.asyncDispose]();
  });

  test('D23: a Redis that may evict budgets is heard of at the start', async () => {
    const operator = new Redis(redisUrl ?? '');
    const told = async () => {
      const troubles: unknown[] = [];
      await using _ = await open({ ...shared, onTrouble: (...trouble) => void troubles.push(trouble) });
      return troubles;
    };
    try {
      expect(await told()).toEqual([]);
      await operator.config('SET', 'maxmemory-policy', 'allkeys-lru');
      expect(await told()).toEqual([[expect.stringContaining('noeviction'), { policy: 'allkeys-lru' }]]);
    } finally {
      await operator.config('SET', 'maxmemory-policy', 'noeviction');
      await operator.quit();
    }
  });

  test('what a gateway that died had held is charged by another one when its time is up', async () => {
    const overrides = () => [{ capacity: 100, restorePerSecond: 0 }];
    const brief = { ...shared, overrides, settings: { redisUrl, lifetimeMs: 300 } };
    const dying = await open(brief);
    await using other = await open(brief);
    const asking = caller();
    await dying.limiter.hold({ caller: asking, account: dying.accountOf(asking, ''), points: 60, uses: [] });
    await dying[Symbol.asyncDispose]();
    await pause(350);
    const held = await other.limiter.hold({ caller: asking, account: other.accountOf(asking, ''), points: 40, uses: [] });
    expect(await held.capture(30)).toMatchObject({ currentlyAvailable: 10 });
  });
});

test('the README tells the plans as they are', async () => {
  const readme = await readFile('README.md', 'utf8');
  const rows = [...readme.matchAll(/^\| (\w+) +\| ([\d,]+) +\| ([\d,]+) +\| ([\d,]+) +\| ([\d,]+) +\| ([\d,]+) +\|$/gm)].map(
    ([, name = '', ...cells]) => [name, ...cells.map((cell) => Number(cell.replaceAll(',', '')))],
  );
  const shipped = [...readPlans(await readFile(shippedPlans, 'utf8'))].map(([name, plan]) => [
    name,
    plan.requestsPerMinute,
    plan.capacity,
    plan.restorePerSecond,
    plan.maxQueryCost,
    plan.maxInFlight,
  ]);
  expect(rows).toEqual(shipped);
});

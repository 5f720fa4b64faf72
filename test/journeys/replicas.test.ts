import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { serviceEnvironment } from '#test/bench/targets.ts';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';

const redisUrl = inject('redisUrl');
const [{ name: acme, key }] = developmentOrganizations;

/** Budgets that restore nothing, so that every point can be followed. */
const plan = { requestsPerMinute: 100_000, capacity: 10_000, restorePerSecond: 0, maxQueryCost: 1_000, maxInFlight: 50 };

const samples = '{ samples(first: 5) { nodes { name status } } }';

type Replica = { readonly running: ProcessUnderTest; readonly url: string };
type Cost = {
  readonly requestedQueryCost: number;
  readonly actualQueryCost: number;
  readonly throttleStatus: { readonly currentlyAvailable: number };
};
type Answer = { readonly data: unknown; readonly extensions: { readonly cost: Cost } };

async function ask({ url }: Replica, query = samples): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}

const costOf = ({ extensions: { cost } }: Answer): Cost => cost;
const left = (answer: Answer): number => costOf(answer).throttleStatus.currentlyAvailable;

describe.skipIf(redisUrl === undefined)('two gateway processes with one Redis', () => {
  const url = `${redisUrl}/9`;
  const opening = new AsyncDisposableStack();
  let redis: Redis;
  let folder: string;
  let sandbox: Record<string, string>;
  let one: Replica;
  let other: Replica;

  const start = async (): Promise<Replica> => {
    const running = opening.use(
      runProgram('gateway/main.ts', [], {
        // What is answered from the cache costs less.
        CACHE_ENABLED: 'false',
        ...serviceEnvironment(sandbox),
        ENVIRONMENT: 'development',
        GATEWAY_PORT: '0',
        DATA_DIR: folder,
        PLANS_PATH: join(folder, 'plans.json'),
        REDIS_URL: url,
        REQUEST_TIMEOUT_MS: '1000',
      }),
    );
    const banner = await running.printed('EnterprisePlanDevKey001');
    return { running, url: /http:\S+\/graphql/.exec(banner)?.[0] ?? '' };
  };

  const usage = async (): Promise<{ readonly requests: number; readonly points: number }> => {
    await using store = openEmbeddedStore(join(folder, 'organizations.sqlite'));
    const rows = await store.usage(acme, { from: '2000-01-01', to: '2999-12-31' });
    return rows.reduce((all, { requests, points }) => ({ requests: all.requests + requests, points: all.points + points }), {
      requests: 0,
      points: 0,
    });
  };

  const strike = (fault: object): Promise<unknown> =>
    fetch(`${sandbox['samples']}/sandbox/faults`, { method: 'PUT', body: JSON.stringify(fault) });

  beforeAll(async () => {
    redis = new Redis(url);
    await redis.flushdb();
    folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
    await writeFile(join(folder, 'plans.json'), JSON.stringify({ default: plan, anonymous: plan, enterprise: plan }));
    const services = opening.use(runProgram('ops/sandbox/main.ts', ['--json', '--ports', 'any']));
    sandbox = JSON.parse(await services.printed('}'));
    one = await start();
    other = await start();
  });

  afterAll(async () => {
    await opening.disposeAsync();
    await redis.quit();
    await rm(folder, { recursive: true });
  });

  test('RC-06 SC-01: either gives the same data, and both agree on what is left', async () => {
    const first = await ask(one);
    expect(first.data).toMatchObject({ samples: { nodes: [{}, {}, {}, {}, {}] } });
    for (let n = 1; n <= 20; n++) {
      const answer = await ask(n % 2 === 1 ? other : one);
      expect(answer.data).toEqual(first.data);
      expect(left(answer)).toBe(left(first) - n * costOf(first).actualQueryCost);
    }
  });

  test('SC-01: after the SIGKILL of one that held points the books balance: all of it is charged, once', async () => {
    const before = await ask(other);
    const { requestedQueryCost: estimate } = costOf(before);
    // What is booked is written down every two seconds; only from then on does it survive a SIGKILL.
    await expect.poll(async () => (await usage()).points, { timeout: 8_000 }).toBe(plan.capacity - left(before));
    await strike({ kind: 'hang' });
    const dying = Array.from({ length: 5 }, () => ask(one).catch(() => 'cut'));
    await expect.poll(() => redis.zcard(`rl:{${acme}}:h`), { interval: 10 }).toBe(5);
    one.running.kill('SIGKILL');
    expect(await Promise.all(dying)).toEqual(Array(5).fill('cut'));
    await strike([]);
    const meanwhile = await ask(other);
    expect(left(meanwhile)).toBe(left(before) - 5 * estimate - costOf(meanwhile).actualQueryCost);
    expect(await redis.zcard(`rl:{${acme}}:h`)).toBe(5);
    // Nobody asks any more: the replica that lives finds them by itself, after a deadline of six seconds.
    await expect.poll(() => redis.zcard(`rl:{${acme}}:h`), { timeout: 15_000 }).toBe(0);
    expect(await redis.hget(`rl:{${acme}}:s`, 'p')).toBe('0');
    const last = await ask(other);
    expect(left(last)).toBe(left(meanwhile) - costOf(last).actualQueryCost);
    other.running.kill('SIGTERM');
    expect((await other.running.ended).code).toBe(0);
    const answered = 21 + 3;
    expect(await usage()).toEqual({ requests: answered + 5, points: plan.capacity - left(last) });
  }, 60_000);
});

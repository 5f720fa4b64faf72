import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { redisBucket } from '#gateway/rate-limit/redis-bucket.ts';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { partner } from '#test/harness/callers.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { testLimits } from './limits.ts';

type Limited = ReturnType<typeof testLimits>['limits'];
type Held = Awaited<ReturnType<Limited['limiter']['hold']>>;

/** Held, or how many seconds a refusal asks to wait. */
async function ask({ limiter, accountOf }: Limited, caller: Caller, points: number): Promise<Held | number> {
  try {
    return await limiter.hold({ caller, account: accountOf(caller, ''), points, uses: [] });
  } catch (error) {
    if (error instanceof ExpectedError && error.code === 'RATE_LIMITED') return Number(error.extensions['retryAfter']);
    throw error;
  }
}

type Client = { readonly caller: Caller; at: number; points: number; tries: number; held: Held | undefined };

type Story = {
  readonly clients: number;
  readonly wantedRefusals: number;
  /** Every client has a key of its own, or they share one. */
  readonly keys: 'own' | 'shared';
  /** Longest an operation takes. */
  readonly busyMs?: number;
};

const keyOf = (key: number): Caller => ({ ...partner('acme', []), subject: `key-${key}`, keyId: `key-${key}` });

/** Clients of one organization that ask without a pause, come back exactly when told, and take a while to be answered. */
async function simulate({ clients, wantedRefusals, keys, busyMs = 400 }: Story) {
  const clock = handClock(0);
  const { limits } = testLimits({
    clock,
    plan: { capacity: 2_000, restorePerSecond: 100, maxQueryCost: 1_000, requestsPerMinute: 600 },
  });
  const random = seededRandom(7);
  const price = (): number => Math.ceil(1_000 * random() ** 3);
  const all = Array.from({ length: clients }, (_, n): Client => {
    const caller = keyOf(keys === 'own' ? n : 0);
    return { caller, at: random(), points: price(), tries: 0, held: undefined };
  });
  const tally = { refused: 0, atFirstRetry: 0, retried: 0, booked: 0 };
  while (tally.refused < wantedRefusals) {
    const next = all.reduce((first, client) => (client.at < first.at ? client : first));
    clock.advance(Math.max(0, next.at - clock.now()));
    if (next.held !== undefined) await finish(next);
    else await attempt(next);
  }
  return { ...tally, seconds: clock.now() / 1_000 };

  async function finish(client: Client): Promise<void> {
    const actual = Math.ceil(client.points * random());
    await client.held?.capture(actual);
    tally.booked += actual;
    Object.assign(client, { held: undefined, points: price(), at: clock.now() + 1 });
  }

  async function attempt(client: Client): Promise<void> {
    tally.retried += client.tries === 1 ? 1 : 0;
    const answer = await ask(limits, client.caller, client.points);
    if (typeof answer === 'number') {
      tally.refused += client.tries === 0 ? 1 : 0;
      client.tries += 1;
      client.at = clock.now() + answer * 1_000;
      return;
    }
    tally.atFirstRetry += client.tries === 1 ? 1 : 0;
    Object.assign(client, { held: answer, tries: 0, at: clock.now() + busyMs * random() });
  }
}

test('a client that obeys Retry-After is admitted at its first retry, 1,000 times of 1,000', async () => {
  const { retried, atFirstRetry } = await simulate({ clients: 1, wantedRefusals: 1_000, keys: 'own' });
  expect(atFirstRetry / retried).toBeGreaterThanOrEqual(0.99);
});

// Waits are told by estimates, of which a half is used here: points that come back while all of them sleep are not spent.
test.each([
  { clients: 4, keys: 'own', busyMs: 400, used: 0.9 },
  { clients: 16, keys: 'own', busyMs: 400, used: 0.7 },
  { clients: 16, keys: 'own', busyMs: 3_000, used: 0.65 },
  { clients: 16, keys: 'shared', busyMs: 400, used: 0.7 },
] as const)(
  '$clients clients with $keys keys that compete for the points of one organization are admitted at their first retry',
  async ({ used, ...story }) => {
    const { retried, atFirstRetry, booked, seconds } = await simulate({ ...story, wantedRefusals: 1_000 });
    expect(atFirstRetry / retried).toBeGreaterThanOrEqual(0.99);
    expect(booked).toBeLessThanOrEqual(2_000 + 100 * seconds);
    expect(booked).toBeGreaterThan(used * 100 * seconds);
  },
);

test('ten requests a minute are one in six seconds', async () => {
  const { limits } = testLimits({ plan: { requestsPerMinute: 10 } });
  for (let n = 0; n < 10; n++) expect(await ask(limits, keyOf(0), 1)).toBeTypeOf('object');
  expect(await ask(limits, keyOf(0), 1)).toBe(6);
});

const redisUrl = inject('redisUrl');

describe.skipIf(redisUrl === undefined)('in Redis, by its own clock', () => {
  test('100 clients of 100 organizations are admitted at their first retry', async () => {
    const redis = new Redis(redisUrl ?? '');
    const { limits } = testLimits({
      bucket: redisBucket(redis),
      plan: { capacity: 100, restorePerSecond: 90, maxQueryCost: 100 },
    });
    const run = crypto.randomUUID();
    const client = async (n: number): Promise<boolean> => {
      const organization = `${run}-${n}`;
      const first = await ask(limits, partner(organization, []), 100);
      if (typeof first === 'object') await first.capture(100);
      const wait = await ask(limits, partner(organization, []), 60 + (n % 40));
      expect(wait).toBeTypeOf('number');
      await pause(Number(wait) * 1_000);
      return typeof (await ask(limits, partner(organization, []), 60 + (n % 40))) === 'object';
    };
    const admitted = await Promise.all(Array.from({ length: 100 }, (_, n) => client(n)));
    expect(admitted.filter(Boolean).length).toBeGreaterThanOrEqual(99);
    await redis.quit();
  });
});

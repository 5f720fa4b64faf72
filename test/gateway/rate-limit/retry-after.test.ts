import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { redisBucket } from '#gateway/rate-limit/redis-bucket.ts';
import { ExpectedError } from '#kit/errors.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { partner } from '#test/harness/callers.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { testLimits } from './limits.ts';

type Limited = ReturnType<typeof testLimits>['limits'];
type Held = Awaited<ReturnType<Limited['limiter']['hold']>>;

/** Held, or how many seconds a refusal asks to wait. */
async function ask({ limiter, accountOf }: Limited, organization: string, points: number): Promise<Held | number> {
  const caller = partner(organization, []);
  try {
    return await limiter.hold({ caller, account: accountOf(caller, ''), points, uses: [] });
  } catch (error) {
    if (error instanceof ExpectedError && error.code === 'RATE_LIMITED') return Number(error.extensions['retryAfter']);
    throw error;
  }
}

type Client = { at: number; points: number; tries: number; held: Held | undefined };

/** Clients of one organization that ask without a pause, come back exactly when told, and take a while to be answered. */
async function simulate(clients: number, wantedRefusals: number) {
  const clock = handClock(0);
  const { limits } = testLimits({
    clock,
    plan: { capacity: 2_000, restorePerSecond: 100, maxQueryCost: 1_000, requestsPerMinute: 600 },
  });
  const random = seededRandom(7);
  const price = (): number => Math.ceil(1_000 * random() ** 3);
  const all = Array.from({ length: clients }, (): Client => ({ at: random(), points: price(), tries: 0, held: undefined }));
  const tally = { refused: 0, atFirstRetry: 0, booked: 0 };
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
    const answer = await ask(limits, 'acme', client.points);
    if (typeof answer === 'number') {
      tally.refused += client.tries === 0 ? 1 : 0;
      client.tries += 1;
      client.at = clock.now() + answer * 1_000;
      return;
    }
    tally.atFirstRetry += client.tries === 1 ? 1 : 0;
    Object.assign(client, { held: answer, tries: 0, at: clock.now() + 400 * random() });
  }
}

test('a client that obeys Retry-After is admitted at its first retry, 1,000 times of 1,000', async () => {
  const { refused, atFirstRetry } = await simulate(1, 1_000);
  expect(atFirstRetry / refused).toBeGreaterThanOrEqual(0.99);
});

// Who competes for the same points may find them taken: four such clients came through at their first retry in 94 % of
// cases, sixteen in 85 %, and dear operations among cheap ones wait longest. What holds for them all is the budget.
test.each([4, 16])(
  '%i clients that compete for the points of one organization spend what it has and no more',
  async (clients) => {
    const { refused, atFirstRetry, booked, seconds } = await simulate(clients, 1_000);
    expect(booked).toBeLessThanOrEqual(2_000 + 100 * seconds);
    expect(booked).toBeGreaterThan(0.9 * 100 * seconds);
    expect(atFirstRetry / refused).toBeGreaterThan(0.5);
  },
);

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
      const first = await ask(limits, organization, 100);
      if (typeof first === 'object') await first.capture(100);
      const wait = await ask(limits, organization, 60 + (n % 40));
      expect(wait).toBeTypeOf('number');
      await pause(Number(wait) * 1_000);
      return typeof (await ask(limits, organization, 60 + (n % 40))) === 'object';
    };
    const admitted = await Promise.all(Array.from({ length: 100 }, (_, n) => client(n)));
    expect(admitted.filter(Boolean).length).toBeGreaterThanOrEqual(99);
    await redis.quit();
  });
});

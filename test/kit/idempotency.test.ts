import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { Idempotency } from '#kit/idempotency.ts';
import { idempotencyInMemory, idempotencyInRedis } from '#kit/idempotency.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';

const redisUrl = inject('redisUrl');
const opened: Redis[] = [];
const client = (): Redis => {
  const redis = new Redis(redisUrl ?? '');
  opened.push(redis);
  return redis;
};
afterAll(() => Promise.all(opened.map((redis) => redis.quit())));

type Timing = { readonly keepMs?: number; readonly leaseMs?: number; readonly waitMs?: number };

/** Two views of the same keys: two processes over one Redis, or one process twice. */
const stores: readonly (readonly [string, (timing?: Timing) => readonly [Idempotency, Idempotency]])[] = [
  [
    'memory',
    (timing) => {
      const one = idempotencyInMemory(timing);
      return [one, one];
    },
  ],
  ['Redis', (timing) => [idempotencyInRedis(client(), timing), idempotencyInRedis(client(), timing)]],
];

const fresh = () => ({
  key: crypto.randomUUID(),
  caller: 'partner acme-genomics key-1',
  fingerprint: ['createSample', { name: 'a' }],
});

/** A write that is counted and takes a while. */
function counted<Answer>(answer: () => Answer, takesMs = 20) {
  const state = { runs: 0 };
  const run = async (): Promise<Answer> => {
    state.runs++;
    await pause(takesMs);
    return answer();
  };
  return Object.assign(state, { run });
}

/** A write that is counted, tells when it has begun, and lasts until the test ends it. */
function held<Answer>(answer: Answer) {
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const state = { runs: 0 };
  const run = async (): Promise<Answer> => {
    state.runs++;
    begun.resolve();
    await ended.promise;
    return answer;
  };
  return Object.assign(state, { run, begun: begun.promise, end: () => ended.resolve() });
}

const codeOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'answered',
    ({ code }) => code,
  );

describe.each(stores)('idempotency keys in %s', (store, open) => {
  const it = test.skipIf(store === 'Redis' && redisUrl === undefined);

  it('fifty attempts at once run once, and all of them get its answer', async () => {
    const [left, right] = open();
    const write = counted(() => ({ id: 'new', tags: ['a', null], at: { deep: 1.5 } }));
    const attempt = { ...fresh(), run: write.run };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => (index % 2 ? left : right)(attempt)));
    expect(write.runs).toBe(1);
    for (const answer of answers) expect(answer).toEqual({ id: 'new', tags: ['a', null], at: { deep: 1.5 } });
  });

  it('without a key every attempt runs', async () => {
    const [left, right] = open();
    const write = counted(() => 1);
    for (const once of [left, right]) await once({ ...fresh(), key: null, run: write.run });
    expect(write.runs).toBe(2);
  });

  it('keys of different callers never meet', async () => {
    const [left, right] = open();
    const write = counted(() => 1);
    const attempt = { ...fresh(), run: write.run };
    await left(attempt);
    await right({ ...attempt, caller: 'partner helix-labs key-2' });
    expect(write.runs).toBe(2);
  });

  it.each(['short', 'with a blank', 'x'.repeat(129), 'ümlaut-key'])('%j is no key', async (key) => {
    const [once] = open();
    await expect(once({ ...fresh(), key, run: async () => 1 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('the same key for something else is refused, also while the first still runs', async () => {
    const [left, right] = open();
    const write = held(1);
    const attempt = { ...fresh(), run: write.run };
    const first = left(attempt);
    await write.begun;
    const other = { ...attempt, fingerprint: ['createSample', { name: 'b' }] };
    expect(await codeOf(right(other))).toBe('BAD_USER_INPUT');
    write.end();
    await first;
    expect(await codeOf(right(other))).toBe('BAD_USER_INPUT');
    expect(write.runs).toBe(1);
  });

  it('who waits too long for the first attempt is told to come back, and then gets its answer', async () => {
    const [left, right] = open({ waitMs: 100 });
    const write = held('done');
    const attempt = { ...fresh(), run: write.run };
    const first = left(attempt);
    await write.begun;
    await expect(right(attempt)).rejects.toMatchObject({
      code: 'OVERLOADED',
      extensions: { retryable: true, retryAfter: expect.any(Number) },
    });
    write.end();
    await first;
    expect(await right(attempt)).toBe('done');
    expect(write.runs).toBe(1);
  });

  it('a holder that lives keeps its claim for longer than a lease', async () => {
    // Long enough that a busy machine renews it in time.
    const leaseMs = 900;
    const [left, right] = open({ leaseMs });
    const write = held('done');
    const attempt = { ...fresh(), run: write.run };
    const first = left(attempt);
    await write.begun;
    const second = right(attempt);
    await pause(2 * leaseMs);
    write.end();
    const [one, other] = await Promise.all([first, second]);
    expect([one, other, write.runs]).toEqual(['done', 'done', 1]);
  });

  it.each(['BAD_USER_INPUT', 'FORBIDDEN', 'NOT_FOUND', 'UPSTREAM_RATE_LIMITED'] as const)(
    'a %s has written nothing, so the key may try again',
    async (code) => {
      const [left, right] = open();
      let refusals = 1;
      const write = counted(() => {
        if (refusals-- > 0) throw new ExpectedError(code, 'No.');
        return 'done';
      });
      const attempt = { ...fresh(), run: write.run };
      expect(await codeOf(left(attempt))).toBe(code);
      expect(await right(attempt)).toBe('done');
    },
  );

  it('a failure after which the write may be there is an answer, word for word', async () => {
    const [left, right] = open();
    const write = counted(() => {
      throw upstreamError('UPSTREAM_TIMEOUT', 'samples', { extensions: { outcome: 'UNKNOWN', retryable: false } });
    });
    const attempt = { ...fresh(), run: write.run };
    const told = await Promise.allSettled([left(attempt), right(attempt), left(attempt)]);
    for (const outcome of told)
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'UPSTREAM_TIMEOUT',
          message: 'The samples service did not answer in time.',
          extensions: { code: 'UPSTREAM_TIMEOUT', service: 'samples', outcome: 'UNKNOWN', retryable: false },
        },
      });
    expect(write.runs).toBe(1);
  });

  it('a bug in the middle is not run again', async () => {
    const [left, right] = open();
    const write = counted(() => {
      throw new TypeError('a bug with a password');
    });
    const attempt = { ...fresh(), run: write.run };
    await expect(left(attempt)).rejects.toBeInstanceOf(TypeError);
    await expect(right(attempt)).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      message: expect.not.stringContaining('password'),
    });
    expect(write.runs).toBe(1);
  });

  it('an answer is forgotten after its time', async () => {
    const [left, right] = open({ keepMs: 50 });
    const write = counted(() => 1);
    const attempt = { ...fresh(), run: write.run };
    await left(attempt);
    await pause(80);
    await right(attempt);
    expect(write.runs).toBe(2);
  });
});

const needsRedis = test.skipIf(redisUrl === undefined);

needsRedis('the key of a holder that died is free when its lease ends', async () => {
  const { hostname, port } = new URL(redisUrl ?? '');
  await using proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  const settings = { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 100 };
  const dying = openRedis({ url: proxy.url('redis'), settings });
  await whenReady(dying, 5_000);
  const timing = { leaseMs: 300, waitMs: 2_000 };
  const attempt = fresh();
  const claimed = Promise.withResolvers<void>();
  const crashed = idempotencyInRedis(
    dying,
    timing,
  )({
    ...attempt,
    run: () => {
      claimed.resolve();
      return new Promise(() => undefined);
    },
  });
  await claimed.promise;
  // From here on the holder is as good as dead: nothing of it reaches the Redis.
  proxy.set({ kind: 'blackHole' });
  const write = counted(() => 'second');
  expect(await idempotencyInRedis(client(), timing)({ ...attempt, run: write.run })).toBe('second');
  void crashed;
  dying.disconnect();
});

needsRedis('an answer that the Redis does not take at once is kept when it is back', async () => {
  const { hostname, port } = new URL(redisUrl ?? '');
  await using proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  const flaky = openRedis({
    url: proxy.url('redis'),
    settings: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 100 },
  });
  await whenReady(flaky, 5_000);
  const attempt = fresh();
  const write = counted(() => {
    proxy.set({ kind: 'reset' });
    setTimeout(() => proxy.set({ kind: 'pass' }), 50);
    return 'first';
  });
  expect(await idempotencyInRedis(flaky)({ ...attempt, run: write.run })).toBe('first');
  const again = counted(() => 'second');
  expect(await idempotencyInRedis(client())({ ...attempt, run: again.run })).toBe('first');
  await closeRedis(flaky);
});

needsRedis('without its Redis a write with a key is refused, and one without runs', async () => {
  const { hostname, port } = new URL(redisUrl ?? '');
  await using proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  const errors: Error[] = [];
  const redis = openRedis({
    url: proxy.url('redis'),
    settings: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 100 },
    onError: (error) => errors.push(error),
  });
  await expect.poll(() => redis.status).toBe('ready');
  const once = idempotencyInRedis(redis);
  const write = counted(() => 'done');
  for (const kind of ['blackHole', 'reset'] as const) {
    proxy.set({ kind });
    const error = await once({ ...fresh(), run: write.run }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'OVERLOADED', extensions: { retryable: true } });
    expect(String((error as Error).message)).toContain('changed nothing');
  }
  expect(write.runs).toBe(0);
  expect(await once({ ...fresh(), key: undefined, run: write.run })).toBe('done');
  proxy.set({ kind: 'pass' });
  await expect.poll(() => redis.status, { timeout: 5_000 }).toBe('ready');
  expect(await once({ ...fresh(), run: write.run })).toBe('done');
  await closeRedis(redis);
});

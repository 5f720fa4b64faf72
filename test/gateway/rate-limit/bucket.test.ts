import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Bucket, Decision, Policy } from '#gateway/rate-limit/bucket.ts';
import { memoryBucket } from '#gateway/rate-limit/memory-bucket.ts';
import { bucketScript, redisBucket } from '#gateway/rate-limit/redis-bucket.ts';
import { allKnowing } from './all-knowing.ts';
import type { Happening } from './histories.ts';
import { histories, request } from './histories.ts';

const redisUrl = inject('redisUrl');
const redis = redisUrl === undefined ? undefined : new Redis(redisUrl, { db: 5 });

beforeEach(() => redis?.flushdb());
afterAll(() => redis?.quit());

/** The clock of both stores: Redis reads it from a key in place of TIME, everything else is the script as it runs. */
function movable(store: 'in Redis too' | 'here' = 'in Redis too') {
  let micros = 1_000_000_000_000_000;
  const told = bucketScript.replace("redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')");
  return {
    clock: { now: () => micros / 1_000 },
    script: told,
    now: () => micros,
    async move(by: number) {
      micros += by;
      if (store !== 'here') await redis?.hset('clock', { s: Math.floor(micros / 1e6), us: micros % 1e6 });
    },
  };
}

type Movable = ReturnType<typeof movable>;
type History = typeof histories extends fc.Arbitrary<infer Value> ? Value : never;
type Captured = Extract<Happening, { kind: 'capture' }>;
type Asked = Exclude<Happening, { kind: 'capture' }>;

type Life = {
  readonly bucket: Bucket;
  readonly reference: ReturnType<typeof allKnowing>;
  readonly policies: readonly Policy[];
  readonly held: Map<string, number>;
  readonly at: () => number;
  /** When the last of the places lapses that refusals may have left. */
  placesUntil: number;
};

/** Lives through a history with both the bucket and the one that knows everything, and compares each decision. */
async function live(history: History, bucket: Bucket, time: Movable): Promise<readonly Decision[]> {
  const { capacity, perSecond, happenings } = history;
  const started = time.now();
  const life: Life = {
    bucket,
    reference: allKnowing(history),
    policies: [{ name: 'cost', capacity, perSecond }],
    held: new Map(),
    at: () => time.now() - started,
    placesUntil: 0,
  };
  const decisions: Decision[] = [];
  for (const [n, happening] of happenings.entries()) {
    await time.move(happening.afterMicros);
    if (happening.kind === 'capture') await capture(life, happening);
    else decisions.push(await ask(life, happening, n));
  }
  return decisions;
}

async function capture({ bucket, reference, policies, held, at }: Life, { which, share }: Captured): Promise<void> {
  const open = reference.open();
  const name = open[which % Math.max(1, open.length)] ?? 'unknown';
  const points = held.get(name) ?? 1;
  const actual = Math.round(points * share);
  const { captured } = await bucket.capture(request({ reservation: name, points, policies }), actual);
  expect(captured).toBe(reference.take(at(), name));
  if (captured) reference.book(at(), actual);
}

async function ask(life: Life, asked: Asked, n: number): Promise<Decision> {
  const { bucket, reference, policies, held, at } = life;
  const { kind, client, points, lifetimeMs } = asked;
  const slack = reference.slack(at(), points);
  const decision = await bucket[kind](request({ reservation: `r${n}`, client, points, lifetimeMs, policies }));
  // Each of the n decisions before may have rounded one millionth of a point away, never in the caller's favour.
  if (points > (policies[0]?.capacity ?? 0)) expect(decision.kind).toBe('never');
  else if (slack < 0) expect(decision.kind).toBe('wait');
  // What fits is refused for those only who were refused before and may still come back.
  else if (slack >= 2 * (n + 1) && at() >= life.placesUntil) expect(decision.kind).toBe('admitted');
  if (decision.kind === 'wait')
    life.placesUntil = Math.max(life.placesUntil, at() + Math.ceil(decision.waitMs / 1_000) * 1e6 + 2_000_000);
  const left = slack + (decision.kind === 'admitted' ? 0 : points * 1e6);
  expect(Math.abs((decision.available[0] ?? Number.NaN) * 1e6 - left)).toBeLessThan(2 * (n + 1));
  if (decision.kind !== 'admitted') return decision;
  held.set(`r${n}`, points);
  if (kind === 'charge') reference.book(at(), points);
  else reference.hold(`r${n}`, { at: at(), points, lifetimeMs });
  return decision;
}

test('in 50,000 histories the budget in memory admits what fits and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const time = movable('here');
      await live(history, memoryBucket({ clock: time.clock, maxOrganizations: 10 }), time);
    }),
    { numRuns: 50_000 },
  );
}, 300_000);

describe.skipIf(redis === undefined)('in Redis', () => {
  const shared = redis as Redis;
  const names: Iterator<number> = (function* () {
    for (let n = 0; ; n++) yield n;
  })();
  const fresh = (): string => `org-${names.next().value}`;

  test('the script decides as the memory does, to the millionth of a point', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        await shared.flushdb();
        const time = movable();
        await time.move(0);
        const there = await live(history, redisBucket(shared, time.script), time);
        const again = movable('here');
        expect(await live(history, memoryBucket({ clock: again.clock, maxOrganizations: 10 }), again)).toEqual(there);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  test('of 400 parallel holds of 10 from two clients exactly 100 fit into 1,000', async () => {
    const other = shared.duplicate();
    const organization = fresh();
    const buckets = [redisBucket(shared), redisBucket(other)];
    const decisions = await Promise.all(
      Array.from({ length: 400 }, (_, n) => buckets[n % 2]?.hold(request({ organization, reservation: `r${n}` }))),
    );
    expect(decisions.filter((decision) => decision?.kind === 'admitted')).toHaveLength(100);
    await other.quit();
  });

  test('a script that Redis has forgotten is sent again', async () => {
    const bucket = redisBucket(shared);
    const organization = fresh();
    await bucket.hold(request({ organization }));
    await shared.script('FLUSH');
    expect(await bucket.capture(request({ organization }), 4)).toMatchObject({ captured: true, available: [996] });
  });

  test('keys go when the debt has drained, and stay while a reservation is open', async () => {
    const bucket = redisBucket(shared);
    const organization = fresh();
    const policies = [{ name: 'cost', capacity: 1_000, perSecond: 100 }];
    await bucket.hold(request({ organization, points: 500, policies }));
    expect(await shared.pttl(`rl:{${organization}}:s`)).toBeGreaterThan(86_000_000);
    await bucket.capture(request({ organization, points: 500, policies }), 500);
    expect(await shared.pttl(`rl:{${organization}}:s`)).toBeLessThanOrEqual(6_000);
  });

  test('names of organizations and owners cannot leave their key', async () => {
    const bucket = redisBucket(shared);
    await bucket.hold(
      request({ organization: 'a}:s{b', meters: [{ name: 'r', owner: 'x\n{y}', amount: 1, capacity: 5, perSecond: 1 }] }),
    );
    const keys = await shared.keys('rl:*');
    expect(keys.every((key) => key.startsWith('rl:{a%7D%3As%7Bb}:'))).toBe(true);
  });
});

const stores: readonly (readonly [string, () => { bucket: Bucket; time: Movable } | undefined])[] = [
  ['memory', () => ((time) => ({ time, bucket: memoryBucket({ clock: time.clock }) }))(movable())],
  ['Redis', () => (redis === undefined ? undefined : ((time) => ({ time, bucket: redisBucket(redis, time.script) }))(movable()))],
];

describe.for(stores)('rules of a budget in %s', ([name, open]) => {
  const test_ = test.skipIf(name === 'Redis' && redis === undefined);
  const started = async () => {
    const { bucket, time } = open() ?? { bucket: memoryBucket({ clock: { now: () => 0 } }), time: movable() };
    await time.move(0);
    return { bucket, time };
  };

  test_('D9: what is larger than the budget never fits', async () => {
    const { bucket } = await started();
    expect(await bucket.hold(request({ points: 1_001 }))).toMatchObject({ kind: 'never', limit: 'cost', available: [1_000] });
  });

  test_('D14: the same reservation is charged once, also when asked for again', async () => {
    const { bucket } = await started();
    await bucket.hold(request({ points: 600 }));
    expect(await bucket.hold(request({ points: 600 }))).toMatchObject({ kind: 'admitted', available: [400] });
  });

  test_('D15: a second capture changes nothing', async () => {
    const { bucket } = await started();
    await bucket.hold(request({ points: 600 }));
    expect(await bucket.capture(request({ points: 600 }), 100)).toMatchObject({ captured: true, available: [900] });
    expect(await bucket.capture(request({ points: 600 }), 100)).toMatchObject({ captured: false, available: [900] });
  });

  test_('D17: an open reservation blocks and does not drain', async () => {
    const { bucket, time } = await started();
    const policies = [{ name: 'cost', capacity: 1_000, perSecond: 100 }];
    await bucket.hold(request({ policies, points: 1_000, lifetimeMs: 60_000 }));
    await time.move(20_000_000);
    expect(await bucket.hold(request({ policies, reservation: 'next' }))).toMatchObject({ kind: 'wait', limit: 'cost' });
    await bucket.capture(request({ policies, points: 1_000, lifetimeMs: 60_000 }), 0);
    expect(await bucket.hold(request({ policies, reservation: 'next' }))).toMatchObject({ kind: 'admitted', available: [990] });
  });

  test_('a reservation that nobody captures is charged at its end, and drains from there', async () => {
    const { bucket, time } = await started();
    const policies = [{ name: 'cost', capacity: 1_000, perSecond: 10 }];
    await bucket.hold(request({ policies, points: 800, lifetimeMs: 5_000 }));
    await time.move(15_000_000);
    const later = await bucket.hold(request({ policies, reservation: 'next', points: 1 }));
    expect(later).toMatchObject({ kind: 'admitted', available: [299], expired: [{ reservation: 'r', points: 800 }] });
    expect(await bucket.settle({ organization: 'acme', policies })).toEqual([]);
  });

  test_('the wait that is told is enough, and not a millisecond too long', async () => {
    const { bucket, time } = await started();
    const policies = [{ name: 'cost', capacity: 100, perSecond: 7 }];
    await bucket.charge(request({ policies, points: 100 }));
    const refused = await bucket.hold(request({ policies, points: 31 }));
    const wait = refused.kind === 'wait' ? refused.waitMs : 0;
    expect(wait).toBeCloseTo(31_000 / 7, 0);
    await time.move(Math.floor(wait * 1_000) - 1_000);
    expect(await bucket.hold(request({ policies, points: 31 }))).toMatchObject({ kind: 'wait' });
    await time.move(1_001);
    expect(await bucket.hold(request({ policies, points: 31 }))).toMatchObject({ kind: 'admitted' });
  });

  test_('all or nothing: a meter that is full leaves the points and the other meters alone', async () => {
    const { bucket, time } = await started();
    const meter = (name: string, amount: number, capacity: number) => ({ name, owner: 'p', amount, capacity, perSecond: 1 });
    const meters = [meter('requests', 1, 60), meter('Query.batch', 3, 4)];
    expect(await bucket.hold(request({ meters }))).toMatchObject({ kind: 'admitted', available: [990, 59, 1] });
    const refused = await bucket.hold(request({ meters, reservation: 'next' }));
    expect(refused).toMatchObject({ kind: 'wait', limit: 'Query.batch', waitMs: 2_000, available: [990, 59, 1] });
    await time.move(2_000_000);
    expect(await bucket.hold(request({ meters, reservation: 'next' }))).toMatchObject({ available: [980, 60 - 1, 0] });
    const never = [meter('Query.batch', 5, 4)];
    expect(await bucket.hold(request({ meters: never, reservation: 'more' }))).toMatchObject({
      kind: 'never',
      limit: 'Query.batch',
    });
  });

  test_('no more reservations are open at once than allowed', async () => {
    const { bucket } = await started();
    const both = [request({ maxInFlight: 2 }), request({ maxInFlight: 2, reservation: 'b' })];
    for (const one of both) await bucket.hold(one);
    const third = request({ maxInFlight: 2, reservation: 'c' });
    expect(await bucket.hold(third)).toMatchObject({ kind: 'wait', limit: 'in-flight', waitMs: 100 });
    await bucket.capture(request({ maxInFlight: 2 }), 1);
    expect(await bucket.hold(third)).toMatchObject({ kind: 'admitted' });
  });

  test_('D22: another capacity or rate holds from the next decision on; a capacity of 0 is closed', async () => {
    const { bucket } = await started();
    await bucket.charge(request({ points: 500 }));
    const closed = [{ name: 'cost', capacity: 0, perSecond: 0 }];
    expect(await bucket.hold(request({ points: 1, policies: closed }))).toMatchObject({ kind: 'never' });
    const larger = [{ name: 'cost', capacity: 2_000, perSecond: 0 }];
    expect(await bucket.hold(request({ points: 1_500, policies: larger }))).toMatchObject({ kind: 'admitted', available: [0] });
  });

  test_('policies share the outstanding points, each with its own level', async () => {
    const { bucket, time } = await started();
    const policies = [
      { name: 'cost', capacity: 100, perSecond: 10 },
      { name: 'day', capacity: 150, perSecond: 0.001 },
    ];
    await bucket.charge(request({ policies, points: 100 }));
    await time.move(10_000_000);
    const refused = await bucket.hold(request({ policies, points: 60 }));
    expect(refused).toMatchObject({ kind: 'wait', limit: 'day', available: [100, 50.01] });
  });

  const slow = [{ name: 'cost', capacity: 1_000, perSecond: 100 }];
  const second = 1_000_000;

  test_('D21: who was refused finds the points at the time that was told, however many small ones ask meanwhile', async () => {
    const { bucket, time } = await started();
    await bucket.charge(request({ policies: slow, points: 1_000 }));
    const large = request({ policies: slow, client: 'large', reservation: 'large', points: 500 });
    expect(await bucket.hold(large)).toMatchObject({ kind: 'wait', waitMs: 5_000 });
    for (let n = 0; n < 49; n++) {
      await time.move(second / 10);
      const small = request({ policies: slow, client: `small-${n % 7}`, reservation: `small-${n}`, points: 600 });
      expect(await bucket.hold(small)).toMatchObject({ kind: 'wait' });
    }
    await time.move(second / 10);
    expect(await bucket.hold(large)).toMatchObject({ kind: 'admitted', available: [0] });
  });

  test_('what delays nobody who waits goes first, also among those who were refused', async () => {
    const { bucket, time } = await started();
    await bucket.charge(request({ policies: slow, points: 950 }));
    // Told 4 s and 8 s, half a second more than they need: there is room for 50 points.
    await bucket.hold(request({ policies: slow, client: 'a', reservation: 'a', points: 400 }));
    const next = await bucket.hold(request({ policies: slow, client: 'b', reservation: 'b', points: 400 }));
    expect(next).toMatchObject({ kind: 'wait', waitMs: 7_500 });
    await time.move(second);
    const newcomer = (points: number) => request({ policies: slow, client: 'c', reservation: `c${points}`, points });
    expect(await bucket.charge(newcomer(60))).toMatchObject({ kind: 'wait' });
    expect(await bucket.charge(newcomer(40))).toMatchObject({ kind: 'admitted', available: [110] });
  });

  test_('a place that nobody takes up lapses two seconds later, without a charge', async () => {
    const { bucket, time } = await started();
    await bucket.charge(request({ policies: slow, points: 1_000 }));
    await bucket.hold(request({ policies: slow, client: 'gone', reservation: 'gone', points: 500 }));
    await time.move(6.9 * second);
    const other = request({ policies: slow, client: 'other', points: 600 });
    expect(await bucket.charge(other)).toMatchObject({ kind: 'wait' });
    await time.move(0.2 * second);
    expect(await bucket.charge(other)).toMatchObject({ kind: 'admitted', available: [110] });
  });

  test_(
    'a client that is refused again and again and takes up nothing keeps half of the capacity from others at most',
    async () => {
      const { bucket, time } = await started();
      await bucket.charge(request({ policies: slow, points: 1_000 }));
      let spent = 0;
      for (let n = 0; n < 300; n++) {
        await time.move(second / 10);
        // Never as much as before, so that it takes up no place.
        await bucket.hold(
          request({ policies: slow, client: 'hoarder', reservation: `h${n}`, points: 500 + (n % 400) + 0.001 * n }),
        );
        const honest = request({ policies: slow, client: 'honest', reservation: `r${n}`, points: 10 });
        if ((await bucket.hold(honest)).kind !== 'admitted') continue;
        await bucket.capture(honest, 10);
        spent += 10;
      }
      // After five seconds half of the bucket is empty, and from then on all that is restored is theirs.
      expect(spent).toBeGreaterThanOrEqual(25 * 100);
    },
  );

  test_('debt is bounded: a real price above the estimate costs twice the capacity at most', async () => {
    const { bucket } = await started();
    await bucket.hold(request({ points: 10 }));
    expect(await bucket.capture(request({ points: 10 }), 1_000_000)).toMatchObject({ available: [-1_000] });
  });
});

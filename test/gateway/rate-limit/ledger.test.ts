import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { batch } from '#gateway/organizations/batch.ts';
import { accounts } from '#gateway/rate-limit/account.ts';
import type { Ledger } from '#gateway/rate-limit/limiter.ts';
import { limiter } from '#gateway/rate-limit/limiter.ts';
import { redisBucket } from '#gateway/rate-limit/redis-bucket.ts';
import { usageLedger } from '#gateway/rate-limit/usage-ledger.ts';
import { systemClock } from '#kit/clock.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import type { UsageRow } from '#kit/organizations/records.ts';
import { readPlans } from '#kit/plans.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { partner } from '#test/harness/callers.ts';
import { planOf } from './limits.ts';

const redisUrl = inject('redisUrl');

/** `LEDGER_REQUESTS=100000` is the full run. */
const requests = Number(process.env['LEDGER_REQUESTS'] ?? 20_000);
const [parallel, lifetimeMs, organizations, keys] = [64, 1_500, 10, 3];

type Ending = 'answered' | 'client left' | 'upstream failed' | 'gateway died';

describe.skipIf(redisUrl === undefined)('the books', () => {
  test(`of ${requests} requests every point that was held is captured or expires, and usage has it to the point`, async () => {
    const redis = new Redis(redisUrl ?? '');
    await using store = openEmbeddedStore(':memory:');
    const run = crypto.randomUUID();
    const random = seededRandom(11);
    const usage = usageBatch(store.addUsage);
    const tally = { held: 0, expired: 0 };
    const written = usageLedger({ usage, clock: systemClock });
    const ledger: Ledger = {
      held: ({ points }) => {
        tally.held += points;
      },
      captured: written.captured,
      expired(entry) {
        tally.expired += entry.points;
        written.expired(entry);
      },
    };
    const plan = planOf({ capacity: 1e9, maxQueryCost: 2_000, maxInFlight: 1e6, requestsPerMinute: 1e9 });
    const plans = readPlans(JSON.stringify({ default: plan, anonymous: plan }));
    const accountOf = accounts({ plans: () => plans, overrides: () => [], clock: systemClock, onMissingPlan: () => undefined });
    const limits = limiter({ bucket: redisBucket(redis), ledger, lifetimeMs });
    const expected = new Map<string, { requests: number; points: number }>();
    const kept = { estimates: 0 };

    const one = async (): Promise<void> => {
      const organization = `${run}-${Math.floor(random() * organizations)}`;
      const keyId = `key_${Math.floor(random() * keys)}`;
      const caller = { ...partner(organization, []), keyId };
      const points = 1 + Math.floor(1_000 * random() ** 4);
      const ending = endingOf(random());
      const held = await limits.hold({ caller, account: accountOf(caller, ''), points, uses: [] });
      const actual = actualOf(ending, points, random());
      const row = expected.get(`${organization} ${keyId}`) ?? { requests: 0, points: 0 };
      expected.set(`${organization} ${keyId}`, { requests: row.requests + 1, points: row.points + actual });
      if (ending === 'gateway died') return;
      kept.estimates += points;
      await held.capture(actual);
      // Some answers are lost and told again; nothing is booked twice.
      if (random() < 0.01) await held.capture(actual);
    };

    let asked = 0;
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        while (asked++ < requests) await one();
      }),
    );
    await pause(lifetimeMs);
    for (let n = 0; n < organizations; n++) {
      const caller = partner(`${run}-${n}`, []);
      // Fifty at a time, as the script does.
      while ((await redis.zcard(`rl:{${caller.organization}}:h`)) > 0) await limits.settle(accountOf(caller, ''));
    }
    await usage[Symbol.asyncDispose]();

    expect(tally.held).toBe(kept.estimates + tally.expired);
    expect(tally.expired).toBeGreaterThan(0);
    const days = { from: '2000-01-01', to: '2999-12-31' };
    for (let n = 0; n < organizations; n++) {
      const id = `${run}-${n}`;
      const rows = byKey(await store.usage(id, days));
      const booked = [...expected].filter(([name]) => name.startsWith(`${id} `));
      expect([...rows].sort()).toEqual(booked.map(([name, row]) => [name.split(' ')[1], row]).sort());
      const points = booked.reduce((all, [, row]) => all + row.points, 0);
      expect(await redis.hmget(`rl:{${id}}:s`, 'p', 's:cost')).toEqual(['0', String(points * 1e6)]);
    }
    await redis.quit();
  }, 300_000);
});

function endingOf(share: number): Ending {
  if (share < 0.05) return 'gateway died';
  if (share < 0.15) return 'client left';
  return share < 0.3 ? 'upstream failed' : 'answered';
}

/** Whole points, as prices are. */
function actualOf(ending: Ending, points: number, share: number): number {
  switch (ending) {
    case 'gateway died':
    case 'client left':
      return points;
    case 'upstream failed':
      return 1;
    case 'answered':
      return Math.max(1, Math.round(points * share));
  }
}

/** Rows collected and written as the process does. */
const usageBatch = (write: (rows: readonly UsageRow[]) => Promise<void>) =>
  batch<UsageRow>({
    keyOf: ({ organizationId, apiKeyId, day }) => `${organizationId} ${apiKeyId} ${day}`,
    merge: (kept, added) => ({ ...kept, requests: kept.requests + added.requests, points: kept.points + added.points }),
    write,
    onError: (error) => {
      throw error;
    },
    everyMs: 200,
  });

/** A run over midnight has two days. */
function byKey(rows: readonly UsageRow[]) {
  const sums = new Map<string, { requests: number; points: number }>();
  for (const { apiKeyId, requests, points } of rows) {
    const known = sums.get(apiKeyId) ?? { requests: 0, points: 0 };
    sums.set(apiKeyId, { requests: known.requests + requests, points: known.points + points });
  }
  return sums;
}

import { accounts } from '#gateway/rate-limit/account.ts';
import type { Bucket } from '#gateway/rate-limit/bucket.ts';
import type { Entry, Ledger } from '#gateway/rate-limit/limiter.ts';
import { limiter } from '#gateway/rate-limit/limiter.ts';
import { memoryBucket } from '#gateway/rate-limit/memory-bucket.ts';
import type { Limits } from '#gateway/rate-limit/open-limits.ts';
import type { Clock } from '#kit/clock.ts';
import type { Plan, PlanOverride } from '#kit/plans.ts';
import { readPlans } from '#kit/plans.ts';
import { handClock } from '#test/harness/hand-clock.ts';

/** A plan of which only the named things matter. */
export const planOf = (changes: Partial<Plan> = {}): Plan => ({
  requestsPerMinute: 1_000_000,
  capacity: 1_000_000,
  restorePerSecond: 0,
  maxQueryCost: 1_000_000,
  maxInFlight: 1_000,
  windows: {},
  operations: {},
  whenAway: 'local',
  ...changes,
});

type Options = {
  readonly plan?: Partial<Plan>;
  readonly clock?: Clock;
  readonly bucket?: Bucket;
  readonly lifetimeMs?: number;
  readonly overrides?: readonly PlanOverride[];
};

/** Limits where every plan is alike, on a clock that stands still, with all that the ledger heard. */
export function testLimits({ plan = {}, clock = handClock(), bucket = memoryBucket({ clock }), ...options }: Options = {}) {
  const heard = { held: [] as Entry[], captured: [] as Entry[], expired: [] as Entry[] };
  const ledger: Ledger = {
    held: (entry) => void heard.held.push(entry),
    captured: (entry) => void heard.captured.push(entry),
    expired: (entry) => void heard.expired.push(entry),
  };
  const names = ['default', 'anonymous', 'premium', 'enterprise'];
  const plans = readPlans(JSON.stringify(Object.fromEntries(names.map((name) => [name, planOf(plan)]))));
  const limits: Pick<Limits, 'limiter' | 'accountOf' | 'clock'> = {
    limiter: limiter({ bucket, ledger, lifetimeMs: options.lifetimeMs ?? 20_000 }),
    accountOf: accounts({ plans: () => plans, overrides: () => options.overrides ?? [], clock, onMissingPlan: () => undefined }),
    clock,
  };
  return { limits, heard };
}

export const sum = (entries: readonly Entry[]): number => entries.reduce((all, { points }) => all + points, 0);

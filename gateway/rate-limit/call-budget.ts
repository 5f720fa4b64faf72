import type { CallBudget } from '#kit/call.ts';
import type { Account } from './account.ts';
import type { Throttle } from './limiter.ts';

type Reserved = { readonly account: Account; readonly points: number; readonly throttle: Throttle };

/** What a running operation may be told of its caller's budget. */
export function callBudget({ account, points, throttle }: Reserved, nowMs: number): CallBudget {
  const { maximumAvailable: limit, currentlyAvailable, restoreRate } = throttle;
  const secondsToFull = (limit - currentlyAvailable) / restoreRate;
  return {
    plan: account.plan,
    limit,
    cost: points,
    remaining: Math.max(0, currentlyAvailable),
    restoreRate,
    // Few operations ask; a date in words costs more than all the rest.
    resetAt: () => (restoreRate > 0 ? new Date(nowMs + secondsToFull * 1_000).toISOString() : null),
  };
}

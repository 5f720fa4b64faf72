import type { Account } from './account.ts';
import type { Throttle } from './limiter.ts';

type Priced = { readonly points: number; readonly account: Account; readonly breakdown: readonly object[] };

/** What `POST /graphql/cost` answers (design section 5). */
export function quoteOf({ points, account, breakdown }: Priced, { currentlyAvailable, restoreRate }: Throttle) {
  const { maxQueryCost, capacity } = account.limits;
  const most = Math.min(maxQueryCost, capacity);
  const fits = points <= most;
  const missing = points - currentlyAvailable;
  const waits = fits && missing > 0 && restoreRate > 0;
  return {
    requestedQueryCost: points,
    maxQueryCost: most,
    fits,
    admissibleNow: fits && missing <= 0,
    retryAfterSeconds: waits ? Math.ceil(missing / restoreRate) : null,
    breakdown,
  };
}

import type { CostReport } from '#gateway/request.ts';
import type { Throttle } from './limiter.ts';

type Priced = {
  readonly requested: number;
  /** Null when nothing was executed. */
  readonly actual: number | null;
  readonly throttle: Throttle;
  /** Price by field, where the client asked for it. */
  readonly fields?: readonly object[] | undefined;
};

/** What the client is told of its price and of what is left (design section 5; RateLimit fields of the IETF draft). */
export function costReport({ requested, actual, throttle, fields }: Priced, nowMs: number): CostReport {
  const { requests, ...throttleStatus } = throttle;
  return {
    extension: {
      requestedQueryCost: requested,
      actualQueryCost: actual,
      throttleStatus,
      ...(fields !== undefined && { fields }),
    },
    headers: { ...costHeaders(throttleStatus), ...requestHeaders(requests, nowMs) },
  };
}

function costHeaders({ maximumAvailable, currentlyAvailable, restoreRate }: Omit<Throttle, 'requests'>) {
  const left = Math.max(0, currentlyAvailable);
  const within = restoreRate > 0 ? [`;w=${Math.ceil(maximumAvailable / restoreRate)}`] : [];
  const until = restoreRate > 0 ? [`;t=${Math.ceil((maximumAvailable - currentlyAvailable) / restoreRate)}`] : [];
  return {
    'ratelimit-policy': ['"org-cost"', `;q=${maximumAvailable}`, ...within].join(''),
    ratelimit: ['"org-cost"', `;r=${left}`, ...until].join(''),
  };
}

/** Older clients look at requests; the reset is a moment, in seconds since the epoch. */
function requestHeaders({ limit, remaining }: Throttle['requests'], nowMs: number) {
  const secondsToFull = limit > 0 ? ((limit - remaining) * 60) / limit : 60;
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.ceil(nowMs / 1_000 + secondsToFull)),
  };
}

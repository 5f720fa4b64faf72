import type { Clock } from './clock.ts';
import { upstreamError } from './errors.ts';
import type { Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';

type Options = {
  readonly service: string;
  /** Calls of this process in any minute that begins with one. */
  readonly perMinute: number;
  readonly clock: Clock;
};

const minuteMs = 60_000;

/** Keeps to the number of calls that an upstream allows; more fail at once and say when to come back. */
export function callRate({ service, perMinute, clock }: Options): Layer<RestRequest, RestResponse> {
  let since = Number.NEGATIVE_INFINITY;
  let calls = 0;
  return (next) => async (request) => {
    const now = clock.now();
    if (now - since >= minuteMs) {
      since = now;
      calls = 0;
    }
    calls += 1;
    if (calls <= perMinute) return next(request);
    throw upstreamError('UPSTREAM_RATE_LIMITED', service, {
      extensions: { retryAfter: Math.ceil((since + minuteMs - now) / 1_000) },
    });
  };
}

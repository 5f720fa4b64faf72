import { ExpectedError } from './errors.ts';
import type { Handler, Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';

/**
 * Retries are this share of all calls at most, so that a failing upstream does not get more load than a healthy one.
 * Together with the burst that is less than a tenth of any thousand calls.
 */
const share = 0.09;
/** Retries that may come at once after a quiet time. */
const burst = 10;
/** Time before a retry, at most twice as long: who failed together does not come back together. */
const shortestPauseMs = 10;

/**
 * Repeats a read once when its connection broke or the upstream answered 502, 503 or 504 without asking for more patience
 * than that. Writes are never repeated: they may have been committed.
 */
export function retryReads(): Layer<RestRequest, RestResponse> {
  let budget = burst;
  const mayRetry = (): boolean => {
    if (budget < 1) return false;
    budget -= 1;
    return true;
  };
  return (next) => {
    const call = onceMore(next, mayRetry);
    return (request) => {
      if (request.method !== 'GET' && request.safe !== true) return next(request);
      budget = Math.min(burst, budget + share);
      return call(request);
    };
  };
}

type Call = Handler<RestRequest, RestResponse>;

const onceMore =
  (next: Call, mayRetry: () => boolean): Call =>
  async (request) => {
    try {
      const response = await next(request);
      if (!isPassing(response) || !mayRetry()) return response;
    } catch (error) {
      if (!isBroken(error) || !mayRetry()) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, shortestPauseMs * (1 + Math.random())));
    return next(request);
  };

const isPassing = ({ status, headers }: RestResponse): boolean =>
  status >= 502 && status <= 504 && headers['retry-after'] === undefined;

const isBroken = (error: unknown): boolean => error instanceof ExpectedError && error.code === 'UPSTREAM_UNAVAILABLE';

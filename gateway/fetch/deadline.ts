import type { FetchLayer } from '#gateway/request.ts';
import { upstreamError } from '#kit/errors.ts';

type Options = {
  /** Longest time of one call to one subgraph. */
  readonly subgraphTimeoutMs: number;
};

/** Ends a subgraph call after its time, or when what is left of the request's time is up. */
export function deadline({ subgraphTimeoutMs }: Options): FetchLayer {
  return (next) => async (request) => {
    if (request.signal.aborted) throw upstreamError('UPSTREAM_TIMEOUT', request.service);
    const timeUp = Promise.withResolvers<never>();
    const controller = new AbortController();
    const end = (): void => {
      const error = upstreamError('UPSTREAM_TIMEOUT', request.service);
      controller.abort(error);
      timeUp.reject(error);
    };
    const timer = setTimeout(end, subgraphTimeoutMs);
    request.signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([next({ ...request, signal: controller.signal }), timeUp.promise]);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', end);
    }
  };
}

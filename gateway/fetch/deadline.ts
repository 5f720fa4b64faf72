import type { FetchLayer } from '#gateway/request.ts';
import { upstreamError } from '#kit/errors.ts';

type Options = {
  /** Longest time of one call to one subgraph. */
  readonly subgraphTimeoutMs: number;
};

/** Ends a subgraph call after its time, or when the whole request ends. */
export function deadline({ subgraphTimeoutMs }: Options): FetchLayer {
  return (next) => async (request) => {
    const controller = new AbortController();
    const end = (): void => controller.abort(upstreamError('UPSTREAM_TIMEOUT', request.service));
    const timer = setTimeout(end, subgraphTimeoutMs);
    request.signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([next({ ...request, signal: controller.signal }), ended(controller.signal)]);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', end);
    }
  };
}

const ended = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

import type { FetchLayer } from '#gateway/request.ts';
import { upstreamError } from '#kit/errors.ts';

type Options = {
  /** Longest time of one call to one subgraph. */
  readonly subgraphTimeoutMs: number;
};

/** Ends a subgraph call after its time, or when what is left of the request's time is up. */
export function deadline({ subgraphTimeoutMs }: Options): FetchLayer {
  return (next) => (request) =>
    new Promise((resolve, reject) => {
      const late = () => upstreamError('UPSTREAM_TIMEOUT', request.service);
      if (request.signal.aborted) return reject(late());
      const controller = new AbortController();
      const leave = (): void => {
        clearTimeout(timer);
        request.signal.removeEventListener('abort', end);
      };
      const end = (): void => {
        leave();
        const error = late();
        controller.abort(error);
        reject(error);
      };
      const timer = setTimeout(end, subgraphTimeoutMs);
      request.signal.addEventListener('abort', end, { once: true });
      next({ ...request, signal: controller.signal }).then(
        (answer) => {
          leave();
          resolve(answer);
        },
        (error: unknown) => {
          leave();
          reject(error);
        },
      );
    });
}

import { upstreamError } from './errors.ts';
import type { Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';
import type { Queue } from './slots.ts';
import { slots } from './slots.ts';

type Options = {
  readonly service: string;
  /** Calls under way at once. */
  readonly running: number;
  /** Calls that may wait for one of them to end. */
  readonly waiting: number;
};

/**
 * Keeps one slow upstream from taking the memory of all: what neither runs nor may wait fails at once. Who leaves while it
 * waits is let go at once, and its place in the queue is free again.
 */
export function bulkhead({ service, running, waiting }: Options): Layer<RestRequest, RestResponse> {
  const slot = slots(running);
  const late = (signal: AbortSignal) => upstreamError('UPSTREAM_TIMEOUT', service, { cause: signal.reason });
  const inQueue = (queue: Queue, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (queue.size >= waiting)
        throw upstreamError('UPSTREAM_UNAVAILABLE', service, { cause: new Error('Too many calls wait.') });
      const start = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        queue.delete(start);
        reject(late(signal));
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.add(start);
    });
  return (next) => (request) => {
    const { signal } = request;
    if (signal.aborted) return Promise.reject(late(signal));
    return slot(
      () => next(request),
      (queue) => inQueue(queue, signal),
    );
  };
}

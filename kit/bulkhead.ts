import { BulkheadRejectedError, bulkhead as cockatielBulkhead, TaskCancelledError } from 'cockatiel';
import { upstreamError } from './errors.ts';
import type { Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';
import { untilAborted } from './until-aborted.ts';

type Options = {
  readonly service: string;
  /** Calls under way at once. */
  readonly running: number;
  /** Calls that may wait for one of them to end. */
  readonly waiting: number;
};

/**
 * Keeps one slow upstream from taking the memory of all: what neither runs nor may wait fails at once. Who leaves while it
 * waits is let go at once; its place in the queue is free when its turn comes.
 */
export function bulkhead({ service, running, waiting }: Options): Layer<RestRequest, RestResponse> {
  const policy = cockatielBulkhead(running, waiting);
  return (next) => async (request) => {
    const { signal } = request;
    const leave = () => upstreamError('UPSTREAM_TIMEOUT', service, { cause: signal.reason });
    const waits = policy.executionSlots === 0;
    try {
      const work = policy.execute(() => next(request), signal);
      return await (waits ? untilAborted(work, signal, leave) : work);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw upstreamError('UPSTREAM_UNAVAILABLE', service, { cause: error });
      if (error instanceof TaskCancelledError) throw leave();
      throw error;
    }
  };
}

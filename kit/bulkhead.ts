import { BulkheadRejectedError, bulkhead as cockatielBulkhead, TaskCancelledError } from 'cockatiel';
import { upstreamError } from './errors.ts';
import type { Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';

type Options = {
  readonly service: string;
  /** Calls under way at once. */
  readonly running: number;
  /** Calls that may wait for one of them to end. */
  readonly waiting: number;
};

/** Keeps one slow upstream from taking the memory of all: what neither runs nor may wait fails at once. */
export function bulkhead({ service, running, waiting }: Options): Layer<RestRequest, RestResponse> {
  const policy = cockatielBulkhead(running, waiting);
  return (next) => async (request) => {
    try {
      return await policy.execute(() => next(request), request.signal);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw upstreamError('UPSTREAM_UNAVAILABLE', service, { cause: error });
      // The caller went away, or its time was up, while the call waited for its turn.
      if (error instanceof TaskCancelledError) throw upstreamError('UPSTREAM_TIMEOUT', service, { cause: error });
      throw error;
    }
  };
}

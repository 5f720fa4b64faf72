import type { FetchLayer } from '#gateway/request.ts';

/** Headers of our own that every HTTP subgraph gets, beside the client headers of the allow-list. */
export function forwardedHeaders(): FetchLayer {
  return (next) => (request) => next({ ...request, headers: { ...request.headers, 'x-request-id': request.call.requestId } });
}

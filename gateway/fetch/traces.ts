import type { FetchLayer } from '#gateway/request.ts';
import { traced } from '#kit/tracing.ts';

/** Each call to a subgraph is a step of the trace, whatever wraps it or answers in its place. */
export const traces = (): FetchLayer => (next) => (request) => {
  const { service, kind } = request;
  return traced(
    {
      kind: 'subgraph',
      name: `subgraph ${service}`,
      attributes: { 'graphql.subgraph.name': service, 'graphql.operation.type': kind },
    },
    () => next(request),
    ({ errors = [] }) => ({ 'graphql.error.count': errors.length }),
  );
};

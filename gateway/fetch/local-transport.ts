import type { SubgraphHandler, SubgraphResponse } from '#gateway/request.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';

/** Asks a subgraph of this process: a function call, without HTTP and without JSON text. */
export function localTransport(subgraph: Pick<RunningSubgraph, 'execute'>): SubgraphHandler {
  return async ({ text, operationName, variables, call }) => {
    const { data, errors, freshness } = await subgraph.execute({
      text,
      variables,
      call,
      ...(operationName !== undefined && { operationName }),
    });
    return {
      ...(data !== undefined && { data }),
      ...(errors !== undefined && { errors: errors.map(plain) }),
      ...(freshness !== undefined && { freshness }),
    } satisfies SubgraphResponse;
  };
}

const plain = ({
  message,
  path,
  extensions,
}: {
  message: string;
  path?: readonly (string | number)[] | undefined;
  extensions: object;
}) => ({
  message,
  ...(path !== undefined && { path }),
  extensions: { ...extensions },
});

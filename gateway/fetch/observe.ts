import type { FetchLayer, OperationName } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';

/** One call to one subgraph that has ended. */
export type SubgraphCall = {
  readonly service: string;
  /** The client's operation that it belongs to, where that has a name. */
  readonly operation?: OperationName;
  readonly seconds: number;
  /** Codes of its errors, each once; empty when there was none. */
  readonly codes: readonly unknown[];
};

/** Tells of every call that is made to a subgraph, however it ends. */
export function observed(tell: (call: SubgraphCall) => void): FetchLayer {
  return (next) => async (request) => {
    const began = performance.now();
    const { service, operation } = request;
    const ended = (codes: readonly unknown[]): void =>
      tell({ service, seconds: (performance.now() - began) / 1e3, codes, ...(operation !== undefined && { operation }) });
    try {
      const answer = await next(request);
      ended(answer.errors === undefined ? [] : [...new Set(answer.errors.map(({ extensions }) => extensions?.['code']))]);
      return answer;
    } catch (error) {
      ended([error instanceof ExpectedError ? error.code : 'INTERNAL_SERVER_ERROR']);
      throw error;
    }
  };
}

import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import { execute, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Call } from './call.ts';
import { maskUnexpected } from './mask.ts';

/** One operation for one subgraph, as a query planner writes it. */
export type SubgraphOperation = {
  readonly text: string;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly call: Call;
};

type ExecutorParts = {
  readonly schema: GraphQLSchema;
  readonly contextFor: (call: Call) => object;
  readonly onUnexpectedError: (error: GraphQLError) => void;
};

/**
 * Executes operations without HTTP and without JSON text. Each text is parsed once and not validated: it comes from
 * our planner over this very schema, never from a client.
 */
export function operationExecutor({
  schema,
  contextFor,
  onUnexpectedError,
}: ExecutorParts): (operation: SubgraphOperation) => Promise<ExecutionResult> {
  const documents = new LRUCache<string, DocumentNode>({ max: 2_000 });
  const documentOf = (text: string): DocumentNode => {
    const known = documents.get(text);
    if (known !== undefined) return known;
    const parsed = parse(text, { noLocation: true });
    documents.set(text, parsed);
    return parsed;
  };
  return async ({ text, operationName, variables, call }) => {
    const result = await execute({
      schema,
      document: documentOf(text),
      contextValue: contextFor(call),
      variableValues: variables,
      operationName,
    });
    if (result.errors === undefined) return result;
    return { ...result, errors: result.errors.map((error) => maskUnexpected(error, onUnexpectedError)) };
  };
}

import type { ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import { execute, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Call } from './call.ts';
import { compile } from './execution/compile.ts';
import { maskUnexpected } from './mask.ts';

/** One operation for one subgraph, as a query planner writes it. */
export type SubgraphOperation = {
  readonly text: string;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly call: Call;
};

type ExecutorParts = {
  readonly schema: GraphQLSchema;
  readonly contextFor: (call: Call) => object;
  /** False to leave all execution to graphql-js; true by default. */
  readonly compiled?: boolean;
  readonly onUnexpectedError: (error: GraphQLError) => void;
};

type Execute = (asked: {
  readonly variables?: SubgraphOperation['variables'];
  readonly context: object;
}) => Promise<ExecutionResult>;

/**
 * Executes operations without HTTP and without JSON text. Each text is parsed and compiled once, and not validated: it comes
 * from our planner over this very schema, never from a client.
 */
export function operationExecutor({
  schema,
  contextFor,
  compiled = true,
  onUnexpectedError,
}: ExecutorParts): (operation: SubgraphOperation) => Promise<ExecutionResult> {
  const known = new LRUCache<string, Execute>({ max: 2_000 });
  const executeOf = (text: string, operationName: string | undefined): Execute => {
    const key = `${operationName ?? ''} ${text}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const parts = { schema, document: parse(text, { noLocation: true }), operationName };
    const made = (compiled ? compile(parts) : undefined) ?? byLibrary(parts);
    known.set(key, made);
    return made;
  };
  return async ({ text, operationName, variables, call }) => {
    const result = await executeOf(text, operationName)({ variables, context: contextFor(call) });
    if (result.errors === undefined) return result;
    return { ...result, errors: result.errors.map((error) => maskUnexpected(error, onUnexpectedError)) };
  };
}

type Document = Pick<ExecutionArgs, 'schema' | 'document' | 'operationName'>;

const byLibrary =
  (parts: Document): Execute =>
  async ({ variables: variableValues, context: contextValue }) =>
    execute({ ...parts, contextValue, variableValues });

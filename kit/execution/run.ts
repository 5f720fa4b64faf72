import type { FragmentDefinitionNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';

/** What belongs to an operation, as resolvers are told it. */
export type Operation = {
  readonly schema: GraphQLSchema;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  readonly operation: OperationDefinitionNode;
};

/** One run of an operation. */
export type Run = {
  readonly context: unknown;
  /** Coerced to their types. */
  readonly variables: { [variable: string]: unknown };
  readonly errors: GraphQLError[];
};

/** Where a field or an item stands, as resolvers are told it. */
export type Place = {
  readonly prev: Place | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;
};

/** Turns what a resolver gave into what is shown; throws or rejects where it may not be null and is. */
export type Complete = (value: unknown, place: Place, run: Run) => unknown;

/** Resolves and completes a field, or all fields of an object; throws or rejects where it may not be null and is. */
export type Step = (source: unknown, place: Place | undefined, run: Run) => unknown;

export const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function';

export function pathOf(place: Place | undefined): readonly (string | number)[] {
  const path: (string | number)[] = [];
  for (let at = place; at !== undefined; at = at.prev) path.push(at.key);
  return path.reverse();
}

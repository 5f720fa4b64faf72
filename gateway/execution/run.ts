import type { GraphQLError } from 'graphql';
import type { RequestContext, SubgraphResponse } from '#gateway/request.ts';
import type { Handler } from '#kit/layer.ts';
import type { Path } from './entities.ts';
import type { OwnTree } from './tree.ts';

/** What one run of an operation gathers. */
export type Run = {
  readonly context: RequestContext;
  /** True for a mutation. */
  readonly writes: boolean;
  /** As the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** The same with the operation's defaults. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What came of all fetches so far. */
  readonly root: OwnTree;
  readonly errors: GraphQLError[];
  /** Where entities stand that their subgraph does not know: null there is an answer, not a failure. */
  readonly gone: Path[];
  /** Entities that were asked for so far. */
  entities: number;
};

/** A fetch of a plan on its way to a subgraph. */
type Fetch = {
  readonly context: RequestContext;
  readonly text: string;
  readonly operationName?: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly kind: 'query' | 'mutation';
  /** True for every fetch of a mutation, those that only read too. */
  readonly writes: boolean;
};

export type FetchHandler = Handler<Fetch, SubgraphResponse>;

/** Carries out a part of a plan. */
export type Step = (run: Run) => Promise<void>;

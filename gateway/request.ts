import type { DocumentNode, ExecutionResult, FormattedExecutionResult, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { HttpAnswer, HttpRequest } from '#kit/apollo-http.ts';
import type { Call, CallBudget } from '#kit/call.ts';
import type { ExpectedError } from '#kit/errors.ts';
import type { Freshness } from '#kit/freshness.ts';
import type { Handler, Layer } from '#kit/layer.ts';

/** Everything the stages know of one request from a client. It is Apollo Server's context value. */
export type RequestContext = {
  readonly call: Call;
  /** Client headers that subgraphs may see, by lower-case name; already checked against the allow-list. */
  readonly forwarded: Readonly<Record<string, string>>;
  /** Where files stand among the variables, such as `variables.file`; mostly none. */
  readonly uploads: readonly string[];
  /** Where the client is. */
  readonly address: string;
  /** The client wants to know what each field costs. */
  readonly wantsBreakdown: boolean;
  /** True when the operation is to be priced only. */
  readonly pricesOnly: boolean;
  /** True when nothing that was kept may answer: `Cache-Control: no-cache` of somebody who may ask for that. */
  readonly wantsFresh?: boolean;
  readonly outcome: Outcome;
};

/** What an answer says of its price: `extensions.cost`, and headers by lower-case name. */
export type CostReport = {
  readonly extension: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** There when not even the point that an answer costs is left: it is the answer, then. */
  readonly refusal?: ExpectedError;
};

/** Ends an operation's reservation by what it brought; `left` when the client did not wait for it. */
type Settle = (answered: { readonly data: unknown; readonly left: boolean }) => Promise<CostReport>;

/** What became of a request; an object of its own, because Apollo Server works on a copy of the context. */
type Outcome = {
  /** True once Apollo Server took the request up; before that its refusals carry no request id yet. */
  accepted: boolean;
  /** True when nothing ran because the caller's own text or variables were wrong. */
  refusedText: boolean;
  /** True once the operation was found to need no credential; without it a stranger gets no other answer than a refusal. */
  isPublic: boolean;
  /** True once the client is gone. */
  left: boolean;
  /** There as soon as points were asked for, also when they were refused. */
  settle?: Settle;
  /** What the caller has left; there once the operation's points are reserved. */
  budget?: CallBudget;
  /** The answer to a question for a price. */
  quote?: { readonly body: Readonly<Record<string, unknown>>; readonly headers: CostReport['headers'] };
  /** What was looked up in the cache for it. */
  readonly lookups?: CacheLookup[];
  /** Trace that the request belongs to, while traces are made. */
  traceId?: string;
  /** Name under which the operation is registered; absent when it is not. One of few, so it may stand in a metric. */
  registered?: string;
  /** What the operation's own text calls it; there once it is found in the document. */
  operation?: { readonly name?: string; readonly kind: OperationDefinitionNode['operation'] };
  /** Points that it took; absent before they are booked. */
  spent?: number;
  /** Codes of the answer's errors, there once it is answered. */
  codes?: readonly unknown[];
};

/** What became of one question to the cache. */
export type CacheLookup = {
  readonly subgraph: string;
  /** `negative` is a hit on what is known not to be there, `bypass` a call of which nothing is ever kept. */
  readonly status: 'hit' | 'stale' | 'miss' | 'negative' | 'bypass';
  readonly ageSeconds: number;
  /** For how long in all the answer holds; 0 where it is not kept. */
  readonly ttlSeconds: number;
  readonly scope: 'PUBLIC' | 'ORGANIZATION' | 'PRIVATE';
  /** What the answer is invalidated by. */
  readonly tags: readonly string[];
};

/** The name of an operation, and whether it is registered under it. */
export type OperationName = { readonly name: string; readonly isRegistered: boolean };

/** A request for an operation as it came over HTTP; length and nesting of its text are checked. */
export type OperationRequest = HttpRequest & { readonly context: RequestContext };

/** Changes a request before anything of its text is parsed, or refuses it. */
export type RequestLayer = Layer<OperationRequest, HttpAnswer>;

/** An operation that was parsed and validated and asks to run. */
export type Admission = {
  readonly context: RequestContext;
  /** What clients see of the supergraph. */
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
};

/** An answer that is about to leave; both parts may still change. */
export type Answered = {
  readonly response: { readonly http: { status?: number; readonly headers: Pick<Map<string, string>, 'set'> } };
  readonly result: FormattedExecutionResult;
};

/** Decides whether an operation may run: returns, or throws an ExpectedError. */
export type Gate = (admission: Admission) => void | Promise<void>;

/** Changes what is planned and run of an admitted operation, and what is answered. */
export type OperationLayer = Layer<Admission, ExecutionResult>;

/** One call to one subgraph, as the query plan wants it. */
export type SubgraphRequest = {
  readonly service: string;
  readonly text: string;
  readonly operationName?: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly kind: 'query' | 'mutation';
  /** The client's operation that it belongs to, where that has a name. */
  readonly operation?: OperationName;
  /** True when files may stand among the variables. */
  readonly carriesUploads: boolean;
  readonly call: Call;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Takes down what is looked up in the cache; absent where nobody wants to know. */
  readonly lookups?: CacheLookup[] | undefined;
  /** True when nothing that was kept may answer. */
  readonly wantsFresh?: boolean | undefined;
};

/** An error entry as it travels in JSON. */
export type SubgraphError = {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
};

export type SubgraphResponse = {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly SubgraphError[];
  /** The least that the services behind it and the subgraph itself allow; absent when none of them said anything. */
  readonly freshness?: Freshness;
};

export type SubgraphHandler = Handler<SubgraphRequest, SubgraphResponse>;

/** Changes one call to one subgraph. */
export type FetchLayer = Layer<SubgraphRequest, SubgraphResponse>;

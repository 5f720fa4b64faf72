import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import type { GraphQLDataSource } from '@apollo/gateway';
import { buildOperationContext, executeQueryPlan } from '@apollo/gateway';
import { QueryPlanner } from '@apollo/query-planner';
import type { ExecutionResult, GraphQLFormattedError, GraphQLSchema } from 'graphql';
import { GraphQLError, getOperationAST, parse } from 'graphql';
import { compiledExecutor } from '#gateway/execution/executor.ts';
import { dataSource, plannedFetches } from '#gateway/fetch/data-source.ts';
import { wantedFields } from '#gateway/fetch/wanted.ts';
import type { RequestContext, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { administrator } from './callers.ts';
import type { RandomOperation } from './random-operation.ts';

/** An answer with its errors in an order of their own. */
export type Comparable = {
  /** The data as JSON text. */
  readonly data: string | undefined;
  readonly errors: readonly GraphQLFormattedError[];
  /** What the stock executor hides beside the answer. */
  readonly hidden: readonly GraphQLFormattedError[];
  /** True when a subgraph said of an entity that there is none. */
  readonly gone: boolean;
};

export type BothExecutors = {
  /** What clients see. */
  readonly schema: GraphQLSchema;
  /** False for what Apollo's planner has a bug with. */
  readonly canPlan: (operation: RandomOperation) => boolean;
  readonly stock: (operation: RandomOperation, seed: number) => Promise<Comparable>;
  readonly compiled: (operation: RandomOperation, seed: number) => Promise<Comparable>;
};

type Parts = {
  /** A supergraph that Apollo's planner takes. */
  readonly sdl: string;
  /** The seed is that of the operation, so that what goes wrong is the same for both. */
  readonly ask: (request: SubgraphRequest, seed: number) => Promise<SubgraphResponse>;
};

/** The stock executor and ours over the same plans and the same subgraphs. What ours is given is frozen. */
export function bothExecutors({ sdl, ask }: Parts): BothExecutors {
  const supergraph = Supergraph.build(sdl, { validateSupergraph: false });
  const apiSchema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph, { debug: { maxEvaluatedPlans: 200 } });
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const withGone = new WeakSet<object>();
  const wantedOf = wantedFields();
  const fetches = (service: string, received: (answer: SubgraphResponse) => SubgraphResponse) =>
    plannedFetches({
      service,
      async handle(request) {
        const answer = received(await ask(request, Number(request.call.requestId)));
        const entities = answer.data?.['_entities'];
        if (Array.isArray(entities) && entities.includes(null)) withGone.add(request.call);
        return answer;
      },
      wantedOf,
      onUnexpectedError: () => undefined,
    });
  const services = [...supergraph.subgraphsMetadata()].map(({ name }) => name);
  const sources: Record<string, GraphQLDataSource> = Object.fromEntries(
    services.map((name) => [name, dataSource(fetches(name, structuredClone))]),
  );
  const frozen = new Map(services.map((name) => [name, fetches(name, (answer) => freeze(structuredClone(answer)))]));
  const planOf = ({ document }: { document: ReturnType<typeof parse> }) =>
    planner.buildQueryPlan(operationFromDocument(apiSchema, document));
  const execute = compiledExecutor({ sdl, planOf, handlerOf: (name) => frozen.get(name) ?? Promise.reject });
  const context = (seed: number): RequestContext => ({
    call: { requestId: String(seed), signal: AbortSignal.timeout(60_000), caller: administrator },
    forwarded: {},
    uploads: [],
    address: '127.0.0.1',
    wantsBreakdown: false,
    pricesOnly: false,
    outcome: { accepted: true, refusedText: false, isPublic: false, left: false },
  });
  return {
    schema,
    canPlan({ text }) {
      try {
        planOf({ document: parse(text) });
        return true;
      } catch {
        return false;
      }
    },
    async stock({ text, variables }, seed) {
      const document = parse(text);
      const operationContext = buildOperationContext({ schema, operationDocument: document });
      const request = {
        request: { query: text, variables },
        context: context(seed),
        metrics: {},
        document,
        operation: operationContext.operation,
      };
      const run = executeQueryPlan as unknown as (...parts: readonly unknown[]) => Promise<ExecutionResult>;
      const plan = planOf({ document });
      const failed = (error: Error): ExecutionResult => ({ errors: [new GraphQLError(error.message)] });
      const result = await run(plan, sources, request, operationContext, supergraphSchema, apiSchema, {}).catch(failed);
      return { ...comparable(result), gone: withGone.has(request.context.call) };
    },
    async compiled({ text, variables }, seed) {
      const document = parse(text);
      const operation = getOperationAST(document);
      if (operation == null) throw new Error('There is no operation.');
      const asked = { context: context(seed), schema, document, operation, variables, hash: text };
      return { ...comparable(await execute(asked)), gone: withGone.has(asked.context.call) };
    },
  };
}

function comparable({ data, errors = [], extensions }: ExecutionResult): Omit<Comparable, 'gone'> {
  const hidden = (extensions?.['valueCompletion'] ?? []) as readonly { toJSON: () => GraphQLFormattedError }[];
  return {
    data: data === undefined ? undefined : JSON.stringify(data),
    errors: errors.map(entry).sort(byText),
    hidden: hidden.map((error) => error.toJSON()),
  };
}

const byText = (left: object, right: object): number => JSON.stringify(left).localeCompare(JSON.stringify(right));

/** Apollo gives errors without a code one of its own, which no client sees. */
const entry = ({ message, path, extensions }: Pick<GraphQLError, 'message' | 'path' | 'extensions'>): GraphQLFormattedError => {
  const { code, ...others } = { ...extensions };
  return {
    message,
    ...(path && { path }),
    extensions: { ...others, ...(code !== 'DOWNSTREAM_SERVICE_ERROR' && code !== undefined && { code }) },
  };
};

/** Whoever changes what a subgraph answered fails. */
function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

import type { GraphQLDataSource } from '@apollo/gateway';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { FormattedExecutionResult, GraphQLFormattedError, ValidationRule } from 'graphql';
import type { Logger } from 'pino';
import type { Admission, Answered, OperationLayer, OperationRequest, RequestContext } from '#gateway/request.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';
import { askApollo } from '#kit/apollo-http.ts';
import type { Clock } from '#kit/clock.ts';
import type { Handler } from '#kit/layer.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { documentHashes } from './document-hashes.ts';
import { knownOperations } from './known-operations.ts';
import type { Execute } from './layered-gateway.ts';
import { layeredExecution, layeredGateway } from './layered-gateway.ts';
import type { PlanningOptions } from './open-planner.ts';
import { openPlanner } from './open-planner.ts';
import type { Planner, PlanningObserver, PlanOf } from './planner.ts';

/** One supergraph at work: it plans, executes and answers until a newer one takes over. */
export type Engine = AsyncDisposable & {
  readonly answer: Handler<OperationRequest, HttpAnswer>;
  readonly planner: Pick<Planner, 'store' | 'warm'>;
};

type Options = PlanningOptions & {
  readonly maxTokens: number;
  /** Most errors told of one text. */
  readonly maxErrors: number;
  readonly openIntrospection: boolean;
};

type EngineParts = {
  readonly sdl: string;
  /** Features that are carried out beside the planner, as their links name them; the planner alone would refuse the supergraph. */
  readonly features: ReadonlySet<string>;
  /** What a text must pass beside the rules of GraphQL. */
  readonly rules: readonly ValidationRule[];
  /** Wrap the planning and execution of every operation, the first one outermost. */
  readonly layers: readonly OperationLayer[];
  readonly dataSourceOf: (service: string) => GraphQLDataSource;
  /** Runs operations over a supergraph in place of Apollo's executor, where it is given. */
  readonly executeBy?: ((planOf: PlanOf) => Execute) | undefined;
  /** Lets an operation run, or throws what Apollo Server answers with. */
  readonly admit: (admission: Admission) => Promise<void>;
  /** Writes into an answer what every one of them says. */
  readonly complete: (answered: Answered, context: RequestContext) => Promise<void>;
  readonly formatError: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
  /** JSON of a whole answer. */
  readonly textOf: (result: FormattedExecutionResult) => string;
  readonly logger: Logger;
  readonly options: Options;
  readonly clock: Clock;
  readonly observePlanning?: PlanningObserver | undefined;
};

/**
 * Builds planner and server for one supergraph. A new supergraph gets a new engine instead of being pushed into the old
 * one: a request is validated, planned and executed against the same schema, also while another takes over.
 */
export async function startEngine(parts: EngineParts): Promise<Engine> {
  const { features, rules, layers, admit, complete, formatError, logger, options, clock, observePlanning: observe } = parts;
  const sdl = plannerSdl(parts.sdl, features);
  await using opening = new AsyncDisposableStack();
  const planner = opening.use(openPlanner({ sdl, options, clock, observe }));
  const gateway = new ApolloGateway({
    supergraphSdl: sdl,
    buildService: ({ name }) => parts.dataSourceOf(name),
    logger: librarian(logger),
    queryPlannerConfig: { cache: planner.store.library, debug: { maxEvaluatedPlans: options.maxEvaluatedPlans } },
  });
  const hashes = documentHashes();
  const execute = parts.executeBy && layeredExecution(layers, parts.executeBy(planner.planOf), hashes);
  const operations = knownOperations({
    admit,
    execute,
    complete,
    textOf: parts.textOf,
    askServer: ({ context, ...request }) => askApollo(server, request, context),
    hashes,
  });
  const server = new ApolloServer<RequestContext>({
    gateway: layeredGateway(gateway, { layers, planOf: planner.planOf, execute: operations.execute, hashes }),
    logger: librarian(logger),
    formatError,
    stringifyResult: parts.textOf,
    // A gate decides who may read the schema; Apollo's rule knows no callers.
    introspection: true,
    hideSchemaDetailsFromClientErrors: !options.openIntrospection,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: options.maxTokens },
    validationRules: [...rules],
    // One more is added, which says that there may be others.
    validationOptions: { maxErrors: options.maxErrors - 1 },
    // Its store would be one for all organizations.
    persistedQueries: false,
    stopOnTerminationSignals: false,
    plugins: [
      operations.plugin,
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await server.start();
  opening.defer(() => server.stop());
  const opened = opening.move();
  return { answer: operations.answer, planner, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** What Apollo's packages tell at info is of use for finding faults only. */
const librarian = (logger: Logger) => ({
  debug: (message: unknown) => logger.trace(String(message)),
  info: (message: unknown) => logger.debug(String(message)),
  warn: (message: unknown) => logger.warn(String(message)),
  error: (message: unknown) => logger.error(String(message)),
});

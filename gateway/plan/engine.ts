import type { GraphQLDataSource } from '@apollo/gateway';
import { ApolloGateway } from '@apollo/gateway';
import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import type { RequestContext } from '#gateway/request.ts';

/** One supergraph at work: it plans, executes and answers until a newer one takes over. */
export type Engine = AsyncDisposable & { readonly server: ApolloServer<RequestContext> };

type Options = {
  readonly maxTokens: number;
  readonly maxEvaluatedPlans: number;
  readonly openIntrospection: boolean;
};

type EngineParts = {
  readonly sdl: string;
  readonly dataSourceOf: (service: string) => GraphQLDataSource;
  readonly plugins: readonly ApolloServerPlugin<RequestContext>[];
  readonly formatError: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
  readonly logger: Logger;
  readonly options: Options;
};

/**
 * Builds planner and server for one supergraph. A new supergraph gets a new engine instead of being pushed into the old
 * one: a request is validated, planned and executed against the same schema, also while another takes over.
 */
export async function startEngine({ sdl, dataSourceOf, plugins, formatError, logger, options }: EngineParts): Promise<Engine> {
  const gateway = new ApolloGateway({
    supergraphSdl: sdl,
    buildService: ({ name }) => dataSourceOf(name),
    logger: librarian(logger),
    queryPlannerConfig: { debug: { maxEvaluatedPlans: options.maxEvaluatedPlans } },
  });
  const server = new ApolloServer<RequestContext>({
    gateway,
    logger: librarian(logger),
    formatError,
    // Who may read the schema is decided per caller, by gates.
    introspection: true,
    hideSchemaDetailsFromClientErrors: !options.openIntrospection,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: options.maxTokens },
    stopOnTerminationSignals: false,
    plugins: [
      ...plugins,
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await server.start();
  return { server, [Symbol.asyncDispose]: () => server.stop() };
}

/** What Apollo's packages tell at info is of use for finding faults only. */
const librarian = (logger: Logger) => ({
  debug: (message: unknown) => logger.trace(String(message)),
  info: (message: unknown) => logger.debug(String(message)),
  warn: (message: unknown) => logger.warn(String(message)),
  error: (message: unknown) => logger.error(String(message)),
});

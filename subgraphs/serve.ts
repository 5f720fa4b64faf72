import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Fastify from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { askApollo, writeAnswer } from '#kit/apollo-http.ts';
import type { Asserted } from '#kit/assertion.ts';
import { assertionHeader, assertionReader } from '#kit/assertion.ts';
import { cacheControl } from '#kit/cache-control.ts';
import type { Call } from '#kit/call.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { ExpectedError, statusOf } from '#kit/errors.ts';
import { requestId } from '#kit/ids.ts';
import { maskUnexpected } from '#kit/mask.ts';
import type { MemoryShare } from '#kit/memory-budget.ts';
import { memoryBudget } from '#kit/memory-budget.ts';
import { readMultipart } from '#kit/multipart-request.ts';
import { traced } from '#kit/tracing.ts';
import type { UploadBounds } from '#kit/upload-bounds.ts';
import { readUploadBounds } from '#kit/upload-bounds.ts';

type ServeOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What the gateway signs its callers' identities with. */
  readonly secret: string;
  /** Bounds of the files in a multipart request; those of a gateway by default. */
  readonly uploads?: UploadBounds;
  readonly onUnexpectedError: (error: unknown) => void;
};

export type ServedSubgraph = AsyncDisposable & { readonly url: string };

/** Serves one subgraph over HTTP: `POST /graphql` for a gateway, `GET /health` for whoever watches it. */
export async function serve(subgraph: RunningSubgraph, options: ServeOptions): Promise<ServedSubgraph> {
  const { host, port, secret, uploads = readUploadBounds({}), onUnexpectedError } = options;
  const server = new ApolloServer<object>({
    schema: subgraph.schema,
    introspection: true,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      // It would forbid to keep whatever has no hint; the gateway knows the hints, and is told what the services said.
      ApolloServerPluginCacheControlDisabled(),
    ],
    formatError: (formatted, error) => format(formatted, error, onUnexpectedError),
  });
  await server.start();
  const app = Fastify({ bodyLimit: maxBodyBytes, forceCloseConnections: true });
  routes(app, server, { subgraph, uploads, read: assertionReader(secret, subgraph.name) });
  await app.listen({ host, port });
  return {
    url: `${app.listeningOrigin}/graphql`,
    async [Symbol.asyncDispose]() {
      await app.close();
      await server.stop();
    },
  };
}

const maxBodyBytes = 10 * 1024 * 1024;

type Served = {
  readonly subgraph: RunningSubgraph;
  readonly uploads: UploadBounds;
  /** What the gateway asserts of a request. */
  readonly read: (assertion: string | undefined) => Promise<Asserted>;
};

function routes(app: FastifyInstance, server: ApolloServer<object>, { subgraph, uploads, read }: Served): void {
  app.register(multipart);
  const memory = memoryBudget(uploads.maxUploadMemory);
  app.setErrorHandler((error, _, reply) => {
    const { code, message, extensions } = asExpected(error);
    return reply.status(statusOf(code)).send({ errors: [{ message, extensions }] });
  });
  app.get('/health', async () => ({ status: 'healthy', service: `${subgraph.name}-subgraph` }));
  app.post('/graphql', async (request, reply) => {
    const asserted = await read(request.headers[assertionHeader]?.toString());
    using share = memory.open();
    if (request.isMultipart()) request.body = await readForm(request, share, uploads);
    const call = callOf(request, reply, asserted);
    const { traceparent } = call;
    const span = { kind: 'request', name: `POST ${subgraph.name}-subgraph`, ...(traceparent && { traceparent }) } as const;
    const answer = await traced(span, () => askApollo(server, request, subgraph.contextFor(call)));
    const freshness = subgraph.freshnessOf(call);
    if (freshness !== undefined) reply.header('cache-control', cacheControl(freshness));
    return writeAnswer(reply, answer);
  });
}

const Operation = z.looseObject({ variables: z.record(z.string(), z.unknown()).nullish() });

/** A gateway's form for an operation with files. */
async function readForm(request: FastifyRequest, memory: MemoryShare, uploads: UploadBounds): Promise<unknown> {
  const { operation } = await readMultipart({
    request,
    memory,
    limits: { ...uploads, maxBodyBytes },
    readOperation: (text) => Operation.parse(JSON.parse(text)),
    readJson: JSON.parse,
  });
  return operation;
}

const asExpected = (error: unknown): ExpectedError =>
  error instanceof ExpectedError ? error : new ExpectedError('BAD_REQUEST', 'The request cannot be read.', { cause: error });

/** The call ends when the gateway hangs up, so that nothing goes on for nobody. */
function callOf({ headers }: FastifyRequest, reply: FastifyReply, asserted: Asserted): Call {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new Error('The caller went away.')));
  const { authorization, traceparent } = headers;
  return {
    requestId: requestId(String(headers['x-request-id'] ?? '')),
    signal: gone.signal,
    ...asserted,
    ...(authorization !== undefined && { authorization }),
    ...(typeof traceparent === 'string' && { traceparent }),
  };
}

function format(
  formatted: GraphQLFormattedError,
  error: unknown,
  onUnexpectedError: (error: unknown) => void,
): GraphQLFormattedError {
  if (!(error instanceof GraphQLError)) return formatted;
  const { message, path, extensions } = maskUnexpected(error, onUnexpectedError);
  return { message, ...(path !== undefined && { path }), extensions };
}

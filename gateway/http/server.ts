import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Fastify from 'fastify';
import type { Logger } from 'pino';
import type { RequestContext } from '#gateway/request.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';
import { writeAnswer } from '#kit/apollo-http.ts';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError, statusOf } from '#kit/errors.ts';
import { requestId } from '#kit/ids.ts';
import type { BodyLimits } from './body.ts';
import { checkSearch, readBody } from './body.ts';
import type { ContextOptions, Identify } from './context.ts';
import { contextOf } from './context.ts';
import { answerUnreadable } from './unreadable.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling. */
    caller: Caller;
  }
}

type HttpOptions = BodyLimits &
  ContextOptions & {
    readonly host: string;
    readonly port: number;
    readonly apiPrefix: string;
    readonly maxBodyBytes: number;
    readonly maxRequestsPerSocket: number;
  };

type Parts = {
  readonly options: HttpOptions;
  /** Answers one GraphQL request. */
  readonly answer: (request: FastifyRequest, context: RequestContext) => Promise<HttpAnswer>;
  /** Finds out who is calling, before the body is read. */
  readonly identify: Identify;
  /** Page for browsers; without one they get a 404. */
  readonly page: ((endpoint: string) => string) | undefined;
  readonly logger: Logger;
};

/** The public listener: GraphQL at `/graphql` and below the API prefix, `/live` and `/ready` for whoever watches us. */
export function httpServer({ options, answer, identify, page, logger }: Parts): FastifyInstance {
  const app = Fastify({
    bodyLimit: options.maxBodyBytes,
    genReqId: ({ headers }) => requestId(headers['x-request-id']?.toString()),
    keepAliveTimeout: 5_000,
    requestTimeout: 30_000,
    maxRequestsPerSocket: options.maxRequestsPerSocket,
    exposeHeadRoutes: false,
    clientErrorHandler: answerUnreadable,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true },
    http: { headersTimeout: 10_000, maxHeaderSize: 16_384 },
  });
  app.decorateRequest('caller');
  readsJson(app, options);
  app.addHook('onSend', async (request, reply) => void reply.header('x-request-id', request.id));
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(reply, request, asRefusal(error, logger)));
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, request, new ExpectedError('NOT_FOUND', 'There is nothing at this address.')),
  );
  app.get('/live', async () => ({ status: 'alive' }));
  app.get('/ready', async () => ({ status: 'ready' }));
  for (const endpoint of new Set(['/graphql', `${options.apiPrefix}/graphql`]))
    graphqlRoutes(app, endpoint, { options, answer, identify, page });
  if (page !== undefined) app.get('/', (_, reply) => reply.type('text/html').send(page('/graphql')));
  return app;
}

/** Only `application/json` in UTF-8, not compressed; the body is checked for depth before it is parsed. */
function readsJson(app: FastifyInstance, options: HttpOptions): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const charset = /charset=\s*"?([\w-]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (!/^utf-?8$/i.test(charset)) return done(new ExpectedError('UNSUPPORTED_MEDIA_TYPE', 'The body must be UTF-8.'));
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return done(new ExpectedError('UNSUPPORTED_MEDIA_TYPE', 'The body must not be compressed.'));
    }
    try {
      done(null, readBody(String(body), options));
    } catch (error) {
      done(error as Error);
    }
  });
}

function graphqlRoutes(app: FastifyInstance, endpoint: string, { options, answer, identify, page }: Omit<Parts, 'logger'>): void {
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    if (!wantsPage(request)) request.caller = await identify(request);
  };
  const graphql = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    using held = contextOf(request, reply, options);
    return writeAnswer(reply, await Promise.race([answer(request, held.context), held.timeUp]));
  };
  app.post(endpoint, { onRequest }, graphql);
  app.get(endpoint, { onRequest }, async (request, reply) => {
    if (wantsPage(request)) {
      if (page === undefined) throw new ExpectedError('NOT_FOUND', 'There is no page here; ask with POST.');
      return reply.type('text/html').send(page(endpoint));
    }
    checkSearch(request.query as Record<string, unknown>, options);
    return graphql(request, reply);
  });
  app.route({
    url: endpoint,
    method: ['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
    handler: async (_, reply) => {
      reply.header('allow', 'POST, GET');
      throw new ExpectedError('METHOD_NOT_ALLOWED', 'Operations are sent with POST, queries also with GET.');
    },
  });
}

const wantsPage = ({ method, headers, url }: FastifyRequest): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true && !url.includes('?');

const fastifyCodes: Readonly<Record<string, ExpectedError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new ExpectedError('PAYLOAD_TOO_LARGE', 'The body is too long.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new ExpectedError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: new ExpectedError('BAD_REQUEST', 'The body is empty.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: new ExpectedError('BAD_REQUEST', 'The body is not as long as its Content-Length.'),
};

function asRefusal(error: FastifyError, logger: Logger): ExpectedError {
  if (error instanceof ExpectedError) return error;
  const known = fastifyCodes[error.code];
  if (known !== undefined) return known;
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new ExpectedError('BAD_REQUEST', 'The request cannot be read.');
  logger.error({ err: error }, 'unexpected error');
  return new ExpectedError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
}

function refuse(reply: FastifyReply, request: FastifyRequest, { code, message, extensions }: ExpectedError): FastifyReply {
  return reply.status(statusOf(code)).send({ errors: [{ message, extensions: { ...extensions, requestId: request.id } }] });
}

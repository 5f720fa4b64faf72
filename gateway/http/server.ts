import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Fastify from 'fastify';
import type { Logger } from 'pino';
import type { RequestContext } from '#gateway/request.ts';
import type { AddressSet } from '#kit/address-set.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';
import { writeAnswer } from '#kit/apollo-http.ts';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError, statusOf, unauthenticated } from '#kit/errors.ts';
import { requestId } from '#kit/ids.ts';
import type { Abuse } from './abuse.ts';
import { checkSearch, readBody } from './body.ts';
import { trustedBy } from './client-address.ts';
import type { ContextOptions, Identify } from './context.ts';
import { contextOf } from './context.ts';
import type { CorsOptions } from './cors.ts';
import { edge } from './edge.ts';
import type { FormOptions } from './form.ts';
import { readsForms } from './form.ts';
import type { Observes } from './observe.ts';
import { observesRequests } from './observe.ts';
import { pagePolicy, standingHeaders, writesHeaders } from './response-headers.ts';
import { answersSocketErrors } from './socket-errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling. */
    caller: Caller;
    /** Where files stand among the variables; null when the body is no form. */
    uploads: readonly string[] | null;
  }
}

type HttpOptions = FormOptions &
  ContextOptions & {
    readonly host: string;
    readonly port: number;
    readonly apiPrefix: string;
    readonly maxRequestsPerSocket: number;
    /** Most open sockets; further ones are closed at once. */
    readonly maxConnections: number;
    /** Time for the headers of a request, and for all of it, to arrive. */
    readonly headersTimeoutMs: number;
    readonly receiveTimeoutMs: number;
    /** Peers whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: AddressSet;
    readonly cors: CorsOptions;
    readonly strictTransport: boolean;
  };

type Parts = {
  readonly options: HttpOptions;
  /** Answers one GraphQL request. */
  readonly answer: (request: FastifyRequest, context: RequestContext) => Promise<HttpAnswer>;
  /** Finds out who is calling, before the body is read. */
  readonly identify: Identify;
  /** True for the address of a client that is not to be served. */
  readonly refuses: (address: string) => boolean;
  /** Finds addresses that only guess and flood, where anything is limited. */
  readonly abuse?: Abuse | undefined;
  /** False while credentials cannot be checked. */
  readonly ready: () => boolean;
  /** True while no new traffic is wanted. */
  readonly draining?: () => boolean;
  /** True while answers are to end their connections, so that clients come back elsewhere. */
  readonly turnsAway?: () => boolean;
  /** Refuses an operation before anything of it is looked at, where there is reason to. */
  readonly checkRoom?: () => void;
  /** Offers `POST …/graphql/cost`, which prices an operation and runs nothing. */
  readonly pricesOperations: boolean;
  /** Page for browsers; without one they get a 404. */
  readonly page: ((endpoint: string) => string) | undefined;
  readonly logger: Logger;
  /** Hears of sockets and of requests that are over. */
  readonly observer?: Observes;
  /** Adds routes for whoever watches us. */
  readonly addRoutes?: ((app: FastifyInstance) => void) | undefined;
};

/** The public listener: GraphQL at `/graphql` and below the API prefix, `/live` and `/ready` for whoever watches us. */
export function httpServer({
  options,
  answer,
  identify,
  checkRoom,
  refuses,
  abuse,
  ready,
  draining = () => false,
  turnsAway = () => false,
  pricesOperations,
  page,
  logger,
  observer,
  addRoutes,
}: Parts): FastifyInstance {
  const standing = standingHeaders(options);
  const refuseError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    refuse(reply, request, asRefusal(error, logger));
  const app = Fastify({
    bodyLimit: options.maxBodyBytes,
    genReqId: ({ headers }) => requestId(headers['x-request-id']?.toString()),
    keepAliveTimeout: 5_000,
    requestTimeout: options.receiveTimeoutMs,
    trustProxy: trustedBy(options.trustedProxies),
    clientErrorHandler: answersSocketErrors(standing),
    // No hook runs for a URL that cannot be decoded.
    frameworkErrors: (error, request, reply) =>
      refuseError(error, request, reply.headers({ ...standing, 'x-request-id': request.id })),
    maxRequestsPerSocket: options.maxRequestsPerSocket,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // Who is still connected when the end comes is served; his answer closes the connection.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true },
    // How late a timeout is noticed is the interval; Node's own is 30 s.
    http: { headersTimeout: options.headersTimeoutMs, connectionsCheckingInterval: 500, maxHeaderSize: 16_384 },
  });
  app.server.maxConnections = options.maxConnections;
  app.decorateRequest('caller');
  app.decorateRequest('uploads', null);
  app.addHook('onSend', writesHeaders({ standing, ends: () => turnsAway() || !app.server.listening }));
  if (observer !== undefined) observesRequests(app, observer);
  edge(app, { ...options, refuses, abuse });
  readsJson(app, options);
  const formOf = readsForms(app, options);
  app.setErrorHandler(refuseError);
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, request, new ExpectedError('NOT_FOUND', 'There is nothing at this address.')),
  );
  app.get('/live', async () => ({ status: 'alive' }));
  app.get('/ready', async (_, reply) => {
    if (draining()) return reply.status(503).send({ status: 'draining' });
    return ready() ? { status: 'ready' } : reply.status(503).send({ status: 'not ready' });
  });
  addRoutes?.(app);
  for (const endpoint of new Set(['/graphql', `${options.apiPrefix}/graphql`]))
    graphqlRoutes(app, endpoint, { ...(checkRoom && { checkRoom }), options, answer, identify, pricesOperations, page, formOf });
  if (page !== undefined) app.get('/', (_, reply) => sendPage(reply, page('/graphql')));
  return app;
}

/** Only `application/json` in UTF-8, not compressed; the body is checked for depth before it is parsed. */
function readsJson(app: FastifyInstance, options: HttpOptions): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const charset = /charset=\s*"?([\w-]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (!/^utf-?8$/i.test(charset)) return done(new ExpectedError('UNSUPPORTED_MEDIA_TYPE', 'The body must be UTF-8.'));
    try {
      requireIdentityCoding(request);
      done(null, readBody(String(body), options));
    } catch (error) {
      done(error as Error);
    }
  });
}

function requireIdentityCoding({ headers }: FastifyRequest): void {
  if ((headers['content-encoding'] ?? 'identity') === 'identity') return;
  throw new ExpectedError('UNSUPPORTED_MEDIA_TYPE', 'The body must not be compressed.');
}

type RouteParts = Omit<Parts, 'logger' | 'refuses' | 'abuse' | 'ready' | 'draining' | 'observer' | 'addRoutes'> & {
  readonly formOf: ReturnType<typeof readsForms>;
};

function graphqlRoutes(app: FastifyInstance, endpoint: string, parts: RouteParts): void {
  const { options, answer, identify, checkRoom, pricesOperations, page, formOf } = parts;
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    checkRoom?.();
    if (!wantsPage(request)) request.caller = await identify(request);
  };
  const graphql = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    using held = contextOf(request, reply, options);
    return writeAnswer(reply, await Promise.race([answer(request, held.context), held.timeUp]));
  };
  app.post(endpoint, { onRequest }, async (request, reply) => {
    if (!request.isMultipart()) return graphql(request, reply);
    // No field that is open to strangers takes a file.
    if (request.caller.kind === 'anonymous') throw unauthenticated();
    requireIdentityCoding(request);
    using form = formOf(request);
    await form.read();
    return await graphql(request, reply);
  });
  if (pricesOperations)
    app.post(`${endpoint}/cost`, { onRequest }, async (request, reply) => {
      using held = contextOf(request, reply, options);
      const context = { ...held.context, pricesOnly: true };
      const answered = await answer(request, context);
      const { quote } = context.outcome;
      return quote === undefined ? writeAnswer(reply, answered) : reply.headers(quote.headers).send(quote.body);
    });
  app.get(endpoint, { onRequest }, async (request, reply) => {
    if (wantsPage(request)) {
      if (page === undefined) throw new ExpectedError('NOT_FOUND', 'There is no page here; ask with POST.');
      return sendPage(reply, page(endpoint));
    }
    checkSearch(request.query as Record<string, unknown>, options);
    return graphql(request, reply);
  });
  app.route({
    url: endpoint,
    method: ['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'],
    handler: async (_, reply) => {
      reply.header('allow', 'POST, GET');
      throw new ExpectedError('METHOD_NOT_ALLOWED', 'Operations are sent with POST, queries also with GET.');
    },
  });
}

const sendPage = (reply: FastifyReply, html: string): FastifyReply =>
  reply.type('text/html').header('content-security-policy', pagePolicy).send(html);

const wantsPage = ({ method, headers, url }: FastifyRequest): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true && !url.includes('?');

const fastifyCodes: Readonly<Record<string, ExpectedError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new ExpectedError('PAYLOAD_TOO_LARGE', 'The body is too long.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new ExpectedError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The body must be application/json or multipart/form-data.',
  ),
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
  if (code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer');
  if (typeof extensions['retryAfter'] === 'number') reply.header('retry-after', Math.ceil(extensions['retryAfter']));
  return reply.status(statusOf(code)).send({ errors: [{ message, extensions: { ...extensions, requestId: request.id } }] });
}

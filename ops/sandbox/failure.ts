import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#kit/clock.ts';

type FailureOptions = {
  /** The word in the body of services that have one; the others leave it out. */
  readonly code?: string;
  /** Structured detail, for bodies that carry more than a sentence. */
  readonly detail?: unknown;
};

/** A refusal the service itself decides on. Thrown anywhere in a handler, formatted by `Conventions.formatError`. */
export class ServiceFailure extends Error {
  override readonly name: string = 'ServiceFailure';
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;

  constructor(status: number, message: string, options: FailureOptions = {}) {
    super(message);
    this.status = status;
    this.code = options.code ?? 'internal_error';
    this.detail = options.detail;
  }
}

/** A refusal of the web framework, before the code of the service sees the request (contract section 0.2). */
export class Rejection extends ServiceFailure {
  override readonly name: string = 'Rejection';
}

export type Conventions = {
  readonly clock: Clock;
  /** The error body of this service; undefined answers the bare status with an empty body. */
  readonly formatError: (failure: ServiceFailure, now: Date) => Record<string, unknown> | undefined;
  /** True for the five Rust services: rejections are text/plain, unknown routes and methods have an empty body. */
  readonly textRejections: boolean;
  /** `code` of a 500 that nobody foresaw; default `internal_error`. */
  readonly unforeseenCode?: string;
};

/**
 * Gives an app the manners its service shares with its siblings: how errors look, 404 and 405, CORS, and bodies that are
 * read as text and judged by the handler that wants them (`parseBody`), as the real framework does. Call it before the routes.
 */
export function installConventions(app: FastifyInstance, conventions: Conventions): void {
  readBodiesAsText(app);
  allowEveryOrigin(app);
  app.setErrorHandler((error: FastifyError, _request, reply) => answer(reply, asFailure(error, conventions), conventions));
  const isKnownPath = rememberPaths(app);
  app.setNotFoundHandler((request, reply) => {
    const failure = isKnownPath(request) ? new Rejection(405, 'Method Not Allowed') : new Rejection(404, 'Not Found');
    return conventions.textRejections ? reply.code(failure.status).send() : answer(reply, failure, conventions);
  });
}

function readBodiesAsText(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}

function allowEveryOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return;
    await reply.headers({ 'access-control-allow-methods': '*', 'access-control-allow-headers': '*' }).code(200).send();
  });
}

/** Fastify answers a wrong method like an unknown path; the real services tell 405 from 404. */
function rememberPaths(app: FastifyInstance): (request: FastifyRequest) => boolean {
  const paths = new Map<string, RegExp>();
  app.addHook('onRoute', ({ url }) => {
    paths.set(url, new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+')}$`));
  });
  return (request) => {
    const [path = ''] = request.url.split('?');
    return paths.values().some((pattern) => pattern.test(path));
  };
}

function asFailure(error: FastifyError | ServiceFailure, { unforeseenCode }: Conventions): ServiceFailure {
  if (error instanceof ServiceFailure) return error;
  if (error.statusCode !== undefined && error.statusCode < 500) return new Rejection(error.statusCode, error.message);
  // A 500 here is a fault of the sandbox itself, so the developer gets to see the reason.
  return new ServiceFailure(500, error.message, unforeseenCode === undefined ? {} : { code: unforeseenCode });
}

function answer(reply: FastifyReply, failure: ServiceFailure, conventions: Conventions): FastifyReply {
  reply.code(failure.status);
  if (failure instanceof Rejection && conventions.textRejections) {
    return reply.type('text/plain; charset=utf-8').send(failure.message);
  }
  return reply.send(conventions.formatError(failure, new Date(conventions.clock.now())));
}

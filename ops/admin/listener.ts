import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import Fastify from 'fastify';
import type { Logger } from 'pino';
import { ExpectedError, statusOf } from '#kit/errors.ts';
import { requestId } from '#kit/ids.ts';
import { bearerOf } from '#ops/bearer.ts';

type Options = {
  /** Without a token the guarded routes are not there. */
  readonly token: string | undefined;
  readonly logger: Logger;
  /** Routes that anybody may ask who reaches the listener. */
  readonly open: (app: FastifyInstance) => void;
  /** Routes that want the token. */
  readonly guarded: (app: FastifyInstance) => void;
};

/** The listener for operators; errors look as those of the public one. It listens to nothing yet. */
export function adminListener({ token, logger, open, guarded }: Options): FastifyInstance {
  const app = Fastify({
    bodyLimit: 64 * 1024,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    genReqId: ({ headers }) => requestId(headers['x-request-id']?.toString()),
  });
  const refuse = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { code, message, extensions } = asRefusal(error, logger);
    if (code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer');
    return reply.status(statusOf(code)).send({ errors: [{ message, extensions: { ...extensions, requestId: request.id } }] });
  };
  app.setErrorHandler(refuse);
  app.setNotFoundHandler(() => {
    throw new ExpectedError('NOT_FOUND', 'There is nothing at this address.');
  });
  app.addHook('onSend', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': request.id });
  });
  open(app);
  if (token !== undefined)
    app.register((scope, _, done) => {
      scope.addHook('onRequest', onlyFor(token));
      guarded(scope);
      done();
    });
  return app;
}

function onlyFor(token: string): onRequestHookHandler {
  const isOperator = bearerOf(token);
  return (request, _, done) =>
    isOperator(request) ? done() : done(new ExpectedError('UNAUTHENTICATED', 'This needs the token of the operators.'));
}

function asRefusal(error: FastifyError, logger: Logger): ExpectedError {
  if (error instanceof ExpectedError) return error;
  if (error.statusCode === 413) return new ExpectedError('PAYLOAD_TOO_LARGE', 'The body is too long.');
  if (error.statusCode === 415) return new ExpectedError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json.');
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new ExpectedError('BAD_REQUEST', 'The request cannot be read.');
  logger.error({ err: error }, 'unexpected error of the admin listener');
  return new ExpectedError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
}

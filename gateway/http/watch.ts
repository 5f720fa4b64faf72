import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '#kit/caller.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** True when it was refused before its operation was looked at, and so cost its caller no point. */
    refusedEarly: boolean;
  }
}

type Options = {
  /** Counts a request of this address. */
  readonly count: (address: string) => void;
  /** True for requests that are nobody's guess: probes, and those of addresses that are not served anyway. */
  readonly exempt: (request: FastifyRequest) => boolean;
};

/**
 * Tells whose requests bring nothing: those without a valid credential, answered or refused, and of known callers those
 * that are too broken to be charged for. What fails on our side is nobody's fault, and browsers send preflights without
 * a credential by themselves.
 */
export function watchesRequests(app: FastifyInstance, { count, exempt }: Options): void {
  app.decorateRequest('refusedEarly', false);
  app.addHook('onError', async (request) => {
    request.refusedEarly = true;
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (bringsNothing(request, reply) && !exempt(request)) count(request.address);
    done();
  });
}

function bringsNothing(request: FastifyRequest, { statusCode }: FastifyReply): boolean {
  if (statusCode >= 500 || (request.method === 'OPTIONS' && statusCode < 400)) return false;
  const caller: Caller | undefined = request.caller;
  return request.refusedEarly || caller === undefined || caller.kind === 'anonymous';
}

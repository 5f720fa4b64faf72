import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What became of its operation; null before it is looked at. */
    outcome: RequestContext['outcome'] | null;
    /** Code by which it was refused before its operation was looked at. */
    refusal: string;
  }
}

/** A request of the public listener that is over. */
export type EndedRequest = {
  readonly requestId: string;
  readonly method: string;
  /** Pattern of its route; empty when there is none. */
  readonly route: string;
  /** 499 when the client left before it was answered. */
  readonly status: number;
  readonly seconds: number;
  /** True for what asked for a GraphQL operation or its price. */
  readonly isOperation: boolean;
  /** Where the client is. */
  readonly address: string;
  /** Absent when nobody was made out. */
  readonly caller?: Caller;
  /** Name of its operation, by the registration or by its own text. */
  readonly operation?: { readonly name: string; readonly isRegistered: boolean };
  readonly kind?: string;
  /** Codes of its errors, or of its refusal. */
  readonly codes: readonly unknown[];
  /** Points as they were reserved, and as they were booked. */
  readonly reserved?: number;
  readonly spent?: number;
  /** Trace that it belongs to, while traces are made. */
  readonly traceId?: string;
  /** Look-ups in the cache by their status, where there were any. */
  readonly cache?: Readonly<Record<string, number>>;
};

export type Observes = {
  readonly connections: (change: 1 | -1) => void;
  readonly requestEnded: (request: EndedRequest) => void;
};

/** Tells of every socket, and of every request once it is over: answered, refused, or left by its client. */
export function observesRequests(app: FastifyInstance, { connections, requestEnded }: Observes): void {
  app.decorateRequest('outcome', null);
  app.decorateRequest('refusal', '');
  app.server.on('connection', (socket) => {
    connections(1);
    socket.once('close', () => connections(-1));
  });
  app.addHook('onRequest', (request, reply, done) => {
    // The listener's own hook for answers does not run when a client leaves.
    reply.raw.once('close', () => requestEnded(ended(request, reply)));
    done();
  });
  app.addHook('onError', async (request, _, error) => {
    request.refusal = error.code;
  });
}

function ended(request: FastifyRequest, reply: FastifyReply): EndedRequest {
  const { outcome, refusal, method, address, caller, id } = request;
  const route = request.routeOptions.url ?? '';
  const registered = outcome?.registered;
  const name = registered ?? outcome?.operation?.name;
  const reserved = outcome?.budget?.cost;
  return {
    requestId: id,
    method,
    route,
    status: reply.raw.writableFinished ? reply.statusCode : 499,
    seconds: reply.elapsedTime / 1e3,
    isOperation: /\/graphql(\/cost)?$/.test(route),
    address,
    codes: refusal === '' || refusal === undefined ? (outcome?.codes ?? []) : [refusal],
    // Fastify leaves the place empty until somebody is made out.
    ...((caller as Caller | undefined) !== undefined && { caller }),
    ...(name !== undefined && { operation: { name, isRegistered: registered !== undefined } }),
    ...(outcome?.operation !== undefined && { kind: outcome.operation.kind }),
    ...(reserved !== undefined && { reserved }),
    ...(outcome?.spent !== undefined && { spent: outcome.spent }),
    ...(outcome?.traceId !== undefined && { traceId: outcome.traceId }),
    ...((outcome?.lookups ?? []).length > 0 && { cache: counted(outcome?.lookups ?? []) }),
  };
}

function counted(lookups: readonly { readonly status: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { status } of lookups) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';

export type ContextOptions = {
  /** Time of a whole request. */
  readonly requestTimeoutMs: number;
  /** Client headers that HTTP subgraphs get, in lower case. */
  readonly forwardHeaders: readonly string[];
};

/** Finds out who sends a request, from its credential. @throws ExpectedError UNAUTHENTICATED, FORBIDDEN, BAD_REQUEST, AUTH_UNAVAILABLE */
export type Identify = (request: FastifyRequest) => Promise<Caller>;

type Held = Disposable & { readonly context: RequestContext };

/** Opens the context of one request; its signal ends with the client's connection, its time, or its disposal. */
export function contextOf(request: FastifyRequest, reply: FastifyReply, options: ContextOptions): Held {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error('The time of the request is up.')), options.requestTimeoutMs);
  const gone = (): void => controller.abort(new Error('The client went away.'));
  reply.raw.once('close', gone);
  const { authorization, traceparent } = request.headers;
  return {
    context: {
      outcome: { accepted: false, refusedText: false },
      forwarded: pickHeaders(request, options.forwardHeaders),
      uploads: request.uploads ?? [],
      call: {
        requestId: request.id,
        signal: controller.signal,
        caller: request.caller,
        ...(authorization?.startsWith('Bearer ') === true && { authorization }),
        ...(typeof traceparent === 'string' && { traceparent }),
      },
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      reply.raw.off('close', gone);
    },
  };
}

function pickHeaders({ headers }: FastifyRequest, names: readonly string[]): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}

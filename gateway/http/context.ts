import { validateHeaderValue } from 'node:http';
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
  const { traceparent } = request.headers;
  const authorization = bearerOf(request);
  return {
    context: {
      outcome: { accepted: false, refusedText: false, isPublic: false },
      forwarded: pickHeaders(request, options.forwardHeaders),
      uploads: request.uploads ?? [],
      call: {
        requestId: request.id,
        signal: controller.signal,
        caller: request.caller,
        ...(authorization !== undefined && { authorization }),
        ...(typeof traceparent === 'string' && { traceparent }),
      },
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      reply.raw.off('close', gone);
    },
  };
}

/** A person's token goes on to the services that issue it; an organization's key is the gateway's affair alone. */
function bearerOf({ caller, headers: { authorization = '' } }: FastifyRequest): string | undefined {
  const token = caller.kind === 'user' ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
  return token === undefined ? undefined : `Bearer ${token}`;
}

function pickHeaders(request: FastifyRequest, names: readonly string[]): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = name === 'authorization' ? bearerOf(request) : request.headers[name];
    if (typeof value === 'string' && isHeaderValue(name, value)) picked[name] = value;
  }
  return picked;
}

function isHeaderValue(name: string, value: string): boolean {
  try {
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

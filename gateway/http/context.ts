import { validateHeaderValue } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '#gateway/request.ts';
import type { Client } from '#kit/call.ts';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';

export type ContextOptions = {
  /** Time in which a request is answered, whatever happens. Its calls end a tenth earlier, at most a second, so that what they brought can be told. */
  readonly requestTimeoutMs: number;
  /** Client headers that HTTP subgraphs get, in lower case. */
  readonly forwardHeaders: readonly string[];
};

/** Finds out who sends a request, from its credential. @throws ExpectedError UNAUTHENTICATED, FORBIDDEN, BAD_REQUEST, AUTH_UNAVAILABLE */
export type Identify = (request: FastifyRequest) => Promise<Caller>;

type Held = Disposable & {
  readonly context: RequestContext;
  /** Rejects with GATEWAY_TIMEOUT when the time for an answer is up. */
  readonly timeUp: Promise<never>;
};

/** Opens the context of one request; its signal ends with the client's connection or its time. */
export function contextOf(request: FastifyRequest, reply: FastifyReply, options: ContextOptions): Held {
  const { requestTimeoutMs } = options;
  const controller = new AbortController();
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const reserveMs = Math.min(requestTimeoutMs / 10, 1_000);
  // The second timer is not set before the first has run out: few requests get that far.
  let timer = setTimeout(() => {
    timer = setTimeout(() => reject(late(requestTimeoutMs)), reserveMs);
    controller.abort(new Error('The time of the request is up.'));
  }, requestTimeoutMs - reserveMs);
  const outcome: RequestContext['outcome'] = { accepted: false, refusedText: false, isPublic: false, left: false, lookups: [] };
  request.outcome = outcome;
  const gone = (): void => {
    outcome.left = true;
    controller.abort(new Error('The client went away.'));
  };
  reply.raw.once('close', gone);
  const { traceparent } = request.headers;
  const authorization = bearerOf(request);
  return {
    timeUp,
    context: {
      outcome,
      address: request.address,
      wantsBreakdown: request.headers['graphql-cost-debug'] === '1',
      pricesOnly: false,
      wantsFresh: wantsFresh(request),
      forwarded: pickHeaders(request, options.forwardHeaders),
      uploads: request.uploads ?? [],
      call: {
        requestId: request.id,
        signal: controller.signal,
        caller: request.caller,
        client: clientOf(request),
        budget: () => outcome.budget,
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

/** Operators alone may have everything fetched anew: from anybody it would be a way around the cache, at its full price. */
const wantsFresh = ({ caller, headers }: FastifyRequest): boolean =>
  caller.scopes.includes('admin:operations') && /\bno-cache\b/i.test(headers['cache-control'] ?? '');

const late = (requestTimeoutMs: number): ExpectedError =>
  new ExpectedError(
    'GATEWAY_TIMEOUT',
    `There was no answer within ${requestTimeoutMs} ms. What the operation was to change may have been changed.`,
  );

const clientOf = ({ address, headers: { 'user-agent': userAgent } }: FastifyRequest): Client => ({
  address,
  ...(userAgent !== undefined && { userAgent: userAgent.slice(0, 256) }),
});

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

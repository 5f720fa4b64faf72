import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Caller } from '#kit/caller.ts';

type EndedRequest = {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  readonly isOperation: boolean;
  readonly address: string;
  readonly caller?: Caller;
  readonly operation?: { readonly name: string; readonly isRegistered: boolean };
  readonly kind?: string;
  readonly codes: readonly unknown[];
  readonly reserved?: number;
  readonly spent?: number;
  /** Trace that it belongs to, while traces are made. */
  readonly traceId?: string;
  /** Look-ups in the cache by their status, where they are known. */
  readonly cache?: Readonly<Record<string, number>>;
};

type Parts = {
  readonly logger: Logger;
  /** Whether each request gets a line; refusals and slow operations are told anyway. */
  readonly access: boolean;
  readonly slowSeconds: number;
};

/** Codes of answers that are for the security log. */
const refusals: ReadonlySet<unknown> = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED', 'COST_LIMIT_EXCEEDED']);

/** One line for every request, built of named fields alone: what is not named here is in no line. */
export function requestLog({ logger, access, slowSeconds }: Parts): (request: EndedRequest) => void {
  const app = logger.child({ stream: 'app' });
  const performance = logger.child({ stream: 'performance' });
  const security = logger.child({ stream: 'security' });
  return (request) => {
    // Whoever watches us asks every few seconds.
    const level = request.isOperation ? 'info' : 'debug';
    if (access && app.isLevelEnabled(level)) app[level](line(request), 'request');
    const refused = request.codes.find((code) => refusals.has(code));
    if (refused !== undefined) security.warn({ ...line(request), address: request.address }, 'request refused');
    if (request.isOperation && request.seconds >= slowSeconds) performance.warn(line(request), 'slow operation');
  };
}

const line = ({ caller, operation, ...request }: EndedRequest) => ({
  requestId: request.requestId,
  method: request.method,
  route: request.route,
  status: request.status,
  durationMs: Math.round(request.seconds * 1e4) / 10,
  ...(caller !== undefined && who(caller)),
  ...(operation !== undefined && { operation: operation.name.slice(0, maxName), registered: operation.isRegistered }),
  ...(request.kind !== undefined && { kind: request.kind }),
  ...(request.reserved !== undefined && { costEstimated: request.reserved }),
  ...(request.spent !== undefined && { cost: request.spent }),
  ...(request.codes.length > 0 && { codes: request.codes }),
  ...(request.traceId !== undefined && { trace_id: request.traceId }),
  ...(request.cache !== undefined && { cache: request.cache }),
});

/** Longest name of an operation that is told. */
const maxName = 128;

/** People by a digest of their id, so that the log names nobody and still tells who is the same. */
const who = ({ kind, organization, keyId, subject }: Caller) => ({
  caller: kind,
  ...(organization !== '' && { organization }),
  ...(keyId !== undefined && { keyId }),
  ...(kind === 'user' && { subject: digestOf(subject) }),
});

/** People ask again and again. */
const digests = new LRUCache<string, string>({ max: 1_000 });

function digestOf(subject: string): string {
  const digest = digests.get(subject) ?? hash('sha256', subject, 'hex').slice(0, 16);
  digests.set(subject, digest);
  return digest;
}

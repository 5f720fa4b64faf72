import { LRUCache } from 'lru-cache';
import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError, statusOf } from '#kit/errors.ts';
import type { AuditLog } from './audit-log.ts';
import { batch } from './batch.ts';
import { reasonOf, subjectOf } from './refused-credential.ts';

type Parts = {
  readonly audit: Pick<AuditLog, 'record'>;
  readonly clock: Clock;
  /** How often what is beyond the bounds is summed up. */
  readonly everyMs?: number;
};

/** The parts of a Fastify request that an event tells of. */
type Asking = {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  /** Address of the client. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
};

export type RefusalLog = AsyncDisposable & {
  /** The same way to find out who is calling; whom it refuses stands in the audit log. */
  readonly watching: <Request>(identify: (request: Request) => Promise<Caller>) => (request: Request & Asking) => Promise<Caller>;
};

/** Events in one minute, of one address and in all; what is beyond is counted. */
const maxOfAddress = 10;
const maxInAll = 1_000;
const minuteMs = 60_000;

/** Refusals of one address that have no event of their own. */
type Beyond = { readonly address: string; readonly times: number };

/** Writes credentials that were not believed to the audit log, bounded so that a flood of them does not fill it. */
export function openRefusalLog({ audit, clock, everyMs = minuteMs }: Parts): RefusalLog {
  const ofAddress = new LRUCache<string, () => boolean>({ max: 10_000, memoMethod: () => allowance(maxOfAddress, clock) });
  const inAll = allowance(maxInAll, clock);
  const beyond = batch<Beyond>({
    keyOf: ({ address }) => address,
    merge: ({ address, times }, added) => ({ address, times: times + added.times }),
    write: async (sums) => sums.forEach(({ address, times }) => void audit.record(summaryOf(address, times))),
    onError: () => undefined,
    everyMs,
    maxItems: maxInAll,
  });
  const note = (request: Asking, error: ExpectedError): void => {
    const { address } = request;
    if (ofAddress.memo(address)() && inAll()) audit.record(eventOf(request, error));
    else beyond.add({ address, times: 1 });
  };
  return {
    watching: (identify) => async (request) => {
      try {
        return await identify(request);
      } catch (error) {
        if (error instanceof ExpectedError && statusOf(error.code) < 500) note(request, error);
        throw error;
      }
    },
    [Symbol.asyncDispose]: beyond[Symbol.asyncDispose],
  };
}

/** Says yes so many times in each minute. */
function allowance(max: number, clock: Clock): () => boolean {
  let since = Number.NEGATIVE_INFINITY;
  let used = 0;
  return () => {
    if (clock.now() - since >= minuteMs) [since, used] = [clock.now(), 0];
    used += 1;
    return used <= max;
  };
}

const failure = { eventType: 'authentication', severity: 'warning' } as const;

function eventOf({ id, method, url, address, headers }: Asking, error: ExpectedError): Parameters<AuditLog['record']>[0] {
  const userAgent = headers['user-agent']?.toString().slice(0, 256);
  const actor = subjectOf(headers, error);
  return {
    ...failure,
    sourceIp: address,
    ...(userAgent !== undefined && { userAgent }),
    ...(actor !== undefined && { actor }),
    method,
    // Behind the question mark may stand the very credential that is refused.
    endpoint: url.replace(/\?.*$/s, ''),
    statusCode: statusOf(error.code),
    requestId: id,
    errorDetails: reasonOf(error),
  };
}

const summaryOf = (address: string, times: number): Parameters<AuditLog['record']>[0] => ({
  ...failure,
  sourceIp: address,
  errorDetails: `${times} more refusals have no event of their own.`,
});

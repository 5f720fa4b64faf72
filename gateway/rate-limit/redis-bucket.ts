import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Bucket, Capture, Decision, HoldRequest } from './bucket.ts';
import { expiredOf, memberOf, parts } from './bucket.ts';

type Verb = 'hold' | 'charge' | 'capture' | 'settle';

/** What bucket.lua answers. */
type Answer = readonly [
  status: number,
  index: number,
  waitMicros: number,
  available: readonly number[],
  expired: readonly string[],
];

type Scripted = { readonly laboratoryBucket: (keys: number, ...words: (string | number)[]) => Promise<Answer> };

export const bucketScript = readFileSync(new URL('bucket.lua', import.meta.url), 'utf8');

/**
 * What the connection of the limiter wants: an answer at once or none. Commands are neither queued while Redis is away nor
 * sent twice, since a plain second try would charge twice.
 */
export const limiterSettings = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  // Collecting commands costs more than it saves for the two of a request: 75 against 45 µs of CPU alone, no less among 32.
  enableAutoPipelining: false,
  protocol: 2,
  connectTimeout: 500,
  // A connection silent for so long is of no use any more; how long a decision may wait is the affair of whoever asks.
  socketTimeout: 1_000,
} as const;

/** Budgets that all replicas share. Time is Redis's own; every decision is one script, whole or not at all. */
export function redisBucket(redis: Redis | Cluster, script = bucketScript): Bucket {
  redis.defineCommand('laboratoryBucket', { lua: script });
  const run = (verb: Verb, request: HoldRequest, amount: number): Promise<Answer> => {
    const keys = keysOf(request);
    return (redis as unknown as Scripted).laboratoryBucket(keys.length, ...keys, ...wordsOf(verb, request, amount));
  };
  const ask = async (verb: Verb, request: HoldRequest): Promise<Decision> =>
    decisionOf(await run(verb, request, request.points), request);
  return {
    hold: (request) => ask('hold', request),
    charge: (request) => ask('charge', request),
    async capture(request, actual) {
      const [status, , , available, expired] = await run('capture', request, actual);
      return { captured: status === 1, available: available.map(points), expired: expired.map(expiredOf) } satisfies Capture;
    },
    async settle({ organization, policies }) {
      const nothing = { reservation: '', points: 0, lifetimeMs: 0, maxInFlight: 0, meters: [], whenAway: 'local' as const };
      const [, , , , expired] = await run('settle', { organization, policies, ...nothing }, 0);
      return expired.map(expiredOf);
    },
  };
}

const points = (micro: number): number => micro / 1e6;

/** The hash tag keeps an organization in one slot of a cluster; nothing that a client chose is in it unescaped. */
function keysOf({ organization, meters }: HoldRequest): readonly string[] {
  const place = `rl:{${encodeURIComponent(organization)}}`;
  return [`${place}:s`, `${place}:h`, ...meters.map(({ name, owner }) => `${place}:m:${name}:${encodeURIComponent(owner)}`)];
}

function wordsOf(verb: Verb, request: HoldRequest, amount: number): (string | number)[] {
  const { lifetimeMs, maxInFlight, policies, meters } = request;
  return [
    verb,
    memberOf(request),
    parts(amount),
    lifetimeMs * 1_000,
    maxInFlight,
    policies.length,
    ...policies.flatMap(({ name, capacity, perSecond }) => [name, parts(capacity), Math.floor(perSecond * 1e6)]),
    ...meters.flatMap((meter) => [parts(meter.amount), parts(meter.capacity), Math.floor(meter.perSecond * 1e6)]),
  ];
}

function decisionOf([status, index, waitMicros, available, expired]: Answer, request: HoldRequest): Decision {
  const common = { available: available.map(points), expired: expired.map(expiredOf) };
  if (status === 1) return { kind: 'admitted', ...common };
  const limit = [{ name: 'in-flight' }, ...request.policies, ...request.meters][index]?.name ?? '';
  return { kind: status === 0 ? 'wait' : 'never', limit, waitMs: waitMicros / 1_000, ...common };
}

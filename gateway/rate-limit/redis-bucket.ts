import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Batch, Verb } from './batches.ts';
import { inBatches } from './batches.ts';
import type { Bucket, Decision, Expired, HoldRequest, Meter } from './bucket.ts';
import { expiredOf, memberOf, parts, rateOf } from './bucket.ts';

/** What bucket.lua answers: who has expired, then one answer for each step. */
type Answers = readonly [expired: readonly string[], ...StepAnswer[]];
type StepAnswer = readonly [status: number, index: number, waitMicros: number, available: readonly number[]];

type Answer = { readonly step: StepAnswer; readonly expired: readonly Expired[] };

type Scripted = { readonly laboratoryBucket: (keys: number, ...words: (string | number)[]) => Promise<Answers> };

export const bucketScript = readFileSync(new URL('bucket.lua', import.meta.url), 'utf8');

/**
 * What the connection of the limiter wants: an answer at once or none. Commands are neither queued while Redis is away nor
 * sent twice, since a plain second try would charge twice.
 */
export const limiterSettings = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  // Steps that belong together are one script already; collecting commands as well took 75 instead of 45 µs of CPU for two.
  enableAutoPipelining: false,
  protocol: 2,
  connectTimeout: 500,
  // A connection silent for so long is of no use any more; how long a decision may wait is the affair of whoever asks.
  socketTimeout: 1_000,
} as const;

/**
 * Budgets that all replicas share. Time is Redis's own; every step is decided whole or not at all, and the steps of one
 * organization within a turn of the event loop are one script.
 */
export function redisBucket(redis: Redis | Cluster, script = bucketScript): Bucket {
  redis.defineCommand('laboratoryBucket', { lua: script });
  const send = async (batch: Batch): Promise<readonly Answer[]> => {
    const { keys, words } = asked(batch);
    const [expired, ...steps] = await (redis as unknown as Scripted).laboratoryBucket(keys.length, ...keys, ...words);
    // Told once, to the first one.
    return steps.map((step, n) => ({ step, expired: n === 0 ? expired.map(expiredOf) : [] }));
  };
  const ask = inBatches(send);
  const decide = async (verb: Verb, request: HoldRequest): Promise<Decision> =>
    decisionOf(await ask({ verb, request, amount: request.points }), request);
  return {
    hold: (request) => decide('hold', request),
    charge: (request) => decide('charge', request),
    async capture(request, actual) {
      const { step, expired } = await ask({ verb: 'capture', request, amount: actual });
      return { captured: step[0] === 1, available: step[3].map(points), expired };
    },
    async settle(account) {
      const { expired } = await ask({ verb: 'settle', request: { ...nothing, ...account }, amount: 0 });
      return expired;
    },
  };
}

const nothing: Omit<HoldRequest, 'organization' | 'policies'> = {
  client: '',
  reservation: '',
  points: 0,
  lifetimeMs: 0,
  maxInFlight: 0,
  meters: [],
  whenAway: 'local',
};

const points = (micro: number): number => micro / 1e6;

/** Keys and words of a batch. The hash tag keeps an organization in one slot; nothing that a client chose is unescaped. */
function asked(batch: Batch) {
  const { organization, policies } = batch[0].request;
  const place = `rl:{${encodeURIComponent(organization)}}`;
  const keys = [`${place}:s`, `${place}:h`];
  const words: (string | number)[] = [policies.length];
  for (const { name, capacity, perSecond } of policies) words.push(name, parts(capacity), rateOf(perSecond));
  const keyOf = ({ name, owner }: Meter): number => {
    const key = `${place}:m:${name}:${encodeURIComponent(owner)}`;
    const known = keys.indexOf(key, 2);
    return known === -1 ? keys.push(key) : known + 1;
  };
  for (const { verb, request, amount } of batch) {
    if (verb === 'settle') words.push(verb);
    else words.push(verb, memberOf(request), parts(amount));
    if (verb === 'hold' || verb === 'charge') pushDemand(words, request, keyOf);
  }
  return { keys, words };
}

function pushDemand(words: (string | number)[], request: HoldRequest, keyOf: (meter: Meter) => number): void {
  const { client, lifetimeMs, maxInFlight, meters } = request;
  words.push(lifetimeMs * 1_000, maxInFlight, encodeURIComponent(client), meters.length);
  for (const meter of meters) words.push(keyOf(meter), parts(meter.amount), parts(meter.capacity), rateOf(meter.perSecond));
}

function decisionOf({ step, expired }: Answer, request: HoldRequest): Decision {
  const [status, index, waitMicros, available] = step;
  const common = { available: available.map(points), expired };
  if (status === 1) return { kind: 'admitted', ...common };
  const limit = [{ name: 'in-flight' }, ...request.policies, ...request.meters][index]?.name ?? '';
  return { kind: status === 0 ? 'wait' : 'never', limit, waitMs: waitMicros / 1_000, ...common };
}

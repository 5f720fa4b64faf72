import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { inTime } from '#kit/in-time.ts';
import { Invalidation } from '#kit/invalidation.ts';
import type { RedisClient } from '#kit/redis.ts';
import { openRedis } from '#kit/redis.ts';
import type { OnFault } from './store.ts';

type Options = {
  readonly url: string;
  /** Certificates to trust, as text. */
  readonly ca?: string | undefined;
  readonly stream: string;
  readonly invalidate: (what: Invalidation) => Promise<void>;
  readonly onFault: OnFault;
  /** So long an entry may be in the hands of one process before another one takes it over. */
  readonly claimAfterMs?: number;
};

/** All gateways of a Redis: each entry is carried out by one of them, which tells the others. */
const group = 'gateways';
const batch = 100;
const blockMs = 5_000;
const retryMs = 500;
const endMs = 250;
/** A process that has not asked for so long is gone, and its name may go, too. */
const goneMs = 600_000;

/** Waits for a Redis that is away; a connection silent for much longer than a read lasts is made anew. */
const patient = { protocol: 2, connectTimeout: 500, maxRetriesPerRequest: null, socketTimeout: 15_000 } as const;

type StreamEntry = { readonly id: string; readonly fields: readonly string[] };

/**
 * Carries out what services write into a stream: entries with one field `event`, whose value is the JSON that operators post.
 * Entries are acknowledged once they are carried out; those of a process that died are taken over by another one.
 */
export function invalidationStream({ url, ca, stream, invalidate, onFault, claimAfterMs = 30_000 }: Options): AsyncDisposable {
  // A connection of its own, since reading holds it up.
  const redis = openRedis({ url, ca, settings: patient, onError: (error) => onFault({ kind: 'unavailable', error }) });
  const consumer = `${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const ending = new AbortController();
  let housekeptAt = Number.NEGATIVE_INFINITY;

  const carryOut = async (entries: readonly StreamEntry[]): Promise<void> => {
    if (entries.length === 0) return;
    const wanted = entries.map(({ fields }) => readEvent(fields));
    for (const what of wanted) if (what !== undefined) await invalidate(what);
    const malformed = entries.filter((_, index) => wanted[index] === undefined);
    if (malformed.length > 0) onFault({ kind: 'malformed', error: malformedEntries(stream, malformed) });
    await redis.xack(stream, group, ...entries.map(({ id }) => id));
  };
  const takeOver = async (from = '0-0'): Promise<void> => {
    const claimed = await redis.xautoclaim(stream, group, consumer, claimAfterMs, from, 'COUNT', batch);
    const [next, entries] = claimed as unknown as Claimed;
    await carryOut(entries.flatMap(entryOf));
    if (next !== '0-0') await takeOver(next);
  };
  const keepHouse = async (): Promise<void> => {
    if (performance.now() - housekeptAt < claimAfterMs) return;
    await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch(unlessThere);
    await takeOver();
    await forgetGone(redis, stream, consumer);
    housekeptAt = performance.now();
  };
  const readOn = async (): Promise<void> => {
    await keepHouse();
    const waitMs = Math.min(blockMs, claimAfterMs);
    const read = await redis.xreadgroup('GROUP', group, consumer, 'COUNT', batch, 'BLOCK', waitMs, 'STREAMS', stream, '>');
    await carryOut(((read ?? []) as Read).flatMap(([, entries]) => entries.flatMap(entryOf)));
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) await readOn().catch(again);
  };
  const again = async (error: unknown): Promise<void> => {
    if (ending.signal.aborted) return;
    // A Redis that was flushed has forgotten the group as well.
    housekeptAt = Number.NEGATIVE_INFINITY;
    if (redis.status === 'ready') onFault({ kind: 'unavailable', error });
    await pause(retryMs, undefined, { signal: ending.signal }).catch(() => undefined);
  };
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      // Whatever was read and not acknowledged is taken over by another process.
      redis.disconnect();
      await inTime(running, endMs).catch(() => undefined);
    },
  };
}

type Read = readonly (readonly [stream: string, entries: readonly unknown[]])[];

type Claimed = readonly [next: string, entries: readonly unknown[]];

/** Entries that were trimmed meanwhile come without fields. */
function entryOf(entry: unknown): readonly StreamEntry[] {
  if (!Array.isArray(entry)) return [];
  const [id, fields] = entry as [string, readonly string[] | null];
  return [{ id, fields: fields ?? [] }];
}

function readEvent(fields: readonly string[]): Invalidation | undefined {
  const at = fields.findIndex((name, index) => index % 2 === 0 && name === 'event');
  try {
    return Invalidation.safeParse(JSON.parse(fields[at + 1] ?? '')).data;
  } catch {
    return undefined;
  }
}

const malformedEntries = (stream: string, [first, ...others]: readonly StreamEntry[]): Error =>
  new Error(`${stream}: ${others.length + 1} entries, from ${first?.id} on, have no field "event" with an invalidation as JSON.`);

const unlessThere = (error: Error): void => {
  if (!error.message.startsWith('BUSYGROUP')) throw error;
};

/** Names of processes that are gone would pile up. */
async function forgetGone(redis: RedisClient, stream: string, own: string): Promise<void> {
  const consumers = (await redis.xinfo('CONSUMERS', stream, group)) as readonly (readonly (string | number)[])[];
  for (const facts of consumers) {
    const of = (name: string) => facts[facts.indexOf(name) + 1];
    const name = String(of('name'));
    if (name !== own && of('pending') === 0 && Number(of('idle')) > goneMs)
      await redis.xgroup('DELCONSUMER', stream, group, name);
  }
}

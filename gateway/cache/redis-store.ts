import { Cluster } from 'ioredis';
import type { RedisClient } from '#kit/redis.ts';
import { decode, encode } from './codec.ts';
import type { Place } from './keys.ts';
import { sameStamps } from './memory-store.ts';
import type { Command } from './redis-commands.ts';
import { readAll, sendAll } from './redis-commands.ts';
import { redisStamps, stampKey } from './redis-stamps.ts';
import type { Entry, OnFault, Store, Wanted, Write } from './store.ts';
import type { Tag } from './tags.ts';

type Options = {
  readonly redis: RedisClient;
  /** Longest time that any entry is kept; stamps outlive it by an hour. */
  readonly longestMs: number;
  /** Tells other processes what was raised. */
  readonly tell: (tags: readonly Tag[]) => Promise<void>;
  readonly onFault: OnFault;
};

/** What the connection of the cache wants: an answer at once or none, and nothing sent twice. */
export const cacheConnection = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  protocol: 2,
  connectTimeout: 500,
  // A connection silent for so long is of no use any more; how long an answer may take is the affair of whoever asks.
  socketTimeout: 1_000,
} as const;

const clockEveryMs = 10_000;

/** Entries that all replicas share. Values and stamps are read by one MGET; expiry goes by Redis's own clock. */
export function redisStore({ redis, longestMs, tell, onFault }: Options): Store {
  const owner = crypto.randomUUID();
  const clock = redisClock(redis);
  const stamps = redisStamps(redis, Math.ceil(longestMs / 1_000) + 3_600);
  const discard = (place: Place, kind: 'corrupt' | 'mismatch'): void => {
    onFault({ kind });
    redis.unlink(place.key).catch(() => undefined);
  };
  const entryOf = async ({ place }: Wanted, bytes: Buffer | null, current: readonly string[]): Promise<Entry | undefined> => {
    if (bytes === null) return undefined;
    const kept = await decode(place, bytes);
    if (typeof kept === 'string') discard(place, kept);
    else if (sameStamps(kept.stamps, current) && clock.now() < kept.entry.createdAt + kept.entry.keepMs) return kept.entry;
    return undefined;
  };
  const commandsOf = async ({ place, entry, fence }: Write): Promise<Command> => {
    const whole = { ...entry, createdAt: clock.now() };
    const bytes = await encode(place, { entry: whole, stamps: fence.stamps });
    return { key: place.key, add: (pipeline) => pipeline.set(place.key, bytes, 'PX', Math.ceil(entry.keepMs)) };
  };
  return {
    now: clock.now,
    async read(wanted) {
      await clock.known();
      const tags = [...new Set(wanted.flatMap((each) => each.tags))];
      const found = await readAll(redis, [...wanted.map(({ place }) => place.key), ...tags.map(stampKey)]);
      const current = await stamps.complete(tags, found.slice(wanted.length));
      return Promise.all(
        wanted.map(async (each, index) => {
          const own = each.tags.map((tag) => current.get(tag) ?? '');
          return { entry: await entryOf(each, found[index] ?? null, own), fence: { stamps: own } };
        }),
      );
    },
    async write(writes) {
      await sendAll(redis, await Promise.all(writes.map(commandsOf)));
    },
    async stamps(tags) {
      const found = await readAll(redis, tags.map(stampKey));
      return found.map((stamp) => stamp?.toString() ?? '');
    },
    async raise(tags) {
      const raised = stamps.raise(tags);
      // Commands of one connection keep their order: who hears of it finds the new stamps. Those to several nodes do not.
      if (redis instanceof Cluster) await raised;
      await Promise.all([raised, tell(tags)]);
    },
    async claim(places, ttlMs) {
      const claims = places.map((place) => claimOf(lockKey(place), owner, ttlMs));
      return (await sendAll(redis, claims)).map((answer) => answer === 'OK');
    },
    async release(places) {
      await sendAll(
        redis,
        places.map((place) => releaseOf(lockKey(place), owner)),
      );
    },
    async [Symbol.asyncDispose]() {},
  };
}

const lockKey = ({ namespace, digest }: Place): string => `l:{${namespace}}:${digest}`;

const claimOf = (key: string, owner: string, ttlMs: number): Command => ({
  key,
  add: (pipeline) => pipeline.set(key, owner, 'PX', ttlMs, 'NX'),
});

const releaseOf = (key: string, owner: string): Command => ({
  key,
  add: (pipeline) => pipeline.eval(releaseScript, 1, key, owner),
});

const releaseScript = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/** Redis's time, asked now and then and counted on by a clock that nobody sets. */
function redisClock(redis: RedisClient) {
  let offset = Date.now() - performance.now();
  let askedAt = Number.NEGATIVE_INFINITY;
  const ask = async (): Promise<void> => {
    const [seconds = 0, micros = 0] = (await redis.time()).map(Number);
    askedAt = performance.now();
    offset = seconds * 1_000 + micros / 1_000 - askedAt;
  };
  return {
    now: () => offset + performance.now(),
    async known(): Promise<void> {
      if (askedAt === Number.NEGATIVE_INFINITY) return ask();
      if (performance.now() - askedAt < clockEveryMs) return;
      askedAt = performance.now();
      ask().catch(() => undefined);
    },
  };
}

import { randomBytes } from 'node:crypto';
import type { ChainableCommander } from 'ioredis';
import { Cluster } from 'ioredis';
import type { RedisClient } from '#kit/redis.ts';
import { decode, encode } from './codec.ts';
import type { Place } from './keys.ts';
import { sameStamps } from './memory-store.ts';
import type { Entry, OnFault, Store, Wanted, Write } from './store.ts';
import type { Tag } from './tags.ts';

type Options = {
  readonly redis: RedisClient;
  /** Longest time that any entry is kept; stamps outlive it by an hour. */
  readonly longestMs: number;
  /** Tells this process's own announcements from those of others. */
  readonly sender: string;
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

/** Raised tags are told here, so that copies in other processes go. */
export const announcements = 'cache:raised';

const clockEveryMs = 10_000;

/** Entries that all replicas share. Values and stamps are read by one MGET; expiry goes by Redis's own clock. */
export function redisStore({ redis, longestMs, sender, onFault }: Options): Store {
  const clock = redisClock(redis);
  const stampSeconds = Math.ceil(longestMs / 1_000) + 3_600;
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
      const stamps = new Map(tags.map((tag, index) => [tag, found[wanted.length + index]?.toString() ?? '']));
      return Promise.all(
        wanted.map(async (each, index) => {
          const current = each.tags.map((tag) => stamps.get(tag) ?? '');
          return { entry: await entryOf(each, found[index] ?? null, current), fence: { stamps: current } };
        }),
      );
    },
    async write(writes) {
      await sendAll(redis, await Promise.all(writes.map(commandsOf)));
    },
    async raise(tags) {
      // Never a number again that an entry may still hold: counting would begin anew once a stamp has run out.
      const stamp = randomBytes(9).toString('base64url');
      const told = redis.publish(announcements, JSON.stringify({ sender, tags }));
      const raised = tags.map((tag) => ({
        key: stampKey(tag),
        add: (pipeline: ChainableCommander) => pipeline.set(stampKey(tag), stamp, 'EX', stampSeconds),
      }));
      await Promise.all([sendAll(redis, raised), told]);
    },
    async claim(places, ttlMs) {
      const claims = places.map((place) => redis.set(lockKey(place), sender, 'PX', ttlMs, 'NX'));
      return (await Promise.all(claims)).map((answer) => answer === 'OK');
    },
    async release(places) {
      await Promise.all(places.map((place) => redis.eval(releaseScript, 1, lockKey(place), sender)));
    },
    async [Symbol.asyncDispose]() {},
  };
}

const stampKey = (tag: Tag): string => `t:${tag}`;
const lockKey = ({ namespace, digest }: Place): string => `l:{${namespace}}:${digest}`;

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

type Command = { readonly key: string; readonly add: (pipeline: ChainableCommander) => ChainableCommander };

/** One MGET; in a cluster one for each slot, all at once. */
async function readAll(redis: RedisClient, keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
  if (!(redis instanceof Cluster)) return redis.mgetBuffer([...keys]);
  const found = new Map<string, Buffer | null>();
  const reading = bySlot(keys, (key) => key).map(async (group) => {
    const values = await redis.mgetBuffer(group);
    for (const [index, key] of group.entries()) found.set(key, values[index] ?? null);
  });
  await Promise.all(reading);
  return keys.map((key) => found.get(key) ?? null);
}

async function sendAll(redis: RedisClient, commands: readonly Command[]): Promise<void> {
  const groups = redis instanceof Cluster ? bySlot(commands, ({ key }) => key) : [commands];
  const answers = await Promise.all(
    groups
      .filter((group) => group.length > 0)
      .map((group) => group.reduce((line, { add }) => add(line), redis.pipeline()).exec()),
  );
  for (const [error] of answers.flatMap((answer) => answer ?? [])) if (error !== null) throw error;
}

/** Keys with the same name in braces are in the same slot. */
function bySlot<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  return [...Map.groupBy(items, (item) => /\{([^}]*)\}/.exec(keyOf(item))?.[1]).values()];
}

import { LRUCache } from 'lru-cache';
import type { RedisClient } from './redis.ts';

type Kept = { readonly text: string; readonly ttlMs: number };

/** One text per place, each for its time. Every method is one step that nothing comes between, and rejects when the store is away. */
export type KeyStore = {
  /** Puts a text where there is none; else answers the one that is there. */
  readonly claim: (place: string, text: string, ttlMs: number) => Promise<string | undefined>;
  /** Puts the next text where `held` still is. */
  readonly replace: (place: string, held: string, next: Kept) => Promise<void>;
  /** Empties the place where `held` still is. */
  readonly release: (place: string, held: string) => Promise<void>;
};

/** At most 10,000 texts in this process; more push out those that were used longest ago. */
export function keysInMemory(): KeyStore {
  const texts = new LRUCache<string, string>({ max: 10_000 });
  return {
    async claim(place, text, ttlMs) {
      const found = texts.get(place);
      if (found === undefined) texts.set(place, text, { ttl: ttlMs });
      return found;
    },
    async replace(place, held, { text, ttlMs }) {
      if (texts.get(place) === held) texts.set(place, text, { ttl: ttlMs });
    },
    async release(place, held) {
      if (texts.get(place) === held) texts.delete(place);
    },
  };
}

const replaceScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end`;
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

export function keysInRedis(redis: RedisClient): KeyStore {
  const claim: KeyStore['claim'] = async (place, text, ttlMs) => {
    if ((await redis.set(keyOf(place), text, 'PX', ttlMs, 'NX')) !== null) return undefined;
    // A text whose time ended between the two commands leaves the place free.
    return (await redis.get(keyOf(place))) ?? claim(place, text, ttlMs);
  };
  return {
    claim,
    async replace(place, held, { text, ttlMs }) {
      await redis.eval(replaceScript, 1, keyOf(place), held, text, ttlMs);
    },
    async release(place, held) {
      await redis.eval(releaseScript, 1, keyOf(place), held);
    },
  };
}

const keyOf = (place: string): string => `idempotency:${place}`;

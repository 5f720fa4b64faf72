import type { Clock } from '#kit/clock.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { announcements } from './announcements.ts';
import { guardedStore } from './guarded-store.ts';
import { memoryStore } from './memory-store.ts';
import { nearStore } from './near-store.ts';
import { cacheConnection, redisStore } from './redis-store.ts';
import type { OnFault, Store } from './store.ts';

export type StoreSettings = {
  /** Redis of all replicas; without one the store is this process's own. */
  readonly redisUrl: string | undefined;
  readonly redisCaFile: string | undefined;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** So long a copy of what Redis holds is served without asking it. */
  readonly nearMs: number;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Longest time that anything is kept. */
  readonly longestMs: number;
};

type Parts = {
  readonly settings: StoreSettings;
  /** Certificates to trust for Redis, as text. */
  readonly ca?: string | undefined;
  readonly clock: Clock;
  readonly onFault: OnFault;
  /** Hears of what other processes invalidate. */
  readonly onRaised: () => void;
};

const startMs = 1_000;

/** Redis behind copies in this process, or memory alone where no Redis is named. */
export async function openStore({ settings, ca, clock, onFault, onRaised }: Parts): Promise<Store> {
  const { redisUrl: url, maxEntries, maxBytes, nearMs, readTimeoutMs, writeTimeoutMs, longestMs } = settings;
  if (url === undefined) return memoryStore({ clock, maxEntries, maxBytes });
  const onError = (error: Error): void => onFault({ kind: 'unavailable', error });
  const redis = openRedis({ url, ca, settings: cacheConnection, onError });
  const listener = openRedis({ url, ca, settings: { protocol: 2, connectTimeout: 500 }, onError });
  const { tell, heard, listen } = announcements({ redis, listener, copyMs: nearMs });
  const own = redisStore({ redis, longestMs, tell, onFault });
  const shared = guardedStore({ store: own, readTimeoutMs, writeTimeoutMs, onFault });
  const near = nearStore({ shared, heard, maxEntries, maxBytes, ttlMs: nearMs });
  listen({
    onRaised(tags) {
      near.forget(tags);
      onRaised();
    },
    onHearing: near.hearing,
  });
  await Promise.all([whenReady(redis, startMs), whenReady(listener, startMs)]);
  return {
    ...near,
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await Promise.all([closeRedis(redis), closeRedis(listener)]);
    },
  };
}

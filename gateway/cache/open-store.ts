import type { Clock } from '#kit/clock.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { announcements } from './announcements.ts';
import { fileStore } from './file-store.ts';
import { guardedStore } from './guarded-store.ts';
import { memoryStore, sameStamps } from './memory-store.ts';
import type { Renew } from './near-store.ts';
import { nearStore } from './near-store.ts';
import { cacheConnection, redisStore } from './redis-store.ts';
import type { OnFault, Store } from './store.ts';
import type { Tag } from './tags.ts';
import { everythingTag } from './tags.ts';

export type StoreSettings = {
  /** Redis of all replicas; without one the store is this machine's own. */
  readonly redisUrl: string | undefined;
  readonly redisCaFile: string | undefined;
  /** SQLite file that is used without Redis. */
  readonly file?: string | undefined;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** So long a copy of what Redis holds is served without asking it. */
  readonly nearMs: number;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Longest time that anything is kept. */
  readonly longestMs: number;
};

/** Without tags anything may have been raised. */
export type OnRaised = (tags?: readonly Tag[]) => void;

type Parts = {
  readonly settings: StoreSettings;
  /** Certificates to trust for Redis, as text. */
  readonly ca?: string | undefined;
  readonly clock: Clock;
  readonly onFault: OnFault;
  /** Hears of what other processes invalidate. */
  readonly onRaised: OnRaised;
  readonly relay?: Relay | undefined;
};

/** Tells other processes, each with a memory of its own, what was raised; resolves once they have forgotten it. */
export type Relay = {
  readonly tell: (tags: readonly Tag[]) => Promise<void>;
  readonly onTold: (hear: (tags: readonly Tag[]) => Promise<void>) => void;
};

const startMs = 1_000;

type OwnStore = Store & {
  /** Gives up what is held in memory. */
  readonly giveUp: () => void;
};

/** A store, and whether its Redis can be reached; false where there is none. */
export type OpenStore = OwnStore & { readonly isConnected: () => boolean; readonly renew: Renew };

/** Redis behind copies in this process; a file or memory alone where no Redis is named. */
export async function openStore({ settings, ca, clock, onFault, onRaised, relay }: Parts): Promise<OpenStore> {
  const { redisUrl: url, maxEntries, maxBytes, nearMs, readTimeoutMs, writeTimeoutMs, longestMs } = settings;
  if (url === undefined) {
    const own = openOwn({ settings, clock, onFault, onRaised, relay });
    return { ...own, isConnected: () => false, renew: renewals(own) };
  }
  const onError = (error: Error): void => onFault({ kind: 'unavailable', error });
  const redis = openRedis({ url, ca, settings: cacheConnection, onError });
  const listener = openRedis({ url, ca, settings: { protocol: 2, connectTimeout: 500 }, onError });
  const { tell, heard, listen } = announcements({ redis, listener, copyMs: nearMs });
  const own = redisStore({ redis, longestMs, tell, onFault });
  const shared = guardedStore({ store: own, readTimeoutMs, writeTimeoutMs, onFault });
  // A Sentinel's new primary is a new connection; a Cluster only loses a node, and says when it knows who has its slots.
  redis.on('ready', shared.doubt).on('-node', shared.doubt).on('refresh', shared.settle);
  const near = nearStore({ shared, heard, maxEntries, maxBytes, ttlMs: nearMs });
  listen({
    onRaised(tags) {
      near.forget(tags);
      onRaised(tags);
    },
    onHearing(hears) {
      near.hearing(hears);
      // What was told meanwhile is lost.
      if (hears) onRaised();
    },
  });
  await Promise.all([whenReady(redis, startMs), whenReady(listener, startMs)]);
  return {
    ...near,
    giveUp: () => near.forget([everythingTag]),
    isConnected: () => redis.status === 'ready',
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await Promise.all([closeRedis(redis), closeRedis(listener)]);
    },
  };
}

/** Where nothing is copied, stamps are looked at each time. */
const renewals =
  ({ stamps }: Store): Renew =>
  async (basis) => {
    const current = await stamps(basis.tags).catch(() => undefined);
    return current !== undefined && sameStamps(basis.stamps, current) ? basis : undefined;
  };

/** What this process or machine has for itself; a file that cannot be opened keeps nobody from starting. */
function openOwn({ settings, clock, onFault, onRaised, relay }: Parts): OwnStore {
  const { file, maxEntries, maxBytes, readTimeoutMs, writeTimeoutMs } = settings;
  const memory = () => relayed(memoryStore({ clock, maxEntries, maxBytes }), { relay, onRaised, onFault });
  if (file === undefined) return memory();
  try {
    const store = fileStore({ file, clock, maxEntries, maxBytes, onFault, onRaised });
    return { ...guardedStore({ store, readTimeoutMs, writeTimeoutMs, onFault }), giveUp: () => undefined };
  } catch (error) {
    onFault({ kind: 'unavailable', error });
    return memory();
  }
}

/** What one process raises, the others forget before the writer is answered. */
function relayed(store: OwnStore, { relay, onRaised, onFault }: Pick<Parts, 'relay' | 'onRaised' | 'onFault'>): OwnStore {
  if (relay === undefined) return store;
  relay.onTold(async (tags) => {
    await store.raise(tags);
    onRaised(tags);
  });
  return {
    ...store,
    async raise(tags) {
      await store.raise(tags);
      await relay.tell(tags).catch((error: unknown) => onFault({ kind: 'unavailable', error }));
    },
  };
}

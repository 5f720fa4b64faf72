import { closeRedis, openRedis } from '#kit/redis.ts';
import { readRedisCa } from '#kit/secret-files.ts';
import type { Dependency } from './probes.ts';

type Parts = {
  /** The store of organizations, and what kind it is. */
  readonly store: { readonly name: 'mongodb' | 'database'; readonly ping: () => Promise<void> };
  readonly redis: { readonly url: string | undefined; readonly caFile: string | undefined };
};

type StoreProbes = AsyncDisposable & { readonly dependencies: readonly Dependency[] };

/** The stores of this process, Redis over a connection of its own. */
export function openStoreProbes({ store, redis: { url, caFile } }: Parts): StoreProbes {
  const database: Dependency = { name: store.name, kind: 'store', probe: () => store.ping().then(() => null) };
  if (url === undefined) return { dependencies: [database], [Symbol.asyncDispose]: async () => undefined };
  const ca = readRedisCa(caFile);
  // A question waits for the first connection, and fails with the next one that fails.
  const redis = openRedis({ url, ca, settings: { connectTimeout: 2_000, maxRetriesPerRequest: 1 } });
  return {
    dependencies: [
      database,
      {
        name: 'redis',
        kind: 'store',
        probe: () => redis.ping().then(() => null),
        isSuspect: () => redis.status !== 'ready',
      },
    ],
    [Symbol.asyncDispose]: () => closeRedis(redis),
  };
}

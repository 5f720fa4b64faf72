import { blockStore, blockStoreSettings } from '#kit/block-store.ts';
import type { Clock } from '#kit/clock.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { readRedisCa } from '#kit/secret-files.ts';
import type { Blocks } from './blocks.ts';
import { memoryBlocks } from './blocks.ts';
import { sharedBlocks } from './shared-blocks.ts';

type Options = {
  /** Redis of all replicas; without one each has blocks of its own. */
  readonly url: string | undefined;
  readonly caFile: string | undefined;
  readonly clock: Clock;
  readonly onReachable: (reachable: boolean) => void;
};

/** Opens the blocks of this deployment. A Redis that is away keeps nobody from starting. */
export async function openBlocks({ url, caFile, clock, onReachable }: Options): Promise<Blocks & AsyncDisposable> {
  if (url === undefined) return { ...memoryBlocks({ clock }), [Symbol.asyncDispose]: async () => undefined };
  await using opening = new AsyncDisposableStack();
  const ca = readRedisCa(caFile);
  const redis = openRedis({ url, ca, settings: blockStoreSettings });
  opening.defer(() => closeRedis(redis));
  await whenReady(redis, blockStoreSettings.connectTimeout);
  const blocks = opening.use(await sharedBlocks({ store: blockStore(redis, { clock }), clock, onReachable }));
  const opened = opening.move();
  return { ...blocks, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

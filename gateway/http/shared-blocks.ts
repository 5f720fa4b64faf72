import type { BlockStore } from '#kit/block-store.ts';
import type { Block } from '#kit/blocks.ts';
import { blockedAddress } from '#kit/blocks.ts';
import type { Clock } from '#kit/clock.ts';
import type { Blocks } from './blocks.ts';
import { memoryBlocks } from './blocks.ts';

type Parts = {
  readonly store: BlockStore;
  readonly clock: Clock;
  /** How often this process looks whether something changed: so long at most others' blocks are unknown here. */
  readonly everyMs?: number;
  /** Hears when the store is away, and when it is back. */
  readonly onReachable?: (reachable: boolean) => void;
};

/**
 * Blocks of all replicas. Requests ask a copy in this process, which follows the store; while that is away the copy goes
 * on, and what is blocked meanwhile is blocked here alone.
 */
export async function sharedBlocks({ store, clock, everyMs = 1_000, onReachable }: Parts): Promise<Blocks & AsyncDisposable> {
  const own = memoryBlocks({ clock });
  let copy = new Map<string, Block>();
  let version: string | undefined;
  let reachable = true;
  const look = async (): Promise<void> => {
    const found = await store.version();
    if (found === version) return;
    copy = new Map((await store.read()).map((block) => [block.address, block]));
    version = found;
  };
  const tell = (now: boolean): void => {
    if (now !== reachable) onReachable?.(now);
    reachable = now;
  };
  const follow = (): Promise<void> =>
    look().then(
      () => tell(true),
      () => tell(false),
    );
  await follow();
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(follow);
  }, everyMs).unref();
  return {
    async block(block) {
      const address = blockedAddress(block.address);
      await own.block(block);
      await store.write(block);
      copy.set(address, { ...block, address });
      await own.lift(address);
    },
    async lift(address) {
      const removed = await store.remove(address);
      copy.delete(blockedAddress(address));
      return (await own.lift(address)) || removed;
    },
    list: async () => [...(await own.list()), ...(await store.read())],
    find(address) {
      const block = copy.get(address);
      return block !== undefined && block.until > clock.now() ? block : own.find(address);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
    },
  };
}

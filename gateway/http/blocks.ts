import type { Block } from '#kit/blocks.ts';
import { blockedAddress } from '#kit/blocks.ts';
import type { Clock } from '#kit/clock.ts';

/** Addresses that are shut out for a while. What changes them is asynchronous, because a shared store has to be told. */
export type Blocks = {
  /** Takes the place of a block of the same address. @throws ExpectedError BAD_USER_INPUT for what is no address */
  readonly block: (block: Block) => Promise<void>;
  /** True when there was a block to lift. */
  readonly lift: (address: string) => Promise<boolean>;
  readonly list: () => Promise<readonly Block[]>;
  /** The block that holds for an address now, as far as this process knows. It never waits: every request asks. */
  readonly find: (address: string) => Block | undefined;
};

type Options = {
  readonly clock: Clock;
  /** Most blocks that are kept; beyond it those that would end first make room. */
  readonly max?: number;
};

/** Blocks of this process alone. */
export function memoryBlocks({ clock, max = 10_000 }: Options): Blocks {
  const blocks = new Map<string, Block>();
  const holding = (): readonly Block[] => [...blocks.values()].filter(({ until }) => until > clock.now());
  const makeRoom = (): void => {
    if (blocks.size < max) return;
    const kept = holding().toSorted((one, other) => other.until - one.until);
    blocks.clear();
    // A tenth at once, so that a flood of addresses does not sort them all each time.
    for (const block of kept.slice(0, Math.floor(max * 0.9))) blocks.set(block.address, block);
  };
  return {
    async block({ address: given, reason, until }) {
      const address = blockedAddress(given);
      blocks.delete(address);
      makeRoom();
      blocks.set(address, { address, reason, until });
    },
    lift: async (address) => blocks.delete(blockedAddress(address)),
    list: async () => holding(),
    find(address) {
      const block = blocks.get(address);
      return block !== undefined && block.until > clock.now() ? block : undefined;
    },
  };
}

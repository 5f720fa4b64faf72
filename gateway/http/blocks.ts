import { canonicalAddress } from '#kit/address-set.ts';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';

type Block = {
  readonly address: string;
  /** For people; clients never see it. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
};

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
      const address = addressOf(given);
      blocks.delete(address);
      makeRoom();
      blocks.set(address, { address, reason, until });
    },
    lift: async (address) => blocks.delete(addressOf(address)),
    list: async () => holding(),
    find(address) {
      const block = blocks.get(address);
      return block !== undefined && block.until > clock.now() ? block : undefined;
    },
  };
}

function addressOf(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) throw new ExpectedError('BAD_USER_INPUT', 'address: is not an IP address.');
  return address;
}

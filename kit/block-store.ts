import { readFileSync } from 'node:fs';
import type { Block } from './blocks.ts';
import { blockedAddress } from './blocks.ts';
import type { Clock } from './clock.ts';
import type { RedisClient } from './redis.ts';

/** Blocks in a Redis that all gateways and the command line share. Everything here rejects while Redis is away. */
export type BlockStore = {
  /** Takes the place of a block of the same address. @throws ExpectedError BAD_USER_INPUT for what is no address */
  readonly write: (block: Block) => Promise<void>;
  /** True when there was a block to remove. @throws the same */
  readonly remove: (address: string) => Promise<boolean>;
  /** All blocks that stand now. */
  readonly read: () => Promise<readonly Block[]>;
  /** Differs after every change, so that nobody reads all of them for nothing. */
  readonly version: () => Promise<string>;
};

type Options = { readonly clock: Clock; readonly key?: string; readonly max?: number };

type Scripted = { readonly laboratoryBlock: (keys: 1, key: string, ...words: (string | number)[]) => Promise<number> };

const script = readFileSync(new URL('block-store.lua', import.meta.url), 'utf8');

/** What a connection wants on which blocks travel: an answer soon or none. */
export const blockStoreSettings = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  connectTimeout: 1_000,
  commandTimeout: 1_000,
} as const;

/** One hash, so that a cluster has it in one place and listing needs no scan over all keys. */
export function blockStore(redis: RedisClient, { clock, key = 'edge:blocks', max = 10_000 }: Options): BlockStore {
  redis.defineCommand('laboratoryBlock', { lua: script });
  return {
    async write({ address, reason, until }) {
      const words = [blockedAddress(address), Math.round(until), reason, clock.now(), max];
      await (redis as unknown as Scripted).laboratoryBlock(1, key, ...words);
    },
    async remove(address) {
      const [removed] = (await redis.multi().hdel(key, blockedAddress(address)).hincrby(key, 'version', 1).exec()) ?? [];
      if (removed?.[0]) throw removed[0];
      return removed?.[1] === 1;
    },
    async read() {
      const { version: _, ...blocks } = await redis.hgetall(key);
      return Object.entries(blocks)
        .map(([address, text]) => blockOf(address, text))
        .filter(({ until }) => until > clock.now());
    },
    version: async () => (await redis.hget(key, 'version')) ?? '',
  };
}

function blockOf(address: string, text: string): Block {
  const space = text.indexOf(' ');
  return { address, until: Number(text.slice(0, space)), reason: text.slice(space + 1) };
}

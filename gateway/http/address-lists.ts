import type { AddressSet } from '#kit/address-set.ts';
import type { FeedReload } from './address-feed.ts';
import { openFeed } from './address-feed.ts';
import type { Blocks } from './blocks.ts';

type Options = {
  /** Whoever may come at all; everybody when absent. */
  readonly allow: AddressSet | undefined;
  readonly deny: AddressSet;
  /** File of more addresses to refuse. */
  readonly feedPath: string | undefined;
  readonly feedPollMs: number;
  readonly blocks: Blocks;
  readonly onReload: (outcome: FeedReload) => void;
};

export type AddressLists = AsyncDisposable & {
  /** True for a client that is not to be served; a refusal by any list wins over IP_ALLOW. */
  readonly refuses: (address: string) => boolean;
  /** Reads the file at once; rejects when it cannot be read. */
  readonly reload: () => Promise<void>;
};

/** Decides by its address whether a client is served. @throws Error that names IP_FEED_PATH when the file cannot be read */
export async function openAddressLists({ allow, deny, feedPath, feedPollMs, blocks, onReload }: Options): Promise<AddressLists> {
  const feed = feedPath === undefined ? undefined : await openFeed({ path: feedPath, pollMs: feedPollMs, onReload });
  return {
    refuses: (address) =>
      deny.has(address) ||
      feed?.has(address) === true ||
      blocks.find(address) !== undefined ||
      (allow !== undefined && !allow.has(address)),
    reload: async () => feed?.reload(),
    [Symbol.asyncDispose]: async () => feed?.[Symbol.asyncDispose](),
  };
}

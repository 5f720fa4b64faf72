import type { Place } from './keys.ts';
import type { Tag } from './tags.ts';

/** What is kept of one answer. */
export type Entry = {
  /** JSON of the value; `null` for what is known not to be there. */
  readonly text: string;
  /** Milliseconds since the epoch by the store's clock. */
  readonly createdAt: number;
  /** So long it is served without a question. */
  readonly freshMs: number;
  /** So long it is kept for the time when no newer one can be had. */
  readonly keepMs: number;
  /** What it took to fetch. */
  readonly costMs: number;
};

/**
 * What the stamps of an entry's tags were before it was fetched. An entry is good as long as its stamps are those of the
 * moment, so one that was fetched before an invalidation is never read, however late it is written.
 */
export type Fence = {
  readonly stamps: readonly string[];
  /** There where copies are kept in this process. */
  readonly near?: Near;
  /** True where the shared store could not be asked, so that nothing may be written to it. */
  readonly alone?: boolean;
};

/** How long what was read needs no question to the shared store. */
export type Near = {
  /** Number of the last invalidation that was known when it was read. */
  readonly sequence: number;
  /** By the clock of this process alone, `performance.now()`; 0 where each use needs a question. */
  readonly until: number;
};

/** What an answer that was made of several entries stands and falls with: all their tags, each once, with its stamp. */
export type Basis = {
  readonly tags: readonly Tag[];
  readonly stamps: readonly string[];
  readonly near?: Near | undefined;
};

export type Wanted = { readonly place: Place; readonly tags: readonly Tag[] };

export type Found = { readonly entry: Entry | undefined; readonly fence: Fence };

export type Write = Wanted & { readonly entry: Omit<Entry, 'createdAt'>; readonly fence: Fence };

/** Keeps entries and the stamps of tags. Every method may reject while a store is away. */
export type Store = AsyncDisposable & {
  /** The store's clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** In the order asked; entries that are not good any more are left out. */
  readonly read: (wanted: readonly Wanted[]) => Promise<readonly Found[]>;
  readonly write: (writes: readonly Write[]) => Promise<void>;
  /** The stamps of this moment, in the order asked; empty for a tag that has none. */
  readonly stamps: (tags: readonly Tag[]) => Promise<readonly string[]>;
  /** Invalidates whatever has one of these tags. */
  readonly raise: (tags: readonly Tag[]) => Promise<void>;
  /** Which of these places are ours to fetch, for the given time. */
  readonly claim: (places: readonly Place[], ttlMs: number) => Promise<readonly boolean[]>;
  /** Gives claimed places back. */
  readonly release: (places: readonly Place[]) => Promise<void>;
};

/** What may be wrong with a store, for a metric. */
export type Fault =
  /** Its own answer was not in time, or none. */
  | 'unavailable'
  /** An entry that could not be read, and is gone. */
  | 'corrupt'
  /** An entry that belongs to somebody or something else, and is gone. */
  | 'mismatch'
  /** An answer that was too large to be kept. */
  | 'oversize'
  /** Entries of the stream of invalidations that say nothing that could be invalidated. */
  | 'malformed';

export type OnFault = (fault: { readonly kind: Fault; readonly error?: unknown }) => void;

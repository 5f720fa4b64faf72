import { sameStamps } from './memory-store.ts';
import type { NearCopies } from './near-copies.ts';
import { nearCopies } from './near-copies.ts';
import type { Basis, Found, Store, Wanted } from './store.ts';

type Options = Parameters<typeof nearCopies>[0] & {
  /** The store that all replicas share. */
  readonly shared: Store;
  /** Resolves once all other processes have forgotten what this one raised. */
  readonly heard: () => Promise<void>;
};

/** The same basis as it holds now; undefined where it holds no more, or nobody can tell. */
export type Renew = (basis: Basis) => Promise<Basis | undefined>;

export type NearStore = Store &
  Pick<NearCopies, 'forget' | 'hearing'> & {
    /** Asks the shared store for stamps alone, and only when copies would have to be read again. */
    readonly renew: Renew;
  };

/**
 * Copies in this process of what the shared store holds, for moments only. While that store is away they are all there is,
 * and what is fetched meanwhile is kept here alone. While this process does not hear what others raise, no copies of what the
 * shared store holds are served.
 */
export function nearStore({ shared, heard, ...options }: Options): NearStore {
  const copies = nearCopies(options);
  const { forget, hearing, find, keep } = copies;
  const readShared = sharedReads(shared, copies);
  return {
    forget,
    hearing,
    renew: renewals(shared, copies),
    now: () => shared.now(),
    async read(wanted) {
      const near = wanted.map(find);
      const missing = wanted.filter((_, index) => near[index] === undefined);
      if (missing.length === 0) return near.flatMap((copy) => copy ?? []);
      const found = (await readShared(missing)).values();
      return near.map((copy) => copy ?? next(found));
    },
    stamps: (tags) => shared.stamps(tags),
    async write(writes) {
      const createdAt = shared.now();
      for (const { entry, fence, ...asked } of writes) keep(asked, { ...entry, createdAt }, fence);
      const sharable = writes.filter(({ fence }) => fence.alone !== true);
      if (sharable.length > 0) await shared.write(sharable);
    },
    async raise(tags) {
      forget(tags);
      await shared.raise(tags);
      // What was read in between may be from before.
      forget(tags);
      await heard();
    },
    claim: (places, lockMs) => shared.claim(places, lockMs),
    release: (places) => shared.release(places),
    [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose](),
  };
}

function sharedReads(shared: Store, { find, keep, mark, markAlone, stampsAlone }: NearCopies) {
  const settled = ({ entry, fence }: Found, asked: Wanted): Found => {
    if (entry !== undefined) keep(asked, entry, fence);
    // Somebody may have brought it while Redis was asked.
    return (entry === undefined ? find(asked) : undefined) ?? { entry, fence };
  };
  return async (wanted: readonly Wanted[]): Promise<readonly Found[]> => {
    const near = mark();
    const alone = markAlone();
    try {
      const found = (await shared.read(wanted)).values();
      return wanted.map((asked) => {
        const { entry, fence } = next(found);
        return settled({ entry, fence: { ...fence, near } }, asked);
      });
    } catch {
      return wanted.map(({ tags }) => ({ entry: undefined, fence: { stamps: stampsAlone(tags), near: alone, alone: true } }));
    }
  };
}

function renewals(shared: Store, { mark, areGood }: NearCopies): Renew {
  return async (basis) => {
    const { tags, stamps, near } = basis;
    if (near !== undefined && areGood(near, tags)) return { ...basis, near: { ...near, sequence: mark().sequence } };
    const marked = mark();
    const current = await shared.stamps(tags).catch(() => undefined);
    return current !== undefined && sameStamps(stamps, current) ? { tags, stamps, near: marked } : undefined;
  };
}

function next(found: IterableIterator<Found>): Found {
  const { value } = found.next();
  if (value === undefined) throw new Error('A store answered less than it was asked.');
  return value;
}

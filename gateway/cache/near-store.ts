import { LRUCache } from 'lru-cache';
import { sizeOf } from './memory-store.ts';
import type { Entry, Fence, Found, Store, Wanted } from './store.ts';
import type { Tag } from './tags.ts';
import { everythingTag } from './tags.ts';

type Options = {
  /** The store that all replicas share. */
  readonly shared: Store;
  /** Resolves once all other processes have forgotten what this one raised. */
  readonly heard: () => Promise<void>;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** So long a copy is served without asking the shared store. */
  readonly ttlMs: number;
};

export type NearStore = Store & {
  /** Forgets what has one of these tags, as somebody else has raised them. */
  readonly forget: (tags: readonly Tag[]) => void;
  /**
   * Whether this process hears what others raise, told again with every attempt to connect; while it does not, no copies of
   * what the shared store holds are served, and what was told meanwhile is lost.
   */
  readonly hearing: (hears: boolean) => void;
};

type Copy = { readonly entry: Entry; readonly stamps: readonly string[]; readonly sequence: number };

const maxTags = 50_000;

/**
 * Copies in this process of what the shared store holds, for moments only. While that store is away they are all there is,
 * and what is fetched meanwhile is kept here alone.
 */
export function nearStore({ shared, heard, maxEntries, maxBytes, ttlMs }: Options): NearStore {
  const copies = new LRUCache<string, Copy>({ max: maxEntries, maxSize: maxBytes, sizeCalculation: sizeOf, ttl: ttlMs });
  const raisedAt = new Map<Tag, number>();
  let sequence = 0;
  // Nothing that was read before this moment may be kept.
  let floor = 0;
  let hears = false;
  const forgetAll = (): void => {
    copies.clear();
    raisedAt.clear();
    floor = ++sequence;
  };
  const forget = (tags: readonly Tag[]): void => {
    if (raisedAt.size > maxTags || tags.includes(everythingTag)) forgetAll();
    sequence += 1;
    for (const tag of tags) raisedAt.set(tag, sequence);
  };
  const isGood = (since: number, tags: readonly Tag[]): boolean =>
    since >= floor && tags.every((tag) => (raisedAt.get(tag) ?? 0) <= since);
  const copyOf = ({ place, tags }: Wanted): Copy | undefined => {
    const copy = copies.get(place.key);
    return copy !== undefined && isGood(copy.sequence, tags) ? copy : undefined;
  };
  const keep = ({ place, tags }: Wanted, entry: Entry, fence: Fence): void => {
    const since = fence.sequence ?? sequence;
    if ((hears || fence.alone === true) && isGood(since, tags))
      copies.set(place.key, { entry, stamps: fence.stamps, sequence: since });
  };
  const readShared = async (wanted: readonly Wanted[]): Promise<readonly Found[]> => {
    const before = sequence;
    try {
      const found = await shared.read(wanted);
      return found.map(({ entry, fence }, index) => {
        const marked = { ...fence, sequence: before };
        const asked = wanted[index];
        if (entry !== undefined && asked !== undefined) keep(asked, entry, marked);
        // Somebody may have brought it while Redis was asked.
        const copy = entry === undefined && asked !== undefined ? copyOf(asked) : undefined;
        return copy === undefined ? { entry, fence: marked } : foundNear(copy);
      });
    } catch {
      return wanted.map(({ tags }) => ({
        entry: undefined,
        fence: { stamps: tags.map((tag) => `${floor}.${raisedAt.get(tag) ?? 0}`), sequence: before, alone: true },
      }));
    }
  };
  return {
    forget,
    hearing(now) {
      if (hears || now) forgetAll();
      hears = now;
    },
    now: () => shared.now(),
    async read(wanted) {
      const near = wanted.map(copyOf);
      const missing = wanted.filter((_, index) => near[index] === undefined);
      const found = (missing.length === 0 ? [] : await readShared(missing)).values();
      return near.map((copy) => (copy === undefined ? next(found) : foundNear(copy)));
    },
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
    async [Symbol.asyncDispose]() {
      copies.clear();
      await shared[Symbol.asyncDispose]();
    },
  };
}

const foundNear = ({ entry, stamps, sequence }: Copy): Found => ({ entry, fence: { stamps, sequence } });

function next(found: IterableIterator<Found>): Found {
  const { value } = found.next();
  if (value === undefined) throw new Error('A store answered less than it was asked.');
  return value;
}

import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import type { Entry, Store, Wanted } from './store.ts';
import type { Tag } from './tags.ts';

type Options = {
  readonly clock: Clock;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Tags that are remembered; past them everything is forgotten. */
  readonly maxTags?: number;
};

type Kept = { readonly entry: Entry; readonly stamps: readonly string[] };

type MemoryStore = Store & {
  /** Gives everything up that is kept. */
  readonly giveUp: () => void;
};

/** A store of this process alone, which keeps what was used last. */
export function memoryStore({ clock, maxEntries, maxBytes, maxTags = 100_000 }: Options): MemoryStore {
  const entries = new LRUCache<string, Kept>({ max: maxEntries, maxSize: maxBytes, sizeCalculation: sizeOf });
  const stamps = new Map<Tag, string>();
  let count = 0;
  // Stands for every tag that was not raised yet; a new one refuses what was fetched before stamps were forgotten.
  let initial = '0';
  const stampsOf = (tags: readonly Tag[]): readonly string[] => tags.map((tag) => stamps.get(tag) ?? initial);
  const forgetAll = (): void => {
    entries.clear();
    stamps.clear();
    initial = String(++count);
  };
  const find = (wanted: Wanted, current: readonly string[]): Entry | undefined => {
    const kept = entries.get(wanted.place.key);
    if (kept === undefined) return undefined;
    const { entry } = kept;
    if (sameStamps(kept.stamps, current) && clock.now() < entry.createdAt + entry.keepMs) return entry;
    entries.delete(wanted.place.key);
    return undefined;
  };
  return {
    giveUp: forgetAll,
    now: () => clock.now(),
    async read(wanted) {
      return wanted.map((each) => {
        const current = stampsOf(each.tags);
        return { entry: find(each, current), fence: { stamps: current } };
      });
    },
    async write(writes) {
      for (const { place, entry, fence } of writes)
        entries.set(place.key, { entry: { ...entry, createdAt: clock.now() }, stamps: fence.stamps });
    },
    stamps: async (tags) => stampsOf(tags),
    async raise(tags) {
      if (stamps.size > maxTags) forgetAll();
      for (const tag of tags) stamps.set(tag, String(++count));
    },
    // One process has its own ways to fetch a thing once.
    claim: async (places) => places.map(() => true),
    release: async () => undefined,
    async [Symbol.asyncDispose]() {
      entries.clear();
    },
  };
}

/** Strings take up to two bytes for each character; the rest of an entry is about so large. */
export const sizeOf = ({ entry }: { readonly entry: Entry }): number => entry.text.length * 2 + 500;

export const sameStamps = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((stamp, index) => stamp === right[index]);

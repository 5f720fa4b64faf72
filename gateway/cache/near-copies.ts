import { LRUCache } from 'lru-cache';
import { sizeOf } from './memory-store.ts';
import { raises } from './raises.ts';
import type { Entry, Fence, Found, Near, Wanted } from './store.ts';
import type { Tag } from './tags.ts';
import { everythingTag } from './tags.ts';

type Options = {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** So long a copy is served without asking the shared store. */
  readonly ttlMs: number;
};

/** Copies of entries in this process, and what it knows of their being good. */
export type NearCopies = {
  readonly find: (wanted: Wanted) => Found | undefined;
  /** Keeps a copy as long as its fence allows. */
  readonly keep: (wanted: Wanted, entry: Entry, fence: Fence) => void;
  /** For what is read from now on: taken before the shared store is asked, whose answer may be older than its coming. */
  readonly mark: () => Near;
  /** The same for what is kept here alone. */
  readonly markAlone: () => Near;
  readonly areGood: (near: Near, tags: readonly Tag[]) => boolean;
  readonly stampsAlone: (tags: readonly Tag[]) => readonly string[];
  /** Forgets what has one of these tags. */
  readonly forget: (tags: readonly Tag[]) => void;
  /** Whether it is heard what other processes raise; what was told meanwhile is lost. */
  readonly hearing: (hears: boolean) => void;
};

export function nearCopies({ maxEntries, maxBytes, ttlMs }: Options): NearCopies {
  const { note, noteAll, last, areGood, stampsOf } = raises();
  const copies = new LRUCache<string, Required<Found>>({ max: maxEntries, maxSize: maxBytes, sizeCalculation: sizeOfCopy });
  let hears = false;
  const isGood = ({ sequence, until }: Near, tags: readonly Tag[]): boolean =>
    performance.now() < until && areGood(tags, sequence);
  const isNear = ({ fence: { near } }: Found, tags: readonly Tag[]): boolean => near !== undefined && isGood(near, tags);
  const markAlone = (): Near => ({ sequence: last(), until: performance.now() + ttlMs });
  return {
    find({ place, tags }) {
      const copy = copies.get(place.key);
      return copy !== undefined && isNear(copy, tags) ? copy : undefined;
    },
    keep({ place, tags }, entry, { stamps, near }) {
      const copy = { entry, fence: { stamps, ...(near && { near }) } };
      if (isNear(copy, tags)) copies.set(place.key, copy);
    },
    mark: () => (hears ? markAlone() : { sequence: last(), until: 0 }),
    markAlone,
    areGood: isGood,
    stampsAlone: stampsOf,
    forget(tags) {
      note(tags);
      if (tags.includes(everythingTag)) copies.clear();
    },
    hearing(now) {
      if (hears || now) noteAll();
      hears = now;
    },
  };
}

const sizeOfCopy = ({ entry }: Found): number => (entry === undefined ? 1 : sizeOf({ entry }));

import type { Archive } from './archive.ts';
import type { Part } from './write-archive.ts';

/** One thing that is backed up: it gives its parts, and takes them back. */
export type BackedUp = AsyncDisposable & {
  /** What people call it: `organizations`, `redis` or `limits`. */
  readonly name: string;
  readonly parts: () => AsyncIterable<Part>;
  /** Whether an archive has what this store would take. */
  readonly isIn: (archive: Archive) => boolean;
  readonly isEmpty: () => Promise<boolean>;
  /** Puts the archive's state in place of this store's. Resolves to the number of records. */
  readonly restore: (archive: Archive) => Promise<number>;
  /** Does the same in a scratch place, compares, and takes it away. Resolves to the number of records. @throws Error for a difference */
  readonly rehearse: (archive: Archive) => Promise<number>;
};

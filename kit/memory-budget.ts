import { ExpectedError } from './errors.ts';

/** What one request holds of the memory; disposal gives it back. */
export type MemoryShare = Disposable & {
  /** @throws ExpectedError OVERLOADED when all requests together would hold more than there is */
  readonly take: (bytes: number) => void;
};

export type MemoryBudget = { readonly open: () => MemoryShare };

/** Bounds what all requests of this process keep in memory at one time, in bytes. */
export function memoryBudget(maxBytes: number): MemoryBudget {
  let taken = 0;
  return {
    open() {
      let own = 0;
      return {
        take(bytes) {
          if (taken + bytes > maxBytes) throw overloaded();
          taken += bytes;
          own += bytes;
        },
        [Symbol.dispose]() {
          taken -= own;
          own = 0;
        },
      };
    },
  };
}

const overloaded = (): ExpectedError =>
  new ExpectedError('OVERLOADED', 'Too many files are being sent at this moment; come back in a second.', {
    extensions: { retryAfter: 1 },
  });

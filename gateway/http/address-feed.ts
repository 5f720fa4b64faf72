import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import type { AddressSet } from '#kit/address-set.ts';
import { growingAddressSet } from '#kit/address-set.ts';

export type AddressFeed = AddressSet &
  AsyncDisposable & {
    /** Reads the file at once; rejects when it cannot be read. */
    readonly reload: () => Promise<void>;
  };

export type FeedReload = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

type Options = {
  /** File with one address or range a line; `#` and `;` begin a comment. */
  readonly path: string;
  /** How often the file is looked at. */
  readonly pollMs: number;
  /** Hears of every reading after the first. */
  readonly onReload: (outcome: FeedReload) => void;
};

/**
 * Addresses of a file that somebody else keeps, such as a list of known attackers. A changed file is swapped in whole;
 * one that cannot be read leaves the old addresses in force.
 * @throws Error with the number of the line, when the first reading fails
 */
export async function openFeed({ path, pollMs, onReload }: Options): Promise<AddressFeed> {
  let current: AddressSet = growingAddressSet();
  const read = async (): Promise<void> => {
    current = await readFeed(path);
  };
  let reading = Promise.resolve();
  const reload = (): Promise<void> => {
    const reloaded = reading.then(read);
    reading = reloaded.then(
      () => onReload({ ok: true }),
      (error: unknown) => onReload({ ok: false, error }),
    );
    return reloaded;
  };
  const changed = (): void => void reload().catch(() => undefined);
  // Looking at the file by its name also sees the symbolic links by which mounted configuration is replaced.
  watchFile(path, { interval: pollMs, persistent: false }, changed);
  try {
    await read();
  } catch (cause) {
    unwatchFile(path, changed);
    throw new Error(`IP_FEED_PATH: ${cause instanceof Error ? cause.message : 'cannot be read'}`, { cause });
  }
  return {
    has: (address) => current.has(address),
    reload,
    async [Symbol.asyncDispose]() {
      unwatchFile(path, changed);
      await reading;
    },
  };
}

/** Lines that are read before other work gets its turn; a feed may have a hundred thousand. */
const linesAtOnce = 500;

async function readFeed(path: string): Promise<AddressSet> {
  const addresses = growingAddressSet();
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const entry = line.replace(/[#;].*$/, '').trim();
    if (entry !== '' && !addresses.add(entry)) throw new Error(`line ${index + 1} is neither an IP address nor a range`);
    if (index % linesAtOnce === linesAtOnce - 1) await breathe();
  }
  return addresses;
}

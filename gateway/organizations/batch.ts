/** Collects what is to be written and writes it every few seconds, off the path of requests. Adding never throws. */
export type Batch<Item> = AsyncDisposable & {
  readonly add: (item: Item) => void;
  /** Items that could not be kept, since the start. */
  readonly lost: () => number;
};

type Options<Item> = {
  /** Items with the same key are joined by `merge`. */
  readonly keyOf: (item: Item) => string;
  readonly merge: (kept: Item, added: Item) => Item;
  readonly write: (items: readonly Item[]) => Promise<void>;
  /** Hears why something could not be written; it is tried again with the next batch. */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
  /** Items that wait at most, written and unwritten; more are lost. */
  readonly maxItems?: number;
};

/** Items in one write, so that none takes long. */
const chunk = 500;

/** A write whose outcome is unknown is repeated: what it adds up may be counted twice, never lost while there is room. */
export function batch<Item>({ keyOf, merge, write, onError, everyMs = 2_000, maxItems = 10_000 }: Options<Item>): Batch<Item> {
  let waiting = new Map<string, Item>();
  let writing: Promise<void> = Promise.resolve();
  let lost = 0;
  const add = (item: Item): void => {
    const key = keyOf(item);
    const kept = waiting.get(key);
    if (kept === undefined && waiting.size >= maxItems) lost += 1;
    else waiting.set(key, kept === undefined ? item : merge(kept, item));
  };
  const writeAll = async (): Promise<void> => {
    const items = [...waiting.values()];
    waiting = new Map();
    for (let from = 0; from < items.length; from += chunk) {
      try {
        await write(items.slice(from, from + chunk));
      } catch (error) {
        onError(error);
        for (const item of items.slice(from)) add(item);
        return;
      }
    }
  };
  const flush = (): Promise<void> => {
    writing = writing.then(writeAll);
    return writing;
  };
  const timer = setInterval(() => void flush(), everyMs).unref();
  return {
    add,
    lost: () => lost,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await flush();
      lost += waiting.size;
    },
  };
}

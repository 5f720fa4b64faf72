import DataLoader from 'dataloader';
import { asError } from './errors.ts';
import { isUuid } from './ids.ts';

/** Loads by id within one request; a key the upstream does not know becomes null, a failure rejects only its own key. */
export type Loader<Key, Value> = { readonly load: (key: Key) => Promise<Value | null> };

/** One upstream call per distinct key, all started together; the REST client bounds how many run at once. */
export function eachLoader<Key, Value>(loadOne: (key: Key) => Promise<Value | null>): Loader<Key, Value> {
  const running = new Map<Key, Promise<Value | null>>();
  return {
    load(key) {
      const known = running.get(key);
      if (known !== undefined) return known;
      const started = loadOne(key);
      running.set(key, started);
      return started;
    },
  };
}

/** One upstream call per batch; answers come back by key, in any order, and may be fewer than asked for. */
export function batchLoader<Key, Value>(
  loadMany: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
): Loader<Key, Value> {
  const loader = new DataLoader<Key, Value | null>(async (keys) => {
    const found = await loadMany(keys);
    return keys.map((key) => found.get(key) ?? null);
  });
  return { load: (key) => loader.load(key) };
}

/**
 * For upstreams that cannot be asked for several ids (contract section 6.1, list-and-pick): from `threshold` keys on,
 * one list is fetched and the leftovers one by one; below it every key is fetched by itself.
 */
export function pickLoader<Value>(options: {
  readonly threshold: number;
  readonly list: () => Promise<readonly Value[]>;
  readonly one: (id: string) => Promise<Value | null>;
  readonly idOf: (value: Value) => string;
}): Loader<string, Value> {
  const { threshold, list, one, idOf } = options;
  const loader = new DataLoader<string, Value | null>(async (ids) => {
    const listed =
      ids.length >= threshold ? new Map((await list()).map((value) => [idOf(value), value])) : new Map<string, Value>();
    // DataLoader takes an Error among the values as the failure of that one key.
    return Promise.all(ids.map((id) => listed.get(id) ?? one(id).catch(asError)));
  });
  return { load: (id) => loader.load(id) };
}

/** What cannot be an id is null without a call; the service is asked in lower case. */
export const uuidLoader = <Value>(loader: Loader<string, Value>): Loader<string, Value> => ({
  load: async (id) => (isUuid(id) ? loader.load(id.toLowerCase()) : null),
});

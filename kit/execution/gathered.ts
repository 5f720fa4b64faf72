/** A value that is still to come, and the place that it has in its object or list. */
export type Waiting<Key> = { readonly key: Key; readonly value: Promise<unknown> };

type Put<Target, Key> = (target: Target, key: Key, value: unknown) => void;

/**
 * Puts all values into their places as they come, then gives the whole; rejects with the first that fails. Half as many promises as
 * `Promise.all` would make, and of an answer with lists they are most of what is made.
 */
export const gathered = <Target, Key>(target: Target, waiting: readonly Waiting<Key>[], put: Put<Target, Key>): Promise<Target> =>
  new Promise((resolve, reject) => {
    let left = waiting.length;
    for (const { key, value } of waiting)
      value.then((found) => {
        put(target, key, found);
        left -= 1;
        if (left === 0) resolve(target);
      }, reject);
  });

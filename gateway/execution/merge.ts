import type { OwnTree, Tree } from './tree.ts';
import { isTree, write } from './tree.ts';

/**
 * Where a plan merges answers of later fetches: names and `@` for the items of a list, from the root on. Objects on these
 * paths are ours; whatever else an answer holds stays the subgraph's, is shared and never changed.
 */
export type Places = ReadonlyMap<string, Places>;

type Growing = Map<string, Growing>;

export function placesOf(paths: readonly (readonly string[])[]): Places {
  const root: Growing = new Map();
  for (const path of paths) {
    let at = root;
    for (const name of path) {
      const next: Growing = at.get(name) ?? new Map();
      at.set(name, next);
      at = next;
    }
  }
  return root;
}

/** The places below a path; undefined when nothing is merged there. */
export const placesAt = (places: Places, path: readonly string[]): Places | undefined =>
  path.reduce<Places | undefined>((at, name) => at?.get(name), places);

/** The same value, with copies of ours of those of its objects that are merge places. */
function adopt(value: unknown, places: Places): unknown {
  if (Array.isArray(value)) {
    const items = places.get('@');
    return items === undefined ? value : value.map((item: unknown) => adopt(item, items));
  }
  if (!isTree(value)) return value;
  const own: OwnTree = { ...value };
  for (const [name, below] of places) if (Object.hasOwn(own, name)) write(own, name, adopt(own[name], below));
  return own;
}

/**
 * Merges what a fetch brought into an object of ours. A later answer replaces what an earlier one said of the same name;
 * objects, and lists of the same length, are merged item by item.
 */
export function merge(target: OwnTree, source: Tree, places: Places | undefined): void {
  for (const name in source) {
    const value = source[name];
    if (value === undefined) continue;
    const before = target[name];
    const below = places?.get(name);
    if (typeof value !== 'object' || value === null) write(target, name, value);
    else if (typeof before !== 'object' || before === null || !Object.hasOwn(target, name))
      write(target, name, below === undefined ? value : adopt(value, below));
    else write(target, name, joined(before, value, below));
  }
}

/** Both values in one; what is a merge place keeps its identity. */
function joined(before: object, value: object, places: Places | undefined): unknown {
  if (isTree(before) && isTree(value)) {
    const own: OwnTree = places === undefined ? { ...before } : (before as OwnTree);
    merge(own, value, places);
    return own;
  }
  if (!Array.isArray(before) || !Array.isArray(value) || before.length !== value.length) {
    return places === undefined ? value : adopt(value, places);
  }
  const items = places?.get('@');
  return value.map((item: unknown, index) => joinedItem(before[index], item, items));
}

function joinedItem(before: unknown, item: unknown, places: Places | undefined): unknown {
  if (typeof before === 'object' && before !== null && typeof item === 'object' && item !== null)
    return joined(before, item, places);
  return places === undefined ? item : adopt(item, places);
}

import type { OwnTree } from './tree.ts';
import { isTree, reader } from './tree.ts';

export type Path = readonly (string | number)[];

type Found = (entity: OwnTree, path: Path) => void;

/** Collects the objects that stand at a path of the merged answer; what is null or missing has none. */
export function finder(path: readonly string[]): (root: OwnTree) => readonly OwnTree[] {
  const visit = visitor(path);
  return (root) => {
    const found: OwnTree[] = [];
    visit(root, found);
    return found;
  };
}

type Visit = (value: unknown, found: OwnTree[]) => void;

function visitor([first, ...rest]: readonly string[]): Visit {
  if (first === undefined)
    return (value, found) => {
      if (isTree(value)) found.push(value as OwnTree);
    };
  const next = visitor(rest);
  if (first === '@')
    return (value, found) => {
      if (Array.isArray(value)) for (const item of value) next(item, found);
    };
  const read = reader(first);
  return (value, found) => {
    if (isTree(value)) next(read(value), found);
  };
}

/** Where each of these objects stands, for the paths of errors. */
export function pathsOf(root: OwnTree, path: readonly string[]): ReadonlyMap<OwnTree, Path> {
  const paths = new Map<OwnTree, Path>();
  walk(root, { rest: path, above: [], found: (entity, at) => paths.set(entity, at) });
  return paths;
}

type Walk = { readonly rest: readonly string[]; readonly above: Path; readonly found: Found };

function walk(value: unknown, { rest, above, found }: Walk): void {
  const [first, ...further] = rest;
  if (first === '@') {
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries()) walk(item, { rest: further, above: [...above, index], found });
  } else if (isTree(value)) {
    if (first === undefined) found(value as OwnTree, above);
    else walk(reader(first)(value), { rest: further, above: [...above, first], found });
  }
}

/** An object of an answer, by response names. Those of subgraphs are only read: others may hold them too. */
export type Tree = Readonly<Record<string, unknown>>;

/** An object of ours, into which answers are merged. */
export type OwnTree = Record<string, unknown>;

export const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads one name of an object. A client may call its fields `constructor`: what every object inherits is not its own. */
export function reader(name: string): (tree: Tree) => unknown {
  if (!(name in Object.prototype)) return (tree) => tree[name];
  return (tree) => (Object.hasOwn(tree, name) ? tree[name] : undefined);
}

/** Writes one name of an object of ours. */
export function writer(name: string): (tree: OwnTree, value: unknown) => void {
  if (name === '__proto__') return define;
  return (tree, value) => {
    tree[name] = value;
  };
}

/** Writes any name of an object of ours. */
export function write(tree: OwnTree, name: string, value: unknown): void {
  if (name === '__proto__') define(tree, value);
  else tree[name] = value;
}

/** Assigning it would change what the object inherits. */
const define = (tree: OwnTree, value: unknown): void =>
  void Object.defineProperty(tree, '__proto__', { value, enumerable: true, configurable: true, writable: true });

import type { Represent } from './representation.ts';
import type { OwnTree, Tree } from './tree.ts';

/** What is asked of entities, and the objects that each of them is to fill. */
export type Batch = {
  readonly representations: readonly Tree[];
  /** By the index of the representation. */
  readonly targets: readonly (readonly OwnTree[])[];
};

/** Puts entities together that a subgraph cannot tell apart. */
export const batcher =
  (represent: Represent) =>
  (entities: readonly OwnTree[]): Batch => {
    const representations: Tree[] = [];
    const targets: OwnTree[][] = [];
    const alike = entities.length === 1 ? () => undefined : findsAlike<OwnTree[]>();
    for (const entity of entities) {
      const represented = represent(entity);
      if (represented === null) continue;
      const own = [entity];
      const same = alike(represented, own);
      if (same !== undefined) {
        same.push(entity);
        continue;
      }
      representations.push(represented);
      targets.push(own);
    }
    return { representations, targets };
  };

/** Gives what is kept with a representation that says the same, or keeps this and gives undefined. */
type FindAlike<Kept> = (representation: Tree, kept: Kept) => Kept | undefined;

/** Most representations have one key that is text, which can be looked up as it is; of all others a text is made. */
function findsAlike<Kept>(): FindAlike<Kept> {
  const byKey = new Map<unknown, Map<string, Map<unknown, Kept>>>();
  const byText = new Map<unknown, Kept>();
  return (representation, kept) => {
    const name = onlyKey(representation);
    if (name === undefined) return keptWith(byText, textOf(representation), kept);
    const names = byKey.get(representation['__typename']) ?? added(byKey, representation['__typename'], new Map());
    return keptWith(names.get(name) ?? added(names, name, new Map()), representation[name], kept);
  };
}

/** The name of the one key that is text; undefined where there are several, or one of another kind. */
function onlyKey(representation: Tree): string | undefined {
  let found: string | undefined;
  for (const name in representation) {
    if (name === '__typename') continue;
    if (found !== undefined || typeof representation[name] !== 'string') return undefined;
    found = name;
  }
  return found;
}

function keptWith<Kept>(known: Map<unknown, Kept>, key: unknown, kept: Kept): Kept | undefined {
  const before = known.get(key);
  if (before === undefined) known.set(key, kept);
  return before;
}

function added<Key, Value>(into: Map<Key, Value>, key: Key, value: Value): Value {
  into.set(key, value);
  return value;
}

/** Tells representations apart; for the few short texts of which they mostly are, several times as fast as JSON. */
function textOf(representation: Tree): string {
  let text = '';
  for (const name in representation) {
    const value = representation[name];
    text += typeof value === 'string' ? `${name}:${value.length}:${value}` : `${name}=${JSON.stringify(value)}`;
  }
  return text;
}

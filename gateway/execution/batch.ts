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
    const known = new Map<string, OwnTree[]>();
    for (const entity of entities) {
      const represented = represent(entity);
      if (represented === null) continue;
      const text = entities.length === 1 ? '' : textOf(represented);
      const same = known.get(text);
      if (same !== undefined) {
        same.push(entity);
        continue;
      }
      const first = [entity];
      known.set(text, first);
      representations.push(represented);
      targets.push(first);
    }
    return { representations, targets };
  };

/** Tells representations apart; for the few short texts of which they mostly are, several times as fast as JSON. */
function textOf(representation: Tree): string {
  let text = '';
  for (const name in representation) {
    const value = representation[name];
    text += typeof value === 'string' ? `${name}:${value.length}:${value}` : `${name}=${JSON.stringify(value)}`;
  }
  return text;
}

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
      const text = entities.length === 1 ? '' : JSON.stringify(represented);
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

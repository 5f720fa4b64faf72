import type { Complete, Shaping } from './shaping.ts';
import type { OwnTree, Tree } from './tree.ts';
import { reader, write } from './tree.ts';

export type Slot = { readonly name: string; readonly complete: Complete };

/** Gives what is shown of an object; undefined when one of its fields may not be null and is. */
export type Shape = (source: Tree, shaping: Shaping) => OwnTree | undefined;

/** Shapes objects of one type: one field after the other, in the order of the operation. */
export function record(slots: readonly Slot[]): Shape {
  const fields = slots.map(({ name, complete }) => ({ name, complete, read: reader(name) }));
  return (source, shaping) => {
    const shown: OwnTree = {};
    for (const { name, complete, read } of fields) {
      const value = complete(read(source), shaping);
      if (value === undefined) return undefined;
      write(shown, name, value);
    }
    return shown;
  };
}

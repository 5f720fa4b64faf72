import type { Slot } from './record-code.ts';
import { generatedRecord } from './record-code.ts';
import type { Shape } from './shaping.ts';
import type { OwnTree } from './tree.ts';
import { reader, writer } from './tree.ts';

/** Objects of a type that an operation shows before code of their own is worth its making. */
const fewObjects = 100;

/**
 * Shapes objects of one type: one field after the other, in the order of the operation. Where there are many, by code made for
 * them, which knows their names and needs a sixth of the time.
 */
export function record(slots: readonly Slot[]): Shape {
  let shape = looped(slots);
  let left = fewObjects;
  return (source, shaping) => {
    left -= 1;
    if (left === 0) shape = generatedRecord(slots);
    return shape(source, shaping);
  };
}

function looped(slots: readonly Slot[]): Shape {
  const fields = slots.map(({ name, complete }) => ({ complete, read: reader(name), put: writer(name) }));
  return (source, shaping) => {
    const shown: OwnTree = {};
    for (const { complete, read, put } of fields) {
      const value = complete(read(source), shaping);
      if (value === undefined) return undefined;
      put(shown, value);
    }
    return shown;
  };
}

import { keyInCode, nameInCode } from '#kit/execution/code.ts';
import type { Leaf } from './leaf.ts';
import type { Complete, Shape } from './shaping.ts';

export type Slot = {
  readonly name: string;
  /** What is shown as it is, where the field is a leaf; all else is completed. */
  readonly leaf?: Leaf | undefined;
  readonly complete: Complete;
};

/**
 * A function that shapes objects with these slots, out of code made for it: names stand in it, and nothing is called for a leaf
 * that is as it should be. @throws Error for a name that GraphQL does not allow
 */
export function generatedRecord(slots: readonly Slot[]): Shape {
  const code = `
    const [${slots.map((_, at) => `complete${at}`).join(', ')}] = completes;
    const [${slots.map((_, at) => `allows${at}`).join(', ')}] = allowing;
    return (source, shaping) => {
      ${slots.map(readField).join('\n')}
      return { ${slots.map(({ name }, at) => `${keyInCode(name)}: value${at}`).join(', ')} };
    };`;
  const make = new Function('completes', 'allowing', code);
  return make(
    slots.map(({ complete }) => complete),
    slots.map(({ leaf }) => leaf?.allows),
  );
}

function readField({ name, leaf }: Slot, at: number): string {
  const value = `value${at}`;
  const read = `source.${nameInCode(name)}`;
  const asItIs = leaf === undefined ? 'false' : (leaf.code?.(value) ?? `allows${at}(${value})`);
  // What every object inherits is not its own.
  return `
      let ${value} = ${name in Object.prototype ? `Object.hasOwn(source, '${name}') ? ${read} : undefined` : read};
      if (!(${asItIs})) {
        ${value} = complete${at}(${value}, shaping);
        if (${value} === undefined) return undefined;
      }`;
}

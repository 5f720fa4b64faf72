import type { Leaf } from './leaf.ts';
import type { Complete, Shape } from './shaping.ts';

export type Slot = {
  readonly name: string;
  /** What is shown as it is, where the field is a leaf; all else is completed. */
  readonly leaf?: Leaf | undefined;
  readonly complete: Complete;
};

/** A name of the GraphQL grammar (September 2025, section 2.1.9), which is one of JavaScript too. */
const isName = (name: string): boolean => /^[_A-Za-z][_0-9A-Za-z]*$/.test(name);

/** A function that shapes objects with these slots, out of code made for it: names stand in it, and what is right is not called for. @throws Error for a name that GraphQL does not allow */
export function generatedRecord(slots: readonly Slot[]): Shape {
  const wrong = slots.find(({ name }) => !isName(name));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong.name)} is no name of a field.`);
  const code = `
    const [${slots.map((_, at) => `complete${at}`).join(', ')}] = completes;
    const [${slots.map((_, at) => `allows${at}`).join(', ')}] = allowing;
    return (source, shaping) => {
      ${slots.map(readField).join('\n')}
      return { ${slots.map(({ name }, at) => `${keyOf(name)}: value${at}`).join(', ')} };
    };`;
  const make = new Function('completes', 'allowing', code);
  return make(
    slots.map(({ complete }) => complete),
    slots.map(({ leaf }) => leaf?.allows),
  );
}

function readField({ name, leaf }: Slot, at: number): string {
  const value = `value${at}`;
  const asItIs = leaf === undefined ? 'false' : (leaf.code?.(value) ?? `allows${at}(${value})`);
  return `
      let ${value} = ${inherited(name) ? `Object.hasOwn(source, '${name}') ? source.${name} : undefined` : `source.${name}`};
      if (!(${asItIs})) {
        ${value} = complete${at}(${value}, shaping);
        if (${value} === undefined) return undefined;
      }`;
}

const inherited = (name: string): boolean => name in Object.prototype;

/** `__proto__` in a literal would be what the object inherits. */
const keyOf = (name: string): string => (name === '__proto__' ? `['__proto__']` : name);

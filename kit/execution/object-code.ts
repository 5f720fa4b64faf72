import { keyInCode, nameInCode } from './code.ts';
import type { Waiting } from './gathered.ts';
import type { Step } from './run.ts';
import { isPromise } from './run.ts';

/** A value of the object itself that is shown as it is. */
export type Plain = {
  /** Name of the value in its object. */
  readonly field: string;
  /** An expression over a variable that is true of what is shown as it is. */
  readonly code: (variable: string) => string;
};

export type NamedStep = { readonly name: string; readonly step: Step; readonly plain?: Plain | undefined };

type Ends = {
  /** Gives the object once all that it waits for has come. */
  readonly complete: (object: Record<string, unknown>, waiting: Waiting<string>[]) => unknown;
  readonly fail: (error: unknown, waiting: readonly Waiting<string>[]) => unknown;
};

/**
 * A function that completes objects with these fields, out of code made for it: names stand in it, and steps are asked only for
 * what is not plain.
 */
export function generatedObject(fields: readonly NamedStep[], ends: Ends): Step {
  const values = fields.map((_, at) => `value${at}`);
  const make = new Function(
    'steps',
    'tools',
    `
    const [${fields.map((_, at) => `step${at}`).join(', ')}] = steps;
    const { complete, fail, isPromise } = tools;
    return (source, place, run) => {
      const isObject = typeof source === 'object' && source !== null;
      let waiting${values.map((value) => `, ${value}`).join('')};
      try {
        ${fields.map(readField).join('\n')}
      } catch (error) {
        return fail(error, waiting ?? []);
      }
      const object = { ${fields.map(({ name }, at) => `${keyInCode(name)}: value${at}`).join(', ')} };
      return waiting === undefined ? object : complete(object, waiting);
    };`,
  );
  return make(
    fields.map(({ step }) => step),
    { ...ends, isPromise },
  );
}

function readField({ name, plain }: NamedStep, at: number): string {
  const value = `value${at}`;
  const asked = `
        ${value} = step${at}(source, place, run);
        if (isPromise(${value})) (waiting ??= []).push({ key: '${nameInCode(name)}', value: ${value} });`;
  if (plain === undefined) return asked;
  return `
        if (isObject) ${value} = source.${nameInCode(plain.field)};
        if (!isObject || !(${plain.code(value)})) { ${asked} }`;
}

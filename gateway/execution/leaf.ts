import type { GraphQLLeafType } from 'graphql';
import { isEnumType } from 'graphql';

/** Whether a value may stand for a scalar or enum of the answer. What is null or missing never may. */
export type Leaf = {
  readonly allows: (value: unknown) => boolean;
  /** The same as an expression over a variable, for generated code; none where only a look-up tells. */
  readonly code?: (variable: string) => string;
};

const isString: Leaf = {
  allows: (value) => typeof value === 'string',
  code: (variable) => `typeof ${variable} === 'string'`,
};

const scalars: ReadonlyMap<string, Leaf> = new Map<string, Leaf>([
  ['String', isString],
  ['Boolean', { allows: (value) => typeof value === 'boolean', code: (variable) => `typeof ${variable} === 'boolean'` }],
  ['Float', { allows: Number.isFinite, code: (variable) => `Number.isFinite(${variable})` }],
  ['Int', { allows: Number.isInteger, code: (variable) => `Number.isInteger(${variable})` }],
  [
    'ID',
    {
      allows: (value) => typeof value === 'string' || Number.isInteger(value),
      code: (variable) => `typeof ${variable} === 'string' || Number.isInteger(${variable})`,
    },
  ],
]);

/** Scalars of which only their subgraph knows. */
const anything: Leaf = {
  allows: (value) => value !== null && value !== undefined,
  code: (variable) => `${variable} !== null && ${variable} !== undefined`,
};

export function leafOf(type: GraphQLLeafType): Leaf {
  if (!isEnumType(type)) return scalars.get(type.name) ?? anything;
  const names = new Set<unknown>(type.getValues().map(({ name }) => name));
  return { allows: (value) => names.has(value) };
}

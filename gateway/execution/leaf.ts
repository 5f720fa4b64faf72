import type { GraphQLLeafType } from 'graphql';
import { isEnumType } from 'graphql';

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string';

const scalars: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['String', isString],
  ['Boolean', (value) => typeof value === 'boolean'],
  ['Float', (value) => typeof value === 'number' && Number.isFinite(value)],
  ['Int', Number.isInteger],
  ['ID', (value) => typeof value === 'string' || Number.isInteger(value)],
]);

/** Whether a value may stand for a scalar or enum of the answer; undefined for scalars of which only their subgraph knows. */
export function leafCheck(type: GraphQLLeafType): Check | undefined {
  if (!isEnumType(type)) return scalars.get(type.name);
  const names = new Set<unknown>(type.getValues().map(({ name }) => name));
  return (value) => names.has(value);
}

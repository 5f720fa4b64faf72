import type { DirectiveNode, ValueNode } from 'graphql';
import { Kind } from 'graphql';
import type { Variables } from './amount.ts';
import type { Defaults } from './given.ts';
import { variableReader } from './given.ts';

/** Whether a selection is made, as `@skip` and `@include` say; always, never, or as the variables will tell. */
export type Condition = boolean | ((variables: Variables) => boolean);

type Conditional = { readonly directives?: readonly DirectiveNode[] | undefined };

export function conditionOf({ directives = [] }: Conditional, defaults: Defaults): Condition {
  const conditions = directives.flatMap(({ name, arguments: [{ value } = {}] = [] }): readonly Condition[] => {
    if (value === undefined || (name.value !== 'skip' && name.value !== 'include')) return [];
    return [holds(value, { wanted: name.value === 'include', defaults })];
  });
  const late = conditions.filter((condition) => typeof condition === 'function');
  if (conditions.includes(false)) return false;
  return late.length === 0 || ((variables) => late.every((condition) => condition(variables)));
}

function holds(value: ValueNode, { wanted, defaults }: { readonly wanted: boolean; readonly defaults: Defaults }): Condition {
  if (value.kind === Kind.BOOLEAN) return value.value === wanted;
  if (value.kind !== Kind.VARIABLE) return true;
  const read = variableReader(value.name.value, defaults);
  // What is no boolean is refused before the operation runs.
  return (variables) => (read(variables) === true) === wanted;
}

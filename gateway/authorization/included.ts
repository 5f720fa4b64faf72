import type { DirectiveNode, OperationDefinitionNode } from 'graphql';
import { valueFromASTUntyped } from 'graphql';

export type Variables = Readonly<Record<string, unknown>>;

/** What the client sent, with the operation's defaults where it sent nothing. */
export function withDefaults({ variableDefinitions = [] }: OperationDefinitionNode, given: Variables): Variables {
  const defaults = variableDefinitions.flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)] as const],
  );
  return { ...Object.fromEntries(defaults), ...given };
}

type Node = { readonly directives?: readonly DirectiveNode[] };

/** False for a selection that `@skip` or `@include` leaves out. */
export const isIncluded = ({ directives = [] }: Node, variables: Variables): boolean =>
  directives.every(({ name, arguments: [condition] = [] }) => {
    if (condition === undefined || (name.value !== 'skip' && name.value !== 'include')) return true;
    return valueFromASTUntyped(condition.value, variables) === (name.value === 'include');
  });

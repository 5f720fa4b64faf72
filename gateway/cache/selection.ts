import type { FieldNode, OperationDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql';
import { Kind, parse, print, visit } from 'graphql';

/** The operation of a text without named fragments: each stands where it is used. Undefined for a text of several operations. */
export function readOperation(text: string): OperationDefinitionNode | undefined {
  const { definitions } = parse(text, { noLocation: true });
  const [operation, ...others] = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined || others.length > 0) return undefined;
  const fragments = new Map(
    definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
  const inlined = (set: SelectionSetNode): SelectionSetNode => ({ ...set, selections: set.selections.map(inline) });
  const inline = (node: SelectionNode): SelectionNode => {
    if (node.kind === Kind.FIELD)
      return node.selectionSet === undefined ? node : { ...node, selectionSet: inlined(node.selectionSet) };
    if (node.kind === Kind.INLINE_FRAGMENT) return { ...node, selectionSet: inlined(node.selectionSet) };
    const fragment = fragments.get(node.name.value);
    return {
      kind: Kind.INLINE_FRAGMENT,
      ...(fragment !== undefined && { typeCondition: fragment.typeCondition }),
      ...(node.directives !== undefined && { directives: node.directives }),
      selectionSet: fragment === undefined ? { kind: Kind.SELECTION_SET, selections: [] } : inlined(fragment.selectionSet),
    };
  };
  return { ...operation, selectionSet: inlined(operation.selectionSet) };
}

/** Names of the variables that stand in a selection. */
export function variablesIn(nodes: readonly SelectionNode[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const node of nodes) visit(node, { Variable: ({ name }) => void found.add(name.value) });
  return found;
}

/** The text of these selections alone, with the definitions of the variables that they use. */
export function operationText(operation: OperationDefinitionNode, selections: readonly SelectionNode[]): string {
  const used = variablesIn(selections);
  return print({
    ...operation,
    variableDefinitions: definitionsOf(operation, used),
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  });
}

export const definitionsOf = ({ variableDefinitions = [] }: OperationDefinitionNode, used: ReadonlySet<string>) =>
  variableDefinitions.filter(({ variable }) => used.has(variable.name.value));

export const responseName = ({ alias, name }: FieldNode): string => (alias ?? name).value;

/** Fields that no @skip or @include may leave out, whatever fragments stand around them. */
export const certainFields = (selections: readonly SelectionNode[]): readonly FieldNode[] =>
  selections.flatMap((node) => {
    if (isConditional(node)) return [];
    if (node.kind === Kind.FIELD) return [node];
    return node.kind === Kind.INLINE_FRAGMENT ? certainFields(node.selectionSet.selections) : [];
  });

/** Whether a selection may be left out of an answer. */
export const isConditional = ({ directives = [] }: SelectionNode): boolean =>
  directives.some(({ name }) => name.value === 'skip' || name.value === 'include');

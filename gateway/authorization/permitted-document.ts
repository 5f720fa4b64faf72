import type {
  DocumentNode,
  FieldNode,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { getNamedType, isAbstractType, Kind } from 'graphql';
import type { Judged } from './judge.ts';
import type { Seen, SeenField } from './verdict.ts';

/** An operation by itself, without fragments beside it. */
type Permitted = { readonly document: DocumentNode; readonly operation: OperationDefinitionNode };

/**
 * The operation without what the caller may not see. Its variables stay, also those that are used no more, so that they
 * are checked alike for every caller. Where nothing is left of an object, `typename` is asked in its place, and also
 * where the type of an object decides what is shown as null.
 */
export function permittedDocument(operation: OperationDefinitionNode, seen: readonly Seen[], typename: FieldNode): Permitted {
  const permitted: OperationDefinitionNode = { ...operation, selectionSet: selectionSet(nodesOf(seen, typename), typename) };
  return { operation: permitted, document: { kind: Kind.DOCUMENT, definitions: [permitted] } };
}

const selectionSet = (selections: readonly SelectionNode[], typename: FieldNode): SelectionSetNode => ({
  kind: Kind.SELECTION_SET,
  selections: selections.length > 0 ? selections : [typename],
});

const nodesOf = (seen: readonly Seen[], typename: FieldNode): readonly SelectionNode[] =>
  seen.flatMap((selection): readonly SelectionNode[] => {
    if (selection.kind === 'field') return fieldNode(selection, typename);
    const inner = nodesOf(selection.selections, typename);
    if (inner.length === 0) return [];
    const node: InlineFragmentNode = {
      kind: Kind.INLINE_FRAGMENT,
      ...(selection.on !== undefined && { typeCondition: selection.on }),
      ...(selection.node.directives !== undefined && { directives: selection.node.directives }),
      selectionSet: selectionSet(inner, typename),
    };
    return [node];
  });

function fieldNode({ node, lacking, touched, type, selections }: SeenField, typename: FieldNode): readonly FieldNode[] {
  if (lacking.length > 0) return [];
  if (node.selectionSet === undefined) return [node];
  const inner = nodesOf(selections, typename);
  // The planner leaves an object out, and so null, of which every selection may be skipped.
  const needsType = touched && (isAbstractType(getNamedType(type)) || !inner.some(isCertain));
  return [{ ...node, selectionSet: selectionSet(needsType ? [typename, ...inner] : inner, typename) }];
}

const isCertain = (node: SelectionNode): boolean =>
  (node.directives ?? []).length === 0 && (node.kind !== Kind.INLINE_FRAGMENT || node.selectionSet.selections.some(isCertain));

/** Asks for the type under its own name, or, where the client uses that name for a field of its own, under a longer one. */
export function typenameField(selections: readonly Judged[]): FieldNode {
  const taken = responseNames(selections);
  let name = '__typename';
  while (taken.has(name)) name = `_${name}`;
  const field = { kind: Kind.NAME, value: '__typename' } as const;
  return { kind: Kind.FIELD, name: field, ...(name !== field.value && { alias: { kind: Kind.NAME, value: name } as const }) };
}

/** Names in the answer of all fields but `__typename` itself. */
function responseNames(selections: readonly Judged[], found = new Set<string>()): ReadonlySet<string> {
  for (const selection of selections) {
    if (selection.kind === 'field' && selection.node.name.value !== '__typename') found.add(selection.name);
    responseNames(selection.selections, found);
  }
  return found;
}

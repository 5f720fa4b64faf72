import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';
import type { Gate } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';

type Options = {
  /** Most fields an operation may select with its fragments counted at each use. */
  readonly maxSelections: number;
};

/**
 * Refuses operations that are small as text and huge once their fragments are spread: planning expands them.
 * Counted once per operation; a document may hold several of different size.
 */
export function selections({ maxSelections }: Options): Gate {
  const counted = new WeakMap<OperationDefinitionNode, number>();
  return ({ document, operation }) => {
    const known = counted.get(operation);
    const count = known ?? countSelections(document, operation.selectionSet);
    if (known === undefined) counted.set(operation, count);
    if (count <= maxSelections) return;
    throw new ExpectedError(
      'GRAPHQL_VALIDATION_FAILED',
      `The operation selects ${count} fields once its fragments are spread; at most ${maxSelections} are allowed.`,
    );
  };
}

/** Linear in the document: a fragment is counted once and its count reused. The document is free of cycles: it was validated. */
export function countSelections(document: DocumentNode, root: SelectionSetNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, number>();
  const inFragment = (name: string): number => {
    const counted = known.get(name);
    if (counted !== undefined) return counted;
    const fragment = fragments.get(name);
    const count = fragment === undefined ? 0 : inSet(fragment.selectionSet);
    known.set(name, count);
    return count;
  };
  const inSet = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, node) => {
      if (node.kind === Kind.FRAGMENT_SPREAD) return sum + inFragment(node.name.value);
      const children = node.selectionSet === undefined ? 0 : inSet(node.selectionSet);
      return sum + children + (node.kind === Kind.FIELD ? 1 : 0);
    }, 0);
  return Math.min(inSet(root), Number.MAX_SAFE_INTEGER);
}

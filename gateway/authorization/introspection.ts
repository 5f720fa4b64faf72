import type { DocumentNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';
import type { Admission, Gate } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';

type Options = {
  /** Everybody may read the schema; else only callers with the scope `schema:read`. */
  readonly open: boolean;
};

/** Refuses to tell the schema to callers who may not read it. Looked for once per operation. */
export function introspection({ open }: Options): Gate {
  const known = new WeakMap<OperationDefinitionNode, boolean>();
  const asks = ({ document, operation }: Admission): boolean => {
    const kept = known.get(operation) ?? selectsSchema(document, operation.selectionSet);
    known.set(operation, kept);
    return kept;
  };
  return (admission) => {
    if (open || !asks(admission) || admission.context.call.caller.scopes.includes('schema:read')) return;
    throw new ExpectedError('GRAPHQL_VALIDATION_FAILED', 'The schema is not told here.');
  };
}

/** Both fields stand on the root type alone, which fragments may wrap. */
function selectsSchema(document: DocumentNode, root: SelectionSetNode): boolean {
  const seen = new Set<string>();
  const look = ({ selections }: SelectionSetNode): boolean =>
    selections.some((node) => {
      if (node.kind === Kind.FIELD) return node.name.value === '__schema' || node.name.value === '__type';
      if (node.kind === Kind.INLINE_FRAGMENT) return look(node.selectionSet);
      const name = node.name.value;
      if (seen.has(name)) return false;
      seen.add(name);
      const fragment = document.definitions.find(
        (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
      );
      return fragment?.kind === Kind.FRAGMENT_DEFINITION && look(fragment.selectionSet);
    });
  return look(root);
}

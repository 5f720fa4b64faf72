import type { DocumentNode, FieldDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind, parse } from 'graphql';

/**
 * Shapes that compose and then answer wrongly: Apollo's executor asks a field that is required with one argument for
 * the list of another, without an error.
 */
export function refusedShapes(document: DocumentNode): readonly string[] {
  return document.definitions.flatMap((node) => {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.OBJECT_TYPE_EXTENSION) return [];
    return (node.fields ?? [])
      .filter((field) => requiredSets(field).some((set) => hasArguments(set)))
      .map(
        ({ name }) =>
          `${node.name.value}.${name.value}: @requires with field arguments is not answered rightly; require the field without arguments.`,
      );
  });
}

/** The field sets of `@requires` on a field, under either of its names. */
function requiredSets({ directives = [] }: FieldDefinitionNode): readonly SelectionSetNode[] {
  return directives
    .filter(({ name }) => /^(federation__)?requires$/.test(name.value))
    .flatMap(({ arguments: given = [] }) =>
      given.flatMap(({ value }) => (value.kind === Kind.STRING ? [parseSet(value.value)] : [])),
    );
}

function parseSet(fields: string): SelectionSetNode {
  const [operation] = parse(`{ ${fields} }`).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`"${fields}" is not a field set.`);
  return operation.selectionSet;
}

const hasArguments = ({ selections }: SelectionSetNode): boolean =>
  selections.some(
    (node) =>
      (node.kind === Kind.FIELD && (node.arguments?.length ?? 0) > 0) ||
      (node.kind !== Kind.FRAGMENT_SPREAD && node.selectionSet !== undefined && hasArguments(node.selectionSet)),
  );

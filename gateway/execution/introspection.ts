import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLSchema,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { executeSync, Kind } from 'graphql';
import type { Tree } from './tree.ts';

type Introspect = (variables: Readonly<Record<string, unknown>>) => Tree;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

type Parts = { readonly operation: OperationDefinitionNode; readonly fragments: Fragments; readonly schema: GraphQLSchema };

/** Answers what an operation asks of the schema itself, as graphql-js does; undefined when it asks nothing. */
export function introspection({ operation, fragments, schema }: Parts): Introspect | undefined {
  const selections = onlyIntrospection(operation.selectionSet, fragments);
  if (operation.operation !== 'query' || selections.length === 0) return undefined;
  const asked: OperationDefinitionNode = { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } };
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [asked, ...fragments.values()] };
  return (variableValues) => {
    const { data, errors: [error] = [] } = executeSync({ schema, document, rootValue: {}, variableValues });
    if (error !== undefined) throw error;
    return data ?? {};
  };
}

const onlyIntrospection = (set: SelectionSetNode, fragments: Fragments): readonly SelectionNode[] =>
  set.selections.flatMap((node): readonly SelectionNode[] => {
    if (node.kind === Kind.FIELD) return isIntrospection(node.name.value) ? [node] : [];
    const inside = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
    const selections = inside === undefined ? [] : onlyIntrospection(inside.selectionSet, fragments);
    if (selections.length === 0) return [];
    const inline: InlineFragmentNode = {
      kind: Kind.INLINE_FRAGMENT,
      ...(node.directives !== undefined && { directives: node.directives }),
      selectionSet: { kind: Kind.SELECTION_SET, selections },
    };
    return [inline];
  });

const isIntrospection = (name: string): boolean => name === '__schema' || name === '__type';

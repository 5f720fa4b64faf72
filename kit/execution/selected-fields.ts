import type {
  DirectiveNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLCompositeType,
  GraphQLSchema,
  NamedTypeNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { isAbstractType, Kind, valueFromASTUntyped } from 'graphql';

export type Scope = {
  /** What clients see. */
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Values of the variables that decide what is skipped. */
  readonly values: Readonly<Record<string, unknown>>;
};

type Groups = Map<string, FieldNode[]>;

/** The fields that stand in an object of a type, by their names in the answer (GraphQL, section 6.3.2). */
export function fieldsOf(
  type: GraphQLCompositeType,
  sets: readonly SelectionSetNode[],
  scope: Scope,
): ReadonlyMap<string, readonly FieldNode[]> {
  const groups: Groups = new Map();
  const spread = new Set<string>();
  const visit = (node: SelectionNode): void => {
    if (!isIncluded(node, scope)) return;
    if (node.kind === Kind.FIELD) add(groups, node);
    else if (node.kind === Kind.INLINE_FRAGMENT) collect(node);
    else if (!spread.has(node.name.value)) {
      spread.add(node.name.value);
      collect(scope.fragments.get(node.name.value));
    }
  };
  const collect = (fragment: Fragment | undefined): void => {
    if (fragment === undefined || !isOf(type, fragment.typeCondition?.name.value, scope.schema)) return;
    for (const node of fragment.selectionSet.selections) visit(node);
  };
  for (const selectionSet of sets) collect({ selectionSet });
  return groups;
}

type Fragment = { readonly typeCondition?: NamedTypeNode | undefined; readonly selectionSet: SelectionSetNode };

function add(groups: Groups, node: FieldNode): void {
  const name = (node.alias ?? node.name).value;
  const group = groups.get(name);
  if (group === undefined) groups.set(name, [node]);
  else group.push(node);
}

function isOf(type: GraphQLCompositeType, condition: string | undefined, schema: GraphQLSchema): boolean {
  if (condition === undefined || type.name === condition) return true;
  const wanted = schema.getType(condition);
  return isAbstractType(wanted) && 'getFields' in type && schema.isSubType(wanted, type);
}

type Directed = { readonly directives?: readonly DirectiveNode[] | undefined };

const isIncluded = ({ directives = [] }: Directed, { values }: Scope): boolean =>
  directives.every(({ name, arguments: [condition] = [] }) => {
    if (condition === undefined || (name.value !== 'skip' && name.value !== 'include')) return true;
    return valueFromASTUntyped(condition.value, values) === (name.value === 'include');
  });

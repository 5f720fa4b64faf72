import type {
  FieldNode,
  FragmentDefinitionNode,
  FragmentSpreadNode,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  InlineFragmentNode,
  NamedTypeNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import {
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import type { Admission } from '#gateway/request.ts';
import type { Condition } from './conditions.ts';
import type { Requirements } from './requirements.ts';

/** A field of an operation with what its caller must meet. */
export type JudgedField = {
  readonly kind: 'field';
  readonly node: FieldNode;
  /** Name in the answer: the alias, if there is one. */
  readonly name: string;
  readonly type: GraphQLOutputType;
  readonly conditions: readonly Condition[];
  readonly selections: readonly Judged[];
};

/** A fragment, named ones at each place where they are spread. */
export type JudgedFragment = {
  readonly kind: 'fragment';
  readonly node: InlineFragmentNode | FragmentSpreadNode;
  readonly on: NamedTypeNode | undefined;
  /** Names of the object types that the fragment applies to. */
  readonly types: ReadonlySet<string>;
  readonly selections: readonly Judged[];
};

export type Judged = JudgedField | JudgedFragment;

/** Where a selection stands: its type, and the object types that a value may have there. */
type Scope = { readonly parent: GraphQLNamedType; readonly possible: readonly GraphQLObjectType[] };

type Parts = { readonly schema: GraphQLSchema; readonly requirements: Requirements };

/**
 * Finds what every field of an operation demands. Fragments are followed at each use, for the same fragment may stand
 * where other types are possible; how much that may become is limited before.
 */
export function judge({ document, operation }: Pick<Admission, 'document' | 'operation'>, parts: Parts): readonly Judged[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const root = parts.schema.getRootType(operation.operation);
  if (root == null) throw new Error(`The supergraph has no type for a ${operation.operation}.`);
  return judgeSet(operation.selectionSet, scopeOf(root, parts.schema), { ...parts, fragments });
}

type Walk = Parts & { readonly fragments: ReadonlyMap<string, FragmentDefinitionNode> };

const judgeSet = (set: SelectionSetNode | undefined, scope: Scope, walk: Walk): readonly Judged[] =>
  (set?.selections ?? []).map((node) => judgeNode(node, scope, walk));

function judgeNode(node: SelectionNode, scope: Scope, walk: Walk): Judged {
  if (node.kind === Kind.FIELD) return judgeField(node, scope, walk);
  const source = node.kind === Kind.INLINE_FRAGMENT ? node : walk.fragments.get(node.name.value);
  const within = source?.typeCondition === undefined ? scope : narrowed(source.typeCondition, scope, walk.schema);
  return {
    kind: 'fragment',
    node,
    on: source?.typeCondition,
    types: new Set(within.possible.map(({ name }) => name)),
    selections: judgeSet(source?.selectionSet, within, walk),
  };
}

function judgeField(node: FieldNode, { parent, possible }: Scope, walk: Walk): JudgedField {
  const field = node.name.value;
  const type = typeOfField(parent, field);
  return {
    kind: 'field',
    node,
    name: (node.alias ?? node.name).value,
    type,
    conditions: walk.requirements.of({ parent, field, possible }),
    selections: judgeSet(node.selectionSet, scopeOf(getNamedType(type), walk.schema), walk),
  };
}

const metaFields = new Map([SchemaMetaFieldDef, TypeMetaFieldDef, TypeNameMetaFieldDef].map((field) => [field.name, field.type]));

function typeOfField(parent: GraphQLNamedType, name: string): GraphQLOutputType {
  const own = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name]?.type : undefined;
  const type = own ?? metaFields.get(name);
  if (type === undefined) throw new Error(`The supergraph has no field ${parent.name}.${name}.`);
  return type;
}

function narrowed({ name }: NamedTypeNode, { possible }: Scope, schema: GraphQLSchema): Scope {
  const parent = schema.getType(name.value);
  if (parent === undefined) throw new Error(`The supergraph has no type ${name.value}.`);
  const within = new Set(scopeOf(parent, schema).possible);
  return { parent, possible: possible.filter((type) => within.has(type)) };
}

function scopeOf(parent: GraphQLNamedType, schema: GraphQLSchema): Scope {
  if (isObjectType(parent)) return { parent, possible: [parent] };
  return { parent, possible: isAbstractType(parent) ? schema.getPossibleTypes(parent) : [] };
}

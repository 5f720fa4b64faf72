import type { ConstDirectiveNode, DocumentNode, GraphQLField, GraphQLNamedType, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { getNamedType, isInterfaceType, isObjectType } from 'graphql';
import type { Condition } from './conditions.ts';
import { conditionsReader } from './conditions.ts';
import type { Policies } from './policies.ts';

/** What a supergraph demands of callers, by coordinate. */
export type Requirements = {
  /** False when no element of the supergraph demands anything. */
  readonly some: boolean;
  /**
   * What a caller must meet to select `field` of `parent` where the value may be any of the `possible` object types:
   * what stands on the type, on the field and on the type it gives, and the same for that field of every possible type.
   */
  readonly of: (selected: Selected) => readonly Condition[];
};

type Selected = {
  readonly parent: GraphQLNamedType;
  readonly field: string;
  readonly possible: readonly GraphQLObjectType[];
};

/** Reads every requirement of a supergraph once. @throws Error for a directive or a link that cannot be enforced */
export function requirementsOf(document: DocumentNode, schema: GraphQLSchema, policies: Policies): Requirements {
  const read = conditionsReader(document, policies);
  const onElement = ({ astNode, extensionASTNodes = [] }: Element): readonly Condition[] =>
    [astNode, ...extensionASTNodes].flatMap((node) => (node == null ? [] : read(node)));
  const types = new Map(Object.values(schema.getTypeMap()).map((type) => [type.name, onElement(type)]));
  const onField = (parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>): readonly Condition[] => [
    ...(types.get(parent.name) ?? []),
    ...onElement(field),
    ...(types.get(getNamedType(field.type).name) ?? []),
  ];
  const fields = new Map<string, readonly Condition[]>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) fields.set(`${type.name}.${field.name}`, onField(type, field));
  }
  const at = (type: GraphQLNamedType, field: string): readonly Condition[] => fields.get(`${type.name}.${field}`) ?? [];
  return {
    some: [...types.values(), ...fields.values()].some((conditions) => conditions.length > 0),
    of: ({ parent, field, possible }) => [...new Set([parent, ...possible].flatMap((type) => at(type, field)))],
  };
}

type Element = {
  readonly astNode?: WithDirectives | null | undefined;
  readonly extensionASTNodes?: readonly WithDirectives[] | undefined;
};

type WithDirectives = { readonly directives?: readonly ConstDirectiveNode[] };

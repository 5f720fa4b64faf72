import type {
  DefinitionNode,
  FieldDefinitionNode,
  InterfaceTypeDefinitionNode,
  ObjectTypeDefinitionNode,
  UnionTypeDefinitionNode,
} from 'graphql';
import { Kind } from 'graphql';
import type { Declarations, ListSize } from './declarations.ts';
import type { Input } from './input-types.ts';
import { inputsOf } from './input-types.ts';
import { listsOf, namedType } from './type-node.ts';

export type Field = {
  /** `Sample.owner`. */
  readonly coordinate: string;
  readonly type: string;
  /** How many lists stand in each other; 0 for a single value. */
  readonly lists: number;
  /** Of the field itself; without one the weight of its type counts. */
  readonly weight: number | undefined;
  readonly inputs: ReadonlyMap<string, Input>;
  readonly size: ListSize | undefined;
};

export type OutputType = {
  readonly weight: number;
  readonly fields: ReadonlyMap<string, Field>;
  /** The object types that a value may be of; of an object type it is the only one. */
  readonly concrete: ReadonlySet<string>;
};

type Fielded = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/** Objects, interfaces and unions weigh 1 unless declared otherwise. Definitions of the same name add up. */
export function outputTypes(definitions: readonly DefinitionNode[], declared: Declarations): ReadonlyMap<string, OutputType> {
  const concrete = concreteTypes(definitions);
  const interfaces = new Map(definitions.filter(isInterface).map((node) => [node.name.value, node]));
  const types = new Map<string, OutputType>();
  for (const node of definitions) {
    if (!isFielded(node) && !isUnion(node)) continue;
    const name = node.name.value;
    const known = types.get(name);
    const fields = isUnion(node) ? [] : fieldsOf(node, { declared, interfaces });
    types.set(name, {
      weight: declared.weightOf(node) ?? known?.weight ?? 1,
      fields: new Map([...(known?.fields ?? []), ...fields]),
      concrete: concrete.get(name) ?? new Set([name]),
    });
  }
  return types;
}

type Context = {
  readonly declared: Declarations;
  readonly interfaces: ReadonlyMap<string, InterfaceTypeDefinitionNode>;
};

const fieldsOf = (type: Fielded, context: Context): readonly (readonly [string, Field])[] =>
  (type.fields ?? []).map((node) => [
    node.name.value,
    {
      coordinate: `${type.name.value}.${node.name.value}`,
      type: namedType(node.type),
      lists: listsOf(node.type),
      weight: context.declared.weightOf(node),
      inputs: inputsOf(node.arguments ?? [], context.declared),
      size: context.declared.listSizeOf(node) ?? inheritedSize(type, { ...context, name: node.name.value }),
    },
  ]);

/** What an interface says of a list holds for those that implement it, unless they say otherwise. */
function inheritedSize({ interfaces = [] }: Fielded, context: Context & { readonly name: string }): ListSize | undefined {
  const same = ({ name }: FieldDefinitionNode): boolean => name.value === context.name;
  return interfaces
    .flatMap(({ name }) => context.interfaces.get(name.value)?.fields?.filter(same) ?? [])
    .map(context.declared.listSizeOf)
    .find((size) => size !== undefined);
}

/** For every interface and union the object types it stands for. */
function concreteTypes(definitions: readonly DefinitionNode[]): ReadonlyMap<string, ReadonlySet<string>> {
  const pairs = definitions.flatMap((node) => {
    if (isUnion(node)) return (node.types ?? []).map((member) => [node.name.value, member.name.value] as const);
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) return [];
    return (node.interfaces ?? []).map(({ name }) => [name.value, node.name.value] as const);
  });
  const grouped = Map.groupBy(pairs, ([abstract]) => abstract);
  return new Map([...grouped].map(([name, members]) => [name, new Set(members.map(([, member]) => member))]));
}

const isInterface = (node: DefinitionNode): node is InterfaceTypeDefinitionNode => node.kind === Kind.INTERFACE_TYPE_DEFINITION;
const isUnion = (node: DefinitionNode): node is UnionTypeDefinitionNode => node.kind === Kind.UNION_TYPE_DEFINITION;
const isFielded = (node: DefinitionNode): node is Fielded => isInterface(node) || node.kind === Kind.OBJECT_TYPE_DEFINITION;

import type { DefinitionNode, InputValueDefinitionNode } from 'graphql';
import { Kind, valueFromASTUntyped } from 'graphql';
import type { Declarations } from './declarations.ts';
import { namedType } from './type-node.ts';

/** An argument, or a field of an input object. */
export type Input = {
  readonly type: string;
  /** Of the input itself; without one the weight of its type counts. */
  readonly weight: number | undefined;
  /** Its default in the schema; undefined when it has none. */
  readonly fallback: unknown;
};

/** What a given value costs; a scalar or enum has no fields. */
export type InputType = { readonly weight: number; readonly fields: ReadonlyMap<string, Input> };

/** Input objects weigh 1, scalars and enums 0, unless declared otherwise. */
export function inputTypes(definitions: readonly DefinitionNode[], declared: Declarations): ReadonlyMap<string, InputType> {
  const types = new Map<string, InputType>();
  for (const node of definitions) {
    if (node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION)
      types.set(node.name.value, { weight: declared.weightOf(node) ?? 1, fields: inputsOf(node.fields ?? [], declared) });
    if (node.kind === Kind.SCALAR_TYPE_DEFINITION || node.kind === Kind.ENUM_TYPE_DEFINITION)
      types.set(node.name.value, { weight: declared.weightOf(node) ?? 0, fields: new Map() });
  }
  return types;
}

export function inputsOf(nodes: readonly InputValueDefinitionNode[], declared: Declarations): ReadonlyMap<string, Input> {
  return new Map(
    nodes.map((node) => {
      const fallback = node.defaultValue && valueFromASTUntyped(node.defaultValue);
      return [node.name.value, { type: namedType(node.type), weight: declared.weightOf(node), fallback }];
    }),
  );
}

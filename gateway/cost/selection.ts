import type {
  DocumentNode,
  FieldNode,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { Kind } from 'graphql';
import type { Amount } from './amount.ts';
import type { Condition } from './condition.ts';
import { conditionOf } from './condition.ts';
import { defaultsOf, givenArguments } from './given.ts';
import { inputsPrice } from './input-price.ts';
import type { Handed } from './list-size.ts';
import { lengths } from './list-size.ts';
import { memo } from './memo.ts';
import type { Field } from './output-types.ts';
import type { PriceIndex } from './price-index.ts';

/** What an operation selects of one object type. A fragment is the same object wherever it is used alike. */
export type Selection = readonly Part[];

export type Part =
  | { readonly kind: 'field'; readonly condition: Condition; readonly field: PricedField }
  | { readonly kind: 'fragment'; readonly condition: Condition; readonly selection: Selection };

export type PricedField = {
  readonly coordinate: string;
  /** Its name in the answer. */
  readonly key: string;
  readonly lists: number;
  /** What its arguments cost. */
  readonly inputs: Amount;
  readonly instances: Amount;
  readonly demand: Amount;
  /** The size that the branches take from here, where it waits for variables. */
  readonly handedSize: Amount | undefined;
  readonly values: Values;
  readonly introspective: boolean;
};

/** What a field gives; the same object wherever the same is selected of the same type. */
export type Values = {
  /** One for each object type that a value may be of; a scalar or enum has one. */
  readonly branches: readonly Branch[];
  /** Where the answer tells a value's object type, if the operation asks for it. */
  readonly typenameKey: string | undefined;
};

export type Branch = { readonly type: string; readonly weight: number; readonly leaf: boolean; readonly selection: Selection };

type Parts = {
  readonly index: PriceIndex;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly defaultListSize: number;
};

/**
 * Joins a validated operation with what is declared about its fields. A selection is compiled once for each object type and
 * each handed size, so that fragments within fragments do not multiply.
 */
export function rootSelection({ index, document, operation, defaultListSize }: Parts): Selection {
  const defaults = defaultsOf(operation);
  const fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
  const hand = memo((size: Amount, fields: Handed['fields']): Handed => ({ size, fields }));
  const argumentsOf = memo((node: FieldNode) => givenArguments(node, defaults));
  const inputsOf = memo((node: FieldNode, field: Field) => inputsPrice(field, argumentsOf(node), index.inputTypeOf));
  const lengthsOf = memo((node: FieldNode, field: Field, received: Handed | undefined) =>
    lengths({ field, given: argumentsOf(node), received, hand, typeOf: index.inputTypeOf, defaultListSize }),
  );

  const select = memo(
    (set: SelectionSetNode, type: string, handed: Handed | undefined): Selection =>
      set.selections.flatMap((node) => partOf(node, type, handed)),
  );

  const valuesOf = memo((set: SelectionSetNode | undefined, type: string, handed: Handed | undefined) =>
    memo((weight: number | undefined): Values => {
      const branches = [...index.outputTypeOf(type).concrete].map((concrete) => ({
        type: concrete,
        weight: weight ?? index.outputTypeOf(concrete).weight,
        leaf: set === undefined,
        selection: set === undefined ? [] : select(set, concrete, handed),
      }));
      return { branches, typenameKey: typenameKey(set) };
    }),
  );

  function partOf(node: SelectionNode, type: string, handed: Handed | undefined): readonly Part[] {
    const condition = conditionOf(node, defaults);
    if (condition === false) return [];
    if (node.kind === Kind.FIELD)
      return node.name.value === '__typename' ? [] : [{ kind: 'field', condition, field: fieldOf(node, type, handed) }];
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
    if (fragment === undefined || !appliesTo(type, fragment)) return [];
    return [{ kind: 'fragment', condition, selection: select(fragment.selectionSet, type, handed) }];
  }

  function appliesTo(type: string, { typeCondition }: Pick<InlineFragmentNode, 'typeCondition'>): boolean {
    return typeCondition === undefined || index.outputTypeOf(typeCondition.name.value).concrete.has(type);
  }

  function fieldOf(node: FieldNode, type: string, handed: Handed | undefined): PricedField {
    const name = node.name.value;
    const field = index.outputTypeOf(type).fields.get(name);
    if (field === undefined) throw new Error(`The supergraph has no field ${type}.${name}.`);
    const sub = handed?.fields.get(name);
    const { handed: onward, ...own } = lengthsOf(node, field, handed && sub && hand(handed.size, sub));
    return {
      ...own,
      coordinate: field.coordinate,
      key: (node.alias ?? node.name).value,
      lists: field.lists,
      inputs: inputsOf(node, field),
      values: valuesOf(node.selectionSet, field.type, onward)(field.weight),
      introspective: field.type.startsWith('__'),
    };
  }

  return select(operation.selectionSet, index.roots.get(operation.operation) ?? '', undefined);
}

/** Only where every value has it: within a fragment another field may have the same name in the answer. */
function typenameKey(set: SelectionSetNode | undefined): string | undefined {
  const asked = set?.selections.find((node) => node.kind === Kind.FIELD && node.name.value === '__typename');
  return asked?.kind === Kind.FIELD ? (asked.alias ?? asked.name).value : undefined;
}

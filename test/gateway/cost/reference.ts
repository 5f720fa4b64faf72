import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLInputField,
  GraphQLOutputType,
  GraphQLSchema,
  InputValueDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import {
  GraphQLObjectType,
  getNamedType,
  getNullableType,
  isAbstractType,
  isInputObjectType,
  isLeafType,
  isListType,
  Kind,
  valueFromASTUntyped,
} from 'graphql';

/*
 * The formula of design section 5, written as it reads: walks the operation anew for every price, knows no memory and no
 * compilation, and takes time without bound. Directives are called @cost and @listSize; sized fields are not nested.
 */

type Values = Readonly<Record<string, unknown>>;
export type Handed = { readonly size: number; readonly fields: readonly string[] };
export type Place = { readonly schema: GraphQLSchema; readonly document: DocumentNode; readonly variables: Values };

const most = Number.MAX_SAFE_INTEGER;
const capped = (value: number): number => Math.min(value, most);
export const mutationBase = 10;
export const defaultListSize = 10;

export function referencePrice(place: Place): number {
  const { operation, root } = rootOf(place);
  return capped(baseOf(operation.operation) + priceOfSet(place, operation.selectionSet, root));
}

export function referenceActual(place: Place, data: object | null, typeOf: (value: object) => GraphQLObjectType): number {
  const { operation, root } = rootOf(place);
  return baseOf(operation.operation) + (data === null ? 0 : actualOfSet(place, operation.selectionSet, root, data, typeOf));
}

const baseOf = (kind: string): number => (kind === 'mutation' ? mutationBase : 0);

export function rootOf({ schema, document }: Place) {
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const root = operation && schema.getRootType(operation.operation);
  if (operation === undefined || root == null) throw new Error('There is no operation.');
  return { operation, root };
}

function priceOfSet(place: Place, set: SelectionSetNode, type: GraphQLObjectType, handed?: Handed): number {
  return fieldsOf(place, set, type).reduce((all, node) => capped(all + priceOfField(place, node, type, handed)), 0);
}

/** The fields that apply to an object type, once for every use; fragments are replaced by what stands in them. */
export function fieldsOf(place: Place, set: SelectionSetNode, type: GraphQLObjectType): readonly FieldNode[] {
  return set.selections.flatMap((node) => {
    if (!isSelected(place, node)) return [];
    if (node.kind === Kind.FIELD) return node.name.value === '__typename' ? [] : [node];
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragmentOf(place, node.name.value);
    const condition = fragment.typeCondition && place.schema.getType(fragment.typeCondition.name.value);
    const applies =
      condition === undefined || condition === type || (isAbstractType(condition) && place.schema.isSubType(condition, type));
    return applies ? fieldsOf(place, fragment.selectionSet, type) : [];
  });
}

function fragmentOf({ document }: Place, name: string) {
  const found = document.definitions.find((node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name);
  if (found?.kind !== Kind.FRAGMENT_DEFINITION) throw new Error(`There is no fragment ${name}.`);
  return found;
}

function isSelected(place: Place, { directives = [] }: SelectionNode): boolean {
  return directives.every(({ name, arguments: given = [] }) => {
    const [argument] = given;
    const value = argument && valueFromASTUntyped(argument.value, variablesOf(place)) === true;
    return name.value === 'skip' ? !value : value;
  });
}

function variablesOf(place: Place): Values {
  const { operation } = rootOf(place);
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
  );
  return { ...Object.fromEntries(defaults), ...place.variables };
}

function priceOfField(place: Place, node: FieldNode, parent: GraphQLObjectType, handed?: Handed): number {
  const field = fieldOf(parent, node);
  const size = sizeOf(place, node, parent, handed);
  const onward = handedOf(place, node, parent, handed);
  const instances = instancesOf(field.type, size);
  if (instances === 0) return argumentsPrice(place, node, field);
  const branches = branchesOf(place, field.type).map((type) => {
    const children =
      node.selectionSet === undefined || type === undefined ? 0 : priceOfSet(place, node.selectionSet, type, onward);
    return capped(weightOf(field, type) + children);
  });
  return capped(argumentsPrice(place, node, field) + capped(instances * Math.max(...branches)));
}

function actualOfSet(
  place: Place,
  set: SelectionSetNode,
  type: GraphQLObjectType,
  holder: object,
  typeOf: (value: object) => GraphQLObjectType,
): number {
  return fieldsOf(place, set, type).reduce((all, node) => {
    const field = fieldOf(type, node);
    const value = (holder as Values)[(node.alias ?? node.name).value];
    if (value === null || value === undefined) return all;
    const items = flatten(value, listsOf(field.type)).filter((item) => item !== null);
    const prices = items.map((item) => {
      if (node.selectionSet === undefined) return weightOf(field, undefined);
      const object = item as object;
      return weightOf(field, typeOf(object)) + actualOfSet(place, node.selectionSet, typeOf(object), object, typeOf);
    });
    return capped(all + argumentsPrice(place, node, field) + prices.reduce((sum, price) => sum + price, 0));
  }, 0);
}

export const flatten = (value: unknown, lists: number): readonly unknown[] =>
  lists === 0 || !Array.isArray(value) ? [value] : value.flatMap((item) => flatten(item, lists - 1));

export function listsOf(type: GraphQLOutputType): number {
  const nullable = getNullableType(type);
  return isListType(nullable) ? 1 + listsOf(nullable.ofType) : 0;
}

export function fieldOf(parent: GraphQLObjectType, node: FieldNode): GraphQLField<unknown, unknown> {
  const field = parent.getFields()[node.name.value];
  if (field === undefined) throw new Error(`There is no field ${parent.name}.${node.name.value}.`);
  return field;
}

export function branchesOf({ schema }: Place, type: GraphQLOutputType): readonly (GraphQLObjectType | undefined)[] {
  const named = getNamedType(type);
  if (isAbstractType(named)) return schema.getPossibleTypes(named);
  return [named instanceof GraphQLObjectType ? named : undefined];
}

function weightOf(field: GraphQLField<unknown, unknown>, type: GraphQLObjectType | undefined): number {
  const named = type ?? getNamedType(field.type);
  return cost(field) ?? cost(named) ?? (isLeafType(named) ? 0 : 1);
}

type Annotated = { readonly astNode?: { readonly directives?: readonly DirectiveNode[] | undefined } | null | undefined };

const directive = ({ astNode }: Annotated, name: string): Values | undefined => {
  const found = astNode?.directives?.find((node) => node.name.value === name);
  return found && Object.fromEntries((found.arguments ?? []).map((node) => [node.name.value, valueFromASTUntyped(node.value)]));
};

const cost = (annotated: Annotated): number | undefined => {
  const weight = directive(annotated, 'cost')?.['weight'];
  return weight === undefined ? undefined : Math.max(0, Number(weight));
};

function listSizeOf(field: GraphQLField<unknown, unknown>, parent: GraphQLObjectType): Values {
  const own = directive(field, 'listSize');
  const inherited = parent
    .getInterfaces()
    .map((type) => type.getFields()[field.name] && directive(type.getFields()[field.name] as Annotated, 'listSize'));
  return own ?? inherited.find((found) => found !== undefined) ?? {};
}

function instancesOf(type: GraphQLOutputType, size: number): number {
  const lists = listsOf(type);
  return lists === 0 ? 1 : capped(size * defaultListSize ** (lists - 1));
}

export function sizeOf(place: Place, node: FieldNode, parent: GraphQLObjectType, handed?: Handed): number {
  const field = fieldOf(parent, node);
  const declared = listSizeOf(field, parent);
  const paths = (declared['slicingArguments'] ?? []) as readonly string[];
  const given = paths.map((path) => slice(place, node, field, path.split('.'))).filter((size) => size !== undefined);
  if (given.length > 0) return Math.max(...given);
  if (paths.length > 0 && declared['requireOneSlicingArgument'] !== false) throw new Error('missing');
  if (handed?.fields.includes(node.name.value)) return handed.size;
  return Number(declared['assumedSize'] ?? defaultListSize);
}

export function handedOf(place: Place, node: FieldNode, parent: GraphQLObjectType, handed?: Handed): Handed | undefined {
  const fields = (listSizeOf(fieldOf(parent, node), parent)['sizedFields'] ?? []) as readonly string[];
  return fields.length === 0 ? undefined : { size: sizeOf(place, node, parent, handed), fields };
}

function slice(
  place: Place,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  path: readonly string[],
): number | undefined {
  let inputs = field.args.map(({ astNode, type }) => ({ astNode, type }));
  let holder: unknown = givenArguments(place, node);
  for (const name of path) {
    const input = inputs.find(({ astNode }) => astNode?.name.value === name);
    if (typeof holder !== 'object' || holder === null) return undefined;
    const value = (holder as Values)[name];
    const fallback = input?.astNode?.defaultValue;
    holder = value === undefined && fallback !== undefined ? valueFromASTUntyped(fallback) : value;
    const named = input && getNamedType(input.type);
    inputs = isInputObjectType(named) ? Object.values(named.getFields()).map(({ astNode, type }) => ({ astNode, type })) : [];
  }
  return typeof holder === 'number' ? capped(Math.max(0, Math.ceil(holder))) : undefined;
}

const givenArguments = (place: Place, { arguments: given = [] }: FieldNode): Values =>
  Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value, variablesOf(place))]));

function argumentsPrice(place: Place, node: FieldNode, field: GraphQLField<unknown, unknown>): number {
  const given = givenArguments(place, node);
  return capped(field.args.reduce((all, argument) => all + inputPrice(given[argument.name], argument, cost(argument)), 0));
}

type Input = Pick<GraphQLInputField, 'type'> & { readonly astNode?: InputValueDefinitionNode | null | undefined };

function inputPrice(value: unknown, input: Input, weight: number | undefined): number {
  if (value === null || value === undefined) return 0;
  if (Array.isArray(value)) return value.reduce((all, item) => all + inputPrice(item, input, undefined), weight ?? 0);
  const type = getNamedType(input.type);
  const own = weight ?? cost(type) ?? (isInputObjectType(type) ? 1 : 0);
  if (!isInputObjectType(type)) return own;
  const fields = Object.values(type.getFields());
  return fields.reduce((all, field) => all + inputPrice((value as Values)[field.name], field, cost(field)), own);
}

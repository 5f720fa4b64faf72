import type { GraphQLInputObjectType, GraphQLInputType, GraphQLLeafType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { isInputObjectType, isInputType, isListType, isNonNullType, isRequiredInputField, typeFromAST } from 'graphql';
import type { Gate } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';

type Options = {
  /** Most places that are named where variables do not fit. */
  readonly maxErrors: number;
};

/**
 * Refuses variables that are not of their types (GraphQL, section 6.1.2). It names places and types and never a value:
 * what was sent by mistake appears in no answer. It ends after the first few; a list may hold a hundred thousand wrong items.
 */
export function variableTypes({ maxErrors }: Options): Gate {
  const known = new WeakMap<OperationDefinitionNode, readonly Declared[]>();
  return ({ context, schema, operation, variables }) => {
    // A price may be asked before the variables are known.
    if (context.pricesOnly) return;
    const declared = known.get(operation) ?? declaredBy(operation, schema);
    known.set(operation, declared);
    const found = misfits(declared, variables, maxErrors);
    if (found.length > 0) throw new ExpectedError('BAD_USER_INPUT', found.join(' '));
  };
}

type Declared = {
  readonly name: string;
  readonly type: GraphQLInputType;
  /** True where nothing need be given. */
  readonly optional: boolean;
};

export const declaredBy = ({ variableDefinitions = [] }: OperationDefinitionNode, schema: GraphQLSchema): readonly Declared[] =>
  variableDefinitions.flatMap(({ variable, type: node, defaultValue }) => {
    const type = typeFromAST(schema, node);
    if (!isInputType(type)) return [];
    return [{ name: variable.name.value, type, optional: defaultValue !== undefined || !isNonNullType(type) }];
  });

type Variables = Readonly<Record<string, unknown>>;

/** One sentence for each place where a value does not fit, at most so many. */
export function misfits(declared: readonly Declared[], variables: Variables, most: number): readonly string[] {
  const found: Found = { sentences: [], most };
  for (const { name, type, optional } of declared) {
    const place = { key: `$${name}`, above: undefined };
    if (Object.hasOwn(variables, name)) checkValue(variables[name], type, { place, found });
    else if (!optional) report(found, `${quoted(place)} of type "${type}" is required.`);
  }
  return found.sentences;
}

type Found = { readonly sentences: string[]; readonly most: number };

/** Its text is made only where something is wrong. */
type Place = { readonly key: string | number; readonly above: Place | undefined };

type At = { readonly place: Place; readonly found: Found };

function checkValue(value: unknown, type: GraphQLInputType, at: At): void {
  if (value === null || value === undefined) {
    if (isNonNullType(type)) mustBe(type, at);
  } else if (isNonNullType(type)) {
    checkValue(value, type.ofType, at);
  } else if (isListType(type)) {
    // A single value may stand where a list is wanted.
    if (Array.isArray(value)) checkItems(value, type.ofType, at);
    else checkValue(value, type.ofType, at);
  } else if (isInputObjectType(type)) {
    if (isObject(value)) checkFields(value, type, at);
    else mustBe(type, at);
  } else if (!takes(type, value)) {
    mustBe(type, at);
  }
}

function checkItems(items: readonly unknown[], type: GraphQLInputType, { place, found }: At): void {
  for (let index = 0; index < items.length && found.sentences.length < found.most; index++)
    checkValue(items[index], type, { place: { key: index, above: place }, found });
}

const isObject = (value: unknown): value is Variables => typeof value === 'object' && value !== null && !Array.isArray(value);

function checkFields(given: Variables, type: GraphQLInputObjectType, { place, found }: At): void {
  const fields = type.getFields();
  for (const field of Object.values(fields)) {
    const inner = { key: field.name, above: place };
    if (Object.hasOwn(given, field.name)) checkValue(given[field.name], field.type, { place: inner, found });
    else if (isRequiredInputField(field)) report(found, `${quoted(inner)} of type "${field.type}" is required.`);
  }
  // A name that nobody knows is the client's own text, and is not told either.
  if (Object.keys(given).some((name) => !Object.hasOwn(fields, name)))
    report(found, `${quoted(place)} has a field that "${type}" has not.`);
  if (type.isOneOf && !isOne(given)) report(found, `${quoted(place)} of type "${type}" must have exactly one field.`);
}

function isOne(given: Variables): boolean {
  const [value, ...others] = Object.values(given);
  return value !== null && value !== undefined && others.length === 0;
}

function takes(type: GraphQLLeafType, value: unknown): boolean {
  try {
    return type.parseValue(value) !== undefined;
  } catch {
    return false;
  }
}

const mustBe = (type: GraphQLInputType, { place, found }: At): void =>
  report(found, `${quoted(place)} must be of type "${type}".`);

function report({ sentences, most }: Found, sentence: string): void {
  if (sentences.length < most) sentences.push(sentence);
}

const quoted = (place: Place): string => `"${written(place)}"`;

function written({ key, above }: Place): string {
  if (above === undefined) return String(key);
  return typeof key === 'number' ? `${written(above)}[${key}]` : `${written(above)}.${key}`;
}

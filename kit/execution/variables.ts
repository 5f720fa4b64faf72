import type { GraphQLScalarType, GraphQLSchema, VariableDefinitionNode } from 'graphql';
import { getNullableType, getVariableValues, isListType, isScalarType, typeFromAST } from 'graphql';

type Values = Readonly<Record<string, unknown>>;

type Coerced = ReturnType<typeof getVariableValues>;

/**
 * Coerces the variables of an operation (GraphQL, section 6.1.2). The representations of entities, of which an operation may have
 * hundreds, are coerced without the library's notes of where each of them stands, which are for errors alone.
 */
export function coercer(schema: GraphQLSchema, definitions: readonly VariableDefinitionNode[]): (given: Values) => Coerced {
  const byLibrary = (given: Values): Coerced => getVariableValues(schema, definitions, given, { maxErrors: 50 });
  const [only, ...others] = definitions;
  const scalar = only === undefined || others.length > 0 ? undefined : itemOf(schema, only);
  if (only === undefined || scalar === undefined) return byLibrary;
  const name = only.variable.name.value;
  return (given) => {
    const items = coercedItems(given[name], scalar);
    return items === undefined ? byLibrary(given) : { coerced: { [name]: items } };
  };
}

/** The scalar of a variable that is a list of scalars. */
function itemOf(schema: GraphQLSchema, { type }: VariableDefinitionNode): GraphQLScalarType | undefined {
  const list = getNullableType(typeFromAST(schema, type as never));
  const item = isListType(list) ? getNullableType(list.ofType) : undefined;
  return isScalarType(item) ? item : undefined;
}

/** Undefined for anything that is not as it should be, which the library then tells. */
function coercedItems(given: unknown, scalar: GraphQLScalarType): readonly unknown[] | undefined {
  if (!Array.isArray(given)) return undefined;
  const items: unknown[] = [];
  try {
    for (const item of given) {
      const parsed = item === null || item === undefined ? undefined : scalar.parseValue(item);
      if (parsed === undefined) return undefined;
      items.push(parsed);
    }
  } catch {
    return undefined;
  }
  return items;
}

import type { DefinitionNode } from 'graphql';
import { introspectionTypes, parse, printType } from 'graphql';

/**
 * The types of introspection and the two fields of the query type that give them. Their lists count as single values:
 * they are as long as the schema, which no operation can choose, and cost no call.
 */
export function introspection(queryType: string): readonly DefinitionNode[] {
  const types = introspectionTypes
    .map(printType)
    .join('\n')
    .replaceAll(/: \[(\w+)!?\]/g, ': $1');
  return parse(`${types} type ${queryType} { __schema: __Schema! __type(name: String!): __Type }`, { noLocation: true })
    .definitions;
}

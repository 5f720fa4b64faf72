import fc from 'fast-check';
import type { OperationDefinitionNode } from 'graphql';
import { buildSchema, getVariableValues, parse } from 'graphql';
import { expect, test } from 'vitest';
import { coercer } from '#kit/execution/variables.ts';

const schema = buildSchema('scalar _Any enum Colour { RED } type Query { a: Int }');

const definitionsOf = (variables: string) => {
  const [operation] = parse(`query (${variables}) { a }`).definitions;
  return (operation as OperationDefinitionNode).variableDefinitions ?? [];
};

const item = fc.oneof(
  fc.constantFrom(null, undefined, 'RED', 'BLUE', 1, 1.5, true, '5'),
  fc.record({ __typename: fc.constant('Sample'), id: fc.string() }),
);

const given = fc.dictionary(fc.constantFrom('representations', 'first', '__proto__'), fc.oneof(item, fc.array(item)));

test.each([
  '$representations: [_Any!]!',
  '$representations: [_Any]',
  '$representations: [ID!]! = ["1"]',
  '$representations: [Int]',
  '$representations: [Colour!]',
  '$representations: [[_Any!]!]!',
  '$representations: _Any',
  '$representations: [_Any!]!, $first: Int',
])('variables %s are coerced as by graphql-js, errors included', (variables) => {
  const definitions = definitionsOf(variables);
  const coerce = coercer(schema, definitions);
  fc.assert(
    fc.property(given, (values) => {
      const [ours, theirs] = [coerce(values), getVariableValues(schema, definitions, values, { maxErrors: 50 })];
      expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
      expect(ours.coerced).toEqual(theirs.coerced);
    }),
  );
});

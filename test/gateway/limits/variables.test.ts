import fc from 'fast-check';
import type { OperationDefinitionNode } from 'graphql';
import { buildSchema, getVariableValues, parse } from 'graphql';
import { expect, test } from 'vitest';
import { declaredBy, misfits } from '#gateway/limits/variables.ts';

const schema = buildSchema(`
  enum Color { RED GREEN }
  scalar Free
  input Tree { leaf: String! color: Color = RED list: [Int!] grid: [[Int]!] child: Tree free: Free }
  input One @oneOf { id: ID name: String }
  type Query { nothing(f: Float, b: Boolean): Int }
`);

const operationOf = (definitions: string): OperationDefinitionNode =>
  parse(`query(${definitions}) { nothing }`).definitions[0] as OperationDefinitionNode;

const found = (definitions: string, variables: Record<string, unknown>, most = 5): readonly string[] =>
  misfits(declaredBy(operationOf(definitions), schema), variables, most);

test.each([
  ['$n: Int', { n: 'secret' }, ['"$n" must be of type "Int".']],
  ['$n: Int!', {}, ['"$n" of type "Int!" is required.']],
  ['$n: Int!', { n: null }, ['"$n" must be of type "Int!".']],
  ['$n: Int! = 3', {}, []],
  ['$c: Color', { c: 'BLUE' }, ['"$c" must be of type "Color".']],
  ['$c: [Color!]', { c: ['RED', 'BLUE', null] }, ['"$c[1]" must be of type "Color".', '"$c[2]" must be of type "Color!".']],
  ['$c: [[Color]]', { c: 'RED' }, []],
  ['$t: Tree', { t: 'secret' }, ['"$t" must be of type "Tree".']],
  ['$t: Tree', { t: [] }, ['"$t" must be of type "Tree".']],
  ['$t: Tree', { t: {} }, ['"$t.leaf" of type "String!" is required.']],
  ['$t: Tree', { t: { leaf: 'x', child: { leaf: 7 } } }, ['"$t.child.leaf" must be of type "String".']],
  ['$t: Tree', { t: { leaf: 'x', secret: 1 } }, ['"$t" has a field that "Tree" has not.']],
  ['$t: Tree', { t: { leaf: 'x', grid: [[1], null] } }, ['"$t.grid[1]" must be of type "[Int]!".']],
  ['$o: One', { o: { id: 1, name: 'x' } }, ['"$o" of type "One" must have exactly one field.']],
  ['$o: One', { o: { id: null } }, ['"$o" of type "One" must have exactly one field.']],
  ['$f: Free!', { f: { any: ['thing'] } }, []],
] as const)('%s with %j', (definitions, variables, sentences) => {
  expect(found(definitions, variables)).toEqual(sentences);
});

test('a list of wrong items is left after the first few', () => {
  const list = Array.from({ length: 50_000 }, () => 'secret');
  expect(found('$list: [Int!]', { list }, 3)).toEqual([0, 1, 2].map((index) => `"$list[${index}]" must be of type "Int".`));
});

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 1, 2.5, -7, 3_000_000_000, 'x', 'RED', '1'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.record(
      {
        leaf: tie('value'),
        color: tie('value'),
        list: tie('value'),
        grid: tie('value'),
        child: tie('value'),
        free: tie('value'),
        id: tie('value'),
        name: tie('value'),
      },
      { requiredKeys: [] },
    ),
  ),
})).value;

const types = fc.constantFrom(
  ...['Int', 'Float!', 'String', 'Boolean', 'ID', 'Color', '[Int]', '[[Int!]]!', 'Tree', 'Tree!', '[Tree!]', 'One', 'Free'],
);

test('variables fit exactly when graphql-js would take them', () => {
  fc.assert(
    fc.property(types, fc.option(json, { nil: undefined }), (type, value) => {
      const operation = operationOf(`$v: ${type}`);
      const variables = value === undefined ? {} : { v: value };
      const { errors = [] } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
      expect(found(`$v: ${type}`, variables).length > 0).toBe(errors.length > 0);
    }),
    { numRuns: 2_000 },
  );
});

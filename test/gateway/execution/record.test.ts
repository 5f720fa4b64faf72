import fc from 'fast-check';
import { buildSchema, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { record } from '#gateway/execution/record.ts';
import { generatedRecord } from '#gateway/execution/record-code.ts';
import { shapeOf } from '#gateway/execution/shape.ts';
import type { Problem } from '#gateway/execution/shaping.ts';

const schema = buildSchema(`
  type Query { one: Thing things: [Thing!] any: Named }
  interface Named { title: String! }
  scalar JSON
  enum Colour { RED GREEN }
  type Thing implements Named {
    id: ID! title: String! text: String size: Int weight: Float! isOpen: Boolean! colour: Colour facts: JSON tags: [String!] part: Thing
  }
`);

const operation = getOperationAST(
  parse(`{
  one { __proto__: id constructor: title toString: text class: size weight isOpen colour facts tags part { id __typename } }
  things { id colour part { title weight } }
  any { title __typename ... on Thing { size } }
}`),
);

/** How many objects of a kind it takes until code is made for them, and more. */
const many = 150;

const shaped = (shape: ReturnType<typeof shapeOf>, source: Readonly<Record<string, unknown>>) => {
  const problems: Problem[] = [];
  return { shown: JSON.stringify(shape(source, { path: [], problems, introspected: {} })), problems };
};

const value = fc.oneof(
  fc.string(),
  fc.constantFrom(null, undefined, 'RED', 'BLUE', 1, 1.5, Number.NaN, 2 ** 40, true, false, [], ['a', null], {}, { a: 1 }),
);

const names = [
  '__proto__',
  'constructor',
  'toString',
  'class',
  'id',
  'title',
  'size',
  'weight',
  'isOpen',
  'colour',
  'facts',
  'tags',
];

const thing = fc.letrec<{ readonly thing: object; readonly part: unknown }>((tie) => ({
  thing: fc
    .tuple(fc.dictionary(fc.constantFrom(...names), value), fc.constantFrom('Thing', 'Named', 'Other', undefined), tie('part'))
    .map(([fields, __typename, part]) => ({ ...fields, part, ...(__typename !== undefined && { __typename }) })),
  part: fc.oneof({ depthSize: 'small' }, fc.constantFrom(null, undefined, 'no object'), tie('thing')),
}));

const root = fc.record({ one: thing.part, things: fc.oneof(fc.array(thing.thing, { maxLength: 3 }), value), any: thing.part });

test('code that is made for objects shows what the loop shows, with the same problems at the same places', () => {
  const make = () => shapeOf(operation as NonNullable<typeof operation>, { schema, fragments: new Map(), values: {} });
  const used = make();
  const good = { id: 'a', title: 'A', constructor: 'A', weight: 1, isOpen: true, part: { id: 'b', title: 'B', weight: 2 } };
  const all = { one: good, things: [good], any: { __typename: 'Thing', ...good } };
  for (let times = 0; times < many; times++) shaped(used, all);
  fc.assert(
    fc.property(root, (source) => {
      expect(shaped(used, source)).toEqual(shaped(make(), source));
    }),
    { numRuns: 500 },
  );
});

test('code is made of names of GraphQL alone', () => {
  const complete = (found: unknown) => found;
  expect(() => generatedRecord([{ name: 'a, b', complete }])).toThrow('"a, b" is no name of a field.');
  const slots = [
    { name: '__proto__', complete },
    { name: 'valueOf', complete },
    { name: 'b', complete },
  ];
  const shaping = { path: [], problems: [], introspected: {} };
  const source = JSON.parse('{"__proto__":1,"b":2,"valueOf":3,"c":4}');
  expect(JSON.stringify(generatedRecord(slots)(source, shaping))).toBe('{"__proto__":1,"valueOf":3,"b":2}');
  expect(generatedRecord(slots)({ b: 2 }, shaping)).toBeUndefined();
  expect(JSON.stringify(record(slots)(source, shaping))).toBe('{"__proto__":1,"valueOf":3,"b":2}');
});

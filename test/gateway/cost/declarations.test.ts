import { expect, test } from 'vitest';
import { pricer } from '#gateway/cost/pricer.ts';
import { compose } from '#schema/compose.ts';
import { estimate, options, priceOf, pricerOf } from './prices.ts';

const renamed =
  'type Query { samples(first: Int @COST(weight: 2)): [Sample] @COST(weight: 5) @SIZE(slicingArguments: ["first"]) } type Sample { id: ID }';
const query = '{ samples(first: 3) { id } }';

test.each([
  ['as they are called', '"@cost", "@listSize"', 'cost', 'listSize'],
  ['imported under other names', '{ name: "@cost", as: "@price" }, { name: "@listSize", as: "@length" }', 'price', 'length'],
  ['with the prefix of the specification', '"@key"', 'federation__cost', 'federation__listSize'],
])('the directives are found in a composed supergraph %s', (_, imports, cost, size) => {
  const types = renamed.replaceAll('@COST', `@${cost}`).replaceAll('@SIZE', `@${size}`);
  expect(estimate(pricerOf(types, imports), query)).toBe(17);
});

test.each([
  ['link.as names the prefix', '@link(url: "https://specs.apollo.dev/cost/v0.1", as: "price")', 'price', 'price__listSize', 17],
  ['nothing is imported', '@link(url: "https://specs.apollo.dev/cost/v0.1")', 'cost', 'cost__listSize', 17],
  [
    'a later version is linked',
    '@link(url: "https://specs.apollo.dev/cost/v0.2", import: ["@cost", "@listSize"])',
    'cost',
    'listSize',
    17,
  ],
  ['the specification is not linked, so that the names mean something else', '', 'cost', 'listSize', 10],
])('a supergraph of another composer is read where %s', (_, link, cost, size, price) => {
  const types = renamed.replaceAll('@COST', `@${cost}`).replaceAll('@SIZE', `@${size}`);
  const sdl = `schema @link(url: "https://specs.apollo.dev/link/v1.0") ${link} { query: Query } ${types}`;
  expect(estimate(pricer({ sdl, options }), query)).toBe(price);
});

test('a supergraph without declarations has the default prices', () => {
  const prices = pricerOf('type Query { samples: [Sample] sample: Sample } type Sample { id: ID parent: Sample }', '"@key"');
  expect(estimate(prices, '{ samples { id parent { id } } sample { id } }')).toBe(21);
});

test('of several subgraphs the highest weight counts', () => {
  const subgraph = (name: string, sdl: string) => ({
    name,
    url: 'http://laboratory.example',
    sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@key"]) ${sdl}`,
  });
  const { supergraph } = compose([
    subgraph('one', 'type Query { sample: Sample } type Sample @key(fields: "id") @cost(weight: 4) { id: ID! }'),
    subgraph('two', 'type Sample @key(fields: "id") @cost(weight: 6) { id: ID! name: String }'),
  ]);
  expect(estimate(pricer({ sdl: supergraph, options }), '{ sample { id name } }')).toBe(6);
});

const weighted = pricerOf(`scalar Blob @cost(weight: 4) enum Color @cost(weight: 2) { RED }
type Query {
  blob: Blob blobs: [Blob] @listSize(assumedSize: 3) color: Color @cost(weight: 7) negative: String @cost(weight: -9)
  find(filter: Filter @cost(weight: 6), plain: Plain, plains: [Plain] @cost(weight: 6), blob: Blob, colors: [Color], text: String): [Found] @cost(weight: 0)
}
input Filter { text: String @cost(weight: 3) plain: Plain plains: [Plain] blob: Blob }
input Plain { a: Int b: Int @cost(weight: 2) c: Int = 9 @cost(weight: 50) }
type Found { id: ID }`);

test.each([
  ['a scalar weighs what is declared of it', '{ blob }', 4],
  ['a list of scalars as often as it is long', '{ blobs }', 12],
  ['the weight of a field goes before that of its type', '{ color }', 7],
  ['a negative weight is none', '{ negative }', 0],
  ['no argument', '{ find { id } }', 0],
  ['an argument with a weight, once for the whole list', '{ find(filter: {}) { id } }', 6],
  ['an argument without one', '{ find(text: "x") { id } }', 0],
  ['null', '{ find(filter: null, blob: null) { id } }', 0],
  ['an input object weighs 1 and what is given of it', '{ find(plain: { a: 1, b: 2 }) { id } }', 3],
  ['input objects in each other', '{ find(filter: { text: "x", plain: { b: 1 } }) { id } }', 12],
  ['a list of input objects, each', '{ find(filter: { plains: [{}, { b: 1 }, null] }) { id } }', 10],
  ['a list that has a weight, with its items', '{ find(plains: [{ b: 1 }, {}]) { id } }', 10],
  ['a single value in place of a list', '{ find(colors: RED) { id } }', 2],
  ['enums and scalars by their type', '{ find(colors: [RED, RED], blob: "x") { id } }', 8],
])('arguments: %s', (_, text, price) => {
  expect(estimate(weighted, text)).toBe(price);
});

test('arguments are priced in variables as in the text', () => {
  const text =
    'query($filter: Filter, $b: Int, $plains: [Plain]) { find(filter: $filter, plain: { b: $b }, plains: $plains) { id } }';
  expect(estimate(weighted, text)).toBe(1);
  expect(estimate(weighted, text, { b: 1 })).toBe(3);
  expect(estimate(weighted, text, { b: null, filter: { text: 'x', plain: { b: 1 } }, plains: [{ b: 1 }, {}] })).toBe(1 + 12 + 10);
  expect(estimate(weighted, text, { filter: 'text', plains: { b: 1 } })).toBe(1 + 6 + 8);
});

test('D2: a slicing argument may stand within input objects', () => {
  const sdl = `schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"]) { query: Query }
    type Query { samples(input: Input = { page: { first: 6 } }): [Sample] @listSize(slicingArguments: ["input.page.first"]) }
    input Input { page: Page } input Page { first: Int = 4 } type Sample { id: ID }`;
  const prices = pricer({ sdl, options });
  const text =
    'query($input: Input, $n: Int) { a: samples(input: $input) { id } b: samples(input: { page: { first: $n } }) { id } }';
  expect(estimate(prices, '{ samples(input: { page: { first: 3 } }) { id } }')).toBe(3 + 2);
  expect(estimate(prices, '{ samples(input: { page: {} }) { id } }')).toBe(4 + 2);
  expect(estimate(prices, '{ samples { id } }')).toBe(6);
  expect(estimate(prices, text, { input: { page: { first: 8 } }, n: 2 })).toBe(8 + 2 + 2 + 2);
  expect(estimate(prices, text)).toBe(6 + 4 + 2);
  expect(() => estimate(prices, '{ samples(input: { page: { first: null } }) { id } }')).toThrow('Query.samples');
  expect(() => estimate(prices, text, { input: {} })).toThrow('input.page.first');
});

test('sized fields may be nested as a selection is', () => {
  const sdl = `schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"]) { query: Query }
    type Query { search(first: Int): Answer @listSize(slicingArguments: ["first"], sizedFields: ["results { page hits { best } }", "flat"]) }
    type Answer { results: Results flat: [Sample] } type Results { page: [Sample] hits: Hits other: [Sample] } type Hits { best: [Sample] }
    type Sample { id: ID }`;
  const prices = pricer({ sdl, options });
  expect(estimate(prices, '{ search(first: 3) { flat { id } } }')).toBe(1 + 3);
  expect(estimate(prices, '{ search(first: 3) { results { page { id } } } }')).toBe(1 + 1 + 3);
  expect(estimate(prices, '{ search(first: 3) { results { ... on Results { hits { best { id } } } } } }')).toBe(1 + 1 + 1 + 3);
  expect(estimate(prices, '{ search(first: 3) { results { other { id } } } }')).toBe(1 + 1 + 10);
});

test('D25: names that every object has are names like others', () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty'];
  const prices =
    pricerOf(`type Query { ${names.map((name) => `${name}(constructor: Int): [toString] @cost(weight: 3) @listSize(slicingArguments: ["constructor"], requireOneSlicingArgument: false, assumedSize: 2)`).join(' ')} }
    type toString { ${names.map((name) => `${name}: toString`).join(' ')} }`);
  const text =
    'query($constructor: Int, $__proto__: Int) { constructor(constructor: $constructor) { constructor { __typename } toString { __typename } } __proto__: valueOf(constructor: $__proto__) { __typename } }';
  const price = priceOf(prices, text);
  expect(price.estimate({})).toBe(2 * 5 + 2 * 3);
  expect(price.estimate({ constructor: 4 })).toBe(4 * 5 + 2 * 3);
  expect(price.estimate(JSON.parse('{ "__proto__": 7 }'))).toBe(2 * 5 + 7 * 3);
  expect(price.actual({}, {})).toBe(0);
  expect(price.actual(JSON.parse('{ "constructor": [{ "toString": {} }], "__proto__": [{}, {}] }'), {})).toBe(3 + 1 + 3 * 2);
});

test('a mutation costs its base in addition', () => {
  const prices = pricerOf('type Query { x: Int } type Mutation { rename: Sample touch: Int } type Sample { id: ID }');
  expect(estimate(prices, 'mutation { rename { id } }')).toBe(11);
  expect(estimate(prices, 'mutation { touch }')).toBe(10);
  expect(estimate(prices, '{ x }')).toBe(0);
  expect(priceOf(prices, 'mutation { rename { id } }').actual(null, {})).toBe(10);
});

test('introspection costs 1 for each field that gives objects, however many', () => {
  const prices = pricerOf('type Query { x: Int }');
  const text =
    '{ __schema { types { name fields { name type { ofType { name } } } } } __type(name: "Query") { name fields { name } } }';
  const price = priceOf(prices, text);
  expect(price.estimate({})).toBe(5 + 2);
  expect(price.actual({ __schema: { types: [] }, __type: null }, {})).toBe(5);
});

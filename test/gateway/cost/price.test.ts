import { expect, test } from 'vitest';
import { ExpectedError } from '#kit/errors.ts';
import { estimate, priceOf, pricerOf, worked } from './prices.ts';

function refusalOf(work: () => unknown): ExpectedError {
  try {
    work();
  } catch (error) {
    if (error instanceof ExpectedError) return error;
  }
  throw new Error('It was not refused.');
}

const example = worked();

test.each([
  ['as it stands', '{ samples(first: 10) { id owner { name } } }', 62],
  ['with a named fragment', '{ samples(first: 10) { ...Row } } fragment Row on Sample { id owner { name } }', 62],
  ['with an inline fragment', '{ samples(first: 10) { id ... on Sample { owner { name } } } }', 62],
  [
    'with nested fragments',
    '{ ...Q } fragment Q on Query { samples(first: 10) { ...R } } fragment R on Sample { owner { ...U } } fragment U on User { name }',
    62,
  ],
  ['with __typename', '{ __typename samples(first: 10) { __typename owner { __typename name } } }', 62],
  [
    'three times',
    '{ a: samples(first: 10) { owner { name } } b: samples(first: 10) { owner { name } } c: samples(first: 10) { owner { name } } }',
    186,
  ],
  [
    'a fragment three times',
    '{ a: samples(first: 10) { ...R } b: samples(first: 10) { ...R } c: samples(first: 10) { ...R } } fragment R on Sample { owner { name } }',
    186,
  ],
  ['without owners', '{ samples(first: 10) { id } }', 52],
  ['of one', '{ samples(first: 1) { id owner { name } } }', 8],
  ['of none', '{ samples(first: 0) { id owner { name } } }', 2],
])('D1 D5: the worked example %s', (_, text, price) => {
  expect(estimate(example, text)).toBe(price);
});

test('D5: thirty aliases cost thirty times as much', () => {
  const aliases = Array.from({ length: 30 }, (_, index) => `a${index}: samples(first: 10) { owner { name } }`).join(' ');
  expect(estimate(example, `{ ${aliases} }`)).toBe(30 * 62);
});

const text = 'query($n: Int) { samples(first: $n) { id owner { name } } }';
const withDefault = 'query($n: Int = 4) { samples(first: $n) { id owner { name } } }';

test('D2: a slicing argument is read from variables and their defaults', () => {
  expect(estimate(example, text, { n: 100 })).toBe(602);
  expect(estimate(example, withDefault)).toBe(26);
  expect(estimate(example, withDefault, { n: 2 })).toBe(14);
});

test.each([
  ['left out', '{ samples { id } }', {}],
  ['null', '{ samples(first: null) { id } }', {}],
  ['a variable without value', text, {}],
  ['a variable that is null', text, { n: null }],
  ['a variable that is null in place of its default', withDefault, { n: null }],
  ['no number', text, { n: 'ten' }],
])('D2: a required slicing argument that is %s is named, with its field', (_, query, variables) => {
  const { code, message } = refusalOf(() => estimate(example, query, variables));
  expect(code).toBe('BAD_USER_INPUT');
  expect(message).toBe('Query.samples needs one of these arguments to tell how many are wanted: first.');
});

test('D2: what is skipped or below nothing demands no argument', () => {
  const nested = pricerOf(
    `type Query { samples(first: Int): [Sample] @listSize(slicingArguments: ["first"]) } type Sample { children(first: Int): [Sample] @listSize(slicingArguments: ["first"]) }`,
  );
  const query = 'query($on: Boolean!) { samples(first: 2) { __typename children @include(if: $on) { __typename } } }';
  expect(estimate(nested, query, { on: false })).toBe(2);
  expect(refusalOf(() => estimate(nested, query, { on: true })).message).toContain('Sample.children');
  expect(estimate(nested, '{ samples(first: 0) { children { __typename } } }')).toBe(0);
  expect(refusalOf(() => priceOf(nested, query).breakdown({ on: true })).code).toBe('BAD_USER_INPUT');
});

test('D2: a required slicing argument is also missed where the list itself costs nothing', () => {
  const connection = pricerOf(
    'type Query { samples(first: Int): Page @listSize(slicingArguments: ["first"], sizedFields: ["names"]) } type Page { names: [String] total: Int }',
  );
  expect(refusalOf(() => estimate(connection, '{ samples { names } }')).code).toBe('BAD_USER_INPUT');
  expect(refusalOf(() => estimate(connection, '{ samples { total } }')).code).toBe('BAD_USER_INPUT');
});

test('D2: a default of the schema tells the size and costs nothing; null does not mean the default', () => {
  const prices = pricerOf(
    `type Query { samples(first: Int = 20 @cost(weight: 2)): [Sample] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false, assumedSize: 7) } type Sample { id: ID }`,
  );
  expect(estimate(prices, '{ samples { id } }')).toBe(20);
  expect(estimate(prices, '{ samples(first: 20) { id } }')).toBe(22);
  expect(estimate(prices, '{ samples(first: null) { id } }')).toBe(7);
  expect(estimate(prices, text.replace('owner { name }', ''))).toBe(20);
  expect(estimate(prices, text.replace('owner { name }', ''), { n: null })).toBe(7);
});

const lists = pricerOf(`type Query {
  bare: [Sample]
  assumed: [Sample] @listSize(assumedSize: 30)
  either(first: Int, last: Int): [Sample] @listSize(slicingArguments: ["first", "last"])
  optional(first: Int): [Sample] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
  grid: [[Sample]] @listSize(assumedSize: 3)
  tags: [String]
} type Sample { id: ID }`);

test.each([
  ['a list of which nothing is declared has the default size', '{ bare { id } }', 10],
  ['an argument that is left out never makes it one', '{ optional { id } }', 10],
  ['the assumed size stands where no argument tells', '{ assumed { id } }', 30],
  ['of two slicing arguments the larger one counts', '{ either(first: 5, last: 8) { id } }', 8],
  ['one of them is enough', '{ either(last: 8) { id } }', 8],
  ['a negative size is none', '{ either(first: -1) { id } }', 0],
  ['a list in a list has the default size', '{ grid { id } }', 30],
  ['scalars are free', '{ tags }', 0],
])('D2 D3: %s', (_, query, price) => {
  expect(estimate(lists, query)).toBe(price);
});

test('D3: huge sizes end at 2^53−1 and negative or broken ones stay whole', () => {
  const query = 'query($n: Int) { either(first: $n) { id } }';
  expect(estimate(lists, query, { n: 1e9 })).toBe(1e9);
  expect(estimate(lists, query, { n: Number.POSITIVE_INFINITY })).toBe(Number.MAX_SAFE_INTEGER);
  expect(estimate(lists, query, { n: -1e9 })).toBe(0);
  expect(estimate(lists, query, { n: 2.5 })).toBe(3);
  const twice = 'query($n: Int) { a: either(first: $n) { id } b: either(first: $n) { id } }';
  expect(estimate(lists, twice, { n: Number.MAX_SAFE_INTEGER })).toBe(Number.MAX_SAFE_INTEGER);
});

const connection = pricerOf(`type Query {
  samples(first: Int, last: Int): Page @listSize(slicingArguments: ["first", "last"], sizedFields: ["nodes", "edges"], requireOneSlicingArgument: false, assumedSize: 50)
} type Page { nodes: [Sample] edges: [Edge] others: [Sample] } type Edge { node: Sample } type Sample { id: ID }`);

test.each([
  ['takes the size that the connection is asked for', '{ samples(first: 3) { nodes { id } } }', 4],
  ['takes it for each of its lists', '{ samples(first: 3) { nodes { id } edges { node { id } } } }', 10],
  ['takes the assumed size when none is asked for', '{ samples { nodes { id } } }', 51],
  ['takes it through fragments', '{ samples(last: 4) { ...P } } fragment P on Page { ... on Page { nodes { id } } }', 5],
  ['leaves other lists alone', '{ samples(first: 3) { others { id } } }', 11],
])('a page %s', (_, query, price) => {
  expect(estimate(connection, query)).toBe(price);
});

test('one fragment has another price in each page that it stands in', () => {
  const query =
    'query($n: Int) { a: samples(first: 3) { ...P } b: samples(first: $n) { ...P } } fragment P on Page { nodes { id } }';
  expect(estimate(connection, query, { n: 20 })).toBe(4 + 21);
});

test('D6: @skip and @include are exact, with variables and their defaults', () => {
  const query =
    'query($a: Boolean!, $b: Boolean = true) { bare @include(if: $a) { id } assumed @skip(if: $b) { id } ...F @include(if: $a) } fragment F on Query { grid @skip(if: false) { id } }';
  expect(estimate(lists, query, { a: false })).toBe(0);
  expect(estimate(lists, query, { a: true })).toBe(40);
  expect(estimate(lists, query, { a: true, b: false })).toBe(70);
  expect(estimate(lists, '{ bare @skip(if: true) { id } assumed @include(if: false) { id } }')).toBe(0);
  expect(estimate(lists, 'query($a: Boolean!) { bare @skip(if: $a) @include(if: $a) { id } }', { a: true })).toBe(0);
});

const abstract = pricerOf(`type Query { node: Node any: [Any] @listSize(assumedSize: 2) }
interface Node { id: ID related: [Node] @listSize(assumedSize: 4) }
type Cheap implements Node { id: ID related: [Node] name: String }
type Dear implements Node @cost(weight: 5) { id: ID @cost(weight: 2) related: [Node] @listSize(assumedSize: 3) scans: [Scan] @listSize(assumedSize: 20) }
type Scan { id: ID }
union Any = Cheap | Scan`);

test.each([
  ['an interface costs what its dearest type does', '{ node { id } }', 7],
  [
    'parts for several types do not add up',
    '{ node { ... on Cheap { related { __typename } } ... on Dear { scans { id } } } }',
    25,
  ],
  ['the dearer part may be that of the cheaper type', '{ node { ... on Cheap { related { id } } } }', 1 + 4 * 7],
  ['a list is as long as the interface says, unless the type says otherwise', '{ node { related { __typename } } }', 1 + 4 * 5],
  [
    'a union costs what its dearest member does',
    '{ any { ... on Cheap { related { __typename } } ... on Scan { id } } }',
    2 * (1 + 4 * 5),
  ],
  ['an interface can be a condition within a union', '{ any { ... on Node { id } } }', 2],
])('D7: %s', (_, query, price) => {
  expect(estimate(abstract, query)).toBe(price);
});

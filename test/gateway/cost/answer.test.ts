import { expect, test } from 'vitest';
import { estimate, priceOf, pricerOf, worked } from './prices.ts';

const row = { id: 'x', owner: { name: 'y' } };
const query = '{ samples(first: 10) { id owner { name } } }';

test.each([
  ['as many rows as asked for', { samples: Array.from({ length: 10 }, () => row) }, 62],
  ['fewer rows', { samples: [row, row, row] }, 20],
  ['no row', { samples: [] }, 2],
  ['rows without owner', { samples: [{ id: 'x', owner: null }, row] }, 13],
  ['rows that are lost', { samples: [null, row] }, 8],
  ['nothing for the field', { samples: null }, 0],
  ['more rows than asked for', { samples: Array.from({ length: 11 }, () => row) }, 68],
])('an answer with %s costs what is in it', (_, data, price) => {
  expect(priceOf(worked(), query).actual(data, {})).toBe(price);
});

test('an answer without data costs nothing', () => {
  expect(priceOf(worked(), query).actual(null, {})).toBe(0);
  expect(priceOf(worked(), query).actual(undefined, {})).toBe(0);
});

const abstract = pricerOf(`type Query { any: [Any] matrix: [[Cheap]] } union Any = Cheap | Dear
type Cheap { name: String parts: [Part] } type Dear @cost(weight: 9) { scans: [Part] @cost(weight: 2) } type Part { id: ID }`);
const body = '... on Cheap { name parts { id } } ... on Dear { scans { id } }';
const values = [{ name: 'x', parts: [{}, {}] }, { scans: [{}] }];

test('D7: a value of an abstract type costs what its type does where the answer tells it, else the dearest it may be', () => {
  const named = values.map((value, index) => ({ ...value, kind: ['Cheap', 'Dear'][index] }));
  expect(priceOf(abstract, `{ any { kind: __typename ${body} } }`).actual({ any: named }, {})).toBe(3 + 11);
  expect(priceOf(abstract, `{ any { ${body} } }`).actual({ any: values }, {})).toBe(9 + 11);
});

test('a name that another field of the answer only looks like is not believed', () => {
  const text = `{ any { ... on Cheap { kind: __typename } ... on Dear { kind: __typename } ${body} } }`;
  expect(priceOf(abstract, text).actual({ any: [{ kind: 'Cheap', scans: [{}] }] }, {})).toBe(11);
});

test('lists in lists cost what is in all of them', () => {
  expect(priceOf(abstract, '{ matrix { name } }').actual({ matrix: [[{}, {}], [], null, [{}, null]] }, {})).toBe(3);
});

test('D6: what is skipped is not charged, also where another selection brings the same field', () => {
  const text =
    'query($on: Boolean!) { matrix { parts { id } } again: matrix @include(if: $on) { parts { id } } matrix @include(if: $on) { name } }';
  const data = { matrix: [[{ parts: [{}] }]], again: [[{ parts: [] }]] };
  expect(priceOf(abstract, text).actual(data, { on: false })).toBe(2);
  expect(priceOf(abstract, text).actual(data, { on: true })).toBe(2 + 1 + 1);
});

test('rows counts the objects that an operation may give, whatever they weigh', () => {
  expect(priceOf(worked(), query).rows({})).toBe(20);
  expect(priceOf(abstract, '{ any { ... on Cheap { name } ... on Dear { scans { id } } } }').rows({})).toBe(10 * 11);
});

test('a breakdown names each place with its field, number of values and cost', () => {
  expect(priceOf(worked(), query).breakdown({})).toEqual([
    { path: 'samples', coordinate: 'Query.samples', instances: 10, cost: 52 },
    { path: 'samples.owner', coordinate: 'Sample.owner', instances: 10, cost: 10 },
  ]);
});

test('D7: a breakdown holds the dearest branch alone', () => {
  expect(priceOf(abstract, `{ found: any { ${body} } }`).breakdown({})).toEqual([
    { path: 'found', coordinate: 'Query.any', instances: 10, cost: 90 },
    { path: 'found.scans', coordinate: 'Dear.scans', instances: 100, cost: 200 },
  ]);
});

test('a breakdown of a mutation holds its base', () => {
  const prices = pricerOf('type Query { x: Int } type Mutation { rename: Sample } type Sample { id: ID }');
  expect(priceOf(prices, 'mutation { a: rename { id } }').breakdown({})).toEqual([
    { path: '', coordinate: 'Mutation', instances: 1, cost: 10 },
    { path: 'a', coordinate: 'Mutation.rename', instances: 1, cost: 1 },
  ]);
});

const tree = pricerOf(`type Query { node: Node }
interface Node { next(first: Int): [Node] @listSize(slicingArguments: ["first"], sizedFields: ["next"], requireOneSlicingArgument: false) }
${['A', 'B', 'C', 'D', 'E'].map((name) => `type ${name} implements Node @cost(weight: 2) { next(first: Int): [Node] }`).join('\n')}`);

/** Fragments that each use the next one twice, so that the text doubles with every level. */
const doubled = (levels: number, use: string): string => {
  const fragments = Array.from({ length: levels }, (_, level) => {
    const inner = level === levels - 1 ? '__typename' : `...F${level + 1}`;
    return `fragment F${level} on Node { ${use.replaceAll('INNER', inner)} }`;
  });
  return `query($n: Int) { node { ...F0 } } ${fragments.join(' ')}`;
};

test.each([
  ['spread twice', 'INNER INNER next(first: 2) { __typename }'],
  ['below two aliases', 'a: next(first: 2) { INNER } b: next(first: 2) { INNER }'],
  ['below two aliases as long as a variable says', 'a: next(first: $n) { INNER } b: next(first: $n) { INNER }'],
  ['below two aliases that take the size of their parent', 'a: next { INNER } b: next { INNER }'],
])('SE-07: twenty-five levels of fragments, each %s, are priced in no time', (_, use) => {
  const levels = 25;
  const started = performance.now();
  const price = priceOf(tree, doubled(levels, use));
  const cost = price.estimate({ n: 2 });
  const parts = price.breakdown({ n: 2 });
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(cost).toBeGreaterThanOrEqual(2 ** levels);
  expect(parts.reduce((all, part) => Math.min(all + part.cost, Number.MAX_SAFE_INTEGER), 0)).toBe(cost);
});

test('SE-07: a price that outgrows all numbers ends at 2^53−1', () => {
  const text = doubled(60, 'a: next(first: 2) { INNER } b: next(first: 2) { INNER }');
  expect(estimate(tree, text)).toBe(Number.MAX_SAFE_INTEGER);
  expect(estimate(tree, text.replaceAll('first: 2', 'first: $n'), { n: 3 })).toBe(Number.MAX_SAFE_INTEGER);
});

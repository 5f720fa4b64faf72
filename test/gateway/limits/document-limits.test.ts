import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';

let books: ForeignSubgraph;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  books = await startForeign(bookshop.books);
  gateway = await testGateway({ sdl: composeForeign([books]) });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await books[Symbol.asyncDispose]();
});

const many = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, at) => part(at)).join(' ');
const chain = (levels: number): string =>
  many(levels, (level) => `fragment F${level} on Book { author { id } ...F${level + 1} ...F${level + 1} }`);

const tooMuch: readonly (readonly [what: string, query: string, sentence: RegExp])[] = [
  ['31 aliases', `{ books { ${many(31, (at) => `a${at}: title`)} } }`, /31 aliases .* at most 30/],
  ['31 aliases of __typename', `{ books { ${many(31, (at) => `a${at}: __typename`)} } }`, /31 aliases .* at most 30/],
  [
    '32 aliases by a fragment used twice',
    `{ one: books { ...F } books { ...F } } fragment F on Book { ${many(16, (at) => `a${at}: title`)} }`,
    /33 aliases/,
  ],
  ['21 root fields', `{ ${many(21, () => '__typename')} }`, /21 root fields .* at most 20/],
  ['21 root fields in a fragment', `{ ...F } fragment F on Query { ${many(21, () => '__typename')} }`, /21 root fields/],
  [
    '5 directives on a field',
    `{ books { title ${many(5, () => '@include(if: true)')} } }`,
    /5 directives at one place .* at most 4/,
  ],
  ['51 directives', `{ books { ${many(51, () => 'title @include(if: true)')} } }`, /51 directives/],
  [
    '65 levels',
    `{ books { ...F0 } } ${many(63, (at) => `fragment F${at} on Book { author { ...F${at + 1} } }`)} fragment F63 on Book { id }`,
    /65 levels of fields .* at most 64/,
  ],
  ['8,192 fields twice', `{ books { ...F0 } } ${chain(12)} fragment F12 on Book { id }`, /\d{5} fields .* at most 10000/],
  ['101 times the same field', `{ books { ${many(101, () => 'author { id }')} } }`, /pairs of fields .* at most 5000/],
  [
    'a fragment that nobody uses',
    `{ __typename } fragment F on Book { ${many(400, () => 'author { id }')} }`,
    /Fragment "F" is never used/,
  ],
  ['a name of 129 characters', `query ${'a'.repeat(129)} { __typename }`, /name of an operation is longer than 128 characters/],
  ['__typename as a name for another field', '{ books { __typename: title } }', /alias __typename cannot name another field/],
];

describe('an operation is refused before it is validated and planned', () => {
  test.each(tooMuch)('for %s', async (_, query, sentence) => {
    const before = books.seen.length;
    const { status, body } = await gateway.query(query, {}, { accept: 'application/graphql-response+json' });
    expect([status, body.errors?.length, body.errors?.[0]?.extensions['code']]).toEqual([400, 1, 'GRAPHQL_VALIDATION_FAILED']);
    expect(body.errors?.[0]?.message).toMatch(sentence);
    expect(books.seen.length).toBe(before);
  });

  const enough: readonly (readonly [string, string])[] = [
    ['30 aliases', `{ books(first: 1) { ${many(30, (at) => `a${at}: title`)} } }`],
    ['20 root fields', `{ ${many(20, () => '__typename')} }`],
    [
      '4 directives on a field',
      `{ books(first: 1) { title ${many(4, (at) => (at % 2 ? '@include(if: true)' : '@skip(if: false)')).replace(/(@.*?\)) (@.*?\)).*/, '$1 $2')} } }`,
    ],
    ['100 times the same field', `{ books(first: 1) { ${many(100, () => 'title')} } }`],
    ['a name of 128 characters', `query ${'a'.repeat(128)} { __typename }`],
    ['__typename as a name for itself', '{ books(first: 1) { __typename: __typename } }'],
    ['another name for __typename', '{ books(first: 1) { kind: __typename } }'],
  ];
  test.each(enough)('and runs with %s', async (_, query) => {
    const { status, body } = await gateway.query(query);
    expect([status, body.errors]).toEqual([200, undefined]);
  });

  test('also when it stands beside a small one that is asked for', async () => {
    const query = `query Small { books { id } } query Large { books { ${many(31, (at) => `a${at}: title`)} } }`;
    const { body } = await gateway.send({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName: 'Small' }),
    });
    expect(body.errors?.[0]?.message).toMatch(/31 aliases/);
  });
});

test('every limit can be set', async () => {
  const env = {
    MAX_ALIASES: '1',
    MAX_ROOT_FIELDS: '1',
    MAX_DEPTH: '2',
    MAX_SELECTIONS: '3',
    MAX_DIRECTIVES: '1',
    MAX_OPERATION_NAME: '3',
  };
  await using strict = await testGateway({ sdl: composeForeign([books]), env });
  const message = async (query: string) => (await strict.query(query)).body.errors?.[0]?.message;
  expect(await message('{ books { title } }')).toBeUndefined();
  expect(await message('{ a: books { b: title } }')).toBe(
    'There are 2 aliases once fragments are spread; at most 1 are allowed.',
  );
  expect(await message('{ books { id } __typename }')).toMatch(/2 root fields/);
  expect(await message('{ books { author { id } } }')).toMatch(/3 levels/);
  expect(await message('{ books { id title __typename } }')).toMatch(/4 fields/);
  expect(await message('query($v: Boolean!) { books @skip(if: $v) { id @skip(if: $v) } }')).toMatch(/2 directives/);
  expect(await message('query Long { books { id } }')).toMatch(/longer than 3 characters/);
});

describe('errors of a text', () => {
  test('A25 are at most five, the last of which says that there may be more', async () => {
    const { body, text } = await gateway.query(`{ books { ${many(1_000, (at) => `nothing${at}`)} } }`);
    expect(body.errors?.map(({ message }) => message)).toEqual([
      ...[0, 1, 2, 3].map((at) => `Cannot query field "nothing${at}" on type "Book".`),
      'Too many validation errors, error limit reached. Validation aborted.',
    ]);
    expect(text.length).toBeLessThan(2_000);
  });

  test('are short, however long what they repeat', async () => {
    const long = 'x'.repeat(50_000);
    for (const query of [
      `{ books { ${many(4, (at) => long + at)} } }`,
      `{ books(first: "${long}") { id } }`,
      `query($${long}: Int!) { books(first: $${long}) { id } }`,
      `{ books ${long}: }`,
      `query ${long}`,
    ]) {
      const { text, body } = await gateway.query(query);
      expect(body.errors?.length).toBeGreaterThan(0);
      expect(text.length).toBeLessThan(2_000);
    }
  });

  test('A33 a list of 50,000 wrong items in a variable is told by its first places, not by its values', async () => {
    const list = Array.from({ length: 50_000 }, () => 'a-secret-value');
    const { body, text } = await gateway.query('query($list: [Int!]) { echo(text: "a", list: $list) }', { list });
    expect(body.errors?.map(({ message, extensions }) => [message, extensions['code']])).toEqual([
      [[0, 1, 2, 3, 4].map((at) => `"$list[${at}]" must be of type "Int".`).join(' '), 'BAD_USER_INPUT'],
    ]);
    expect(text).not.toContain('secret');
  });

  test('of data are left as they are', async () => {
    books.fault = { status: 500 };
    const { body } = await gateway.query(`{ ${many(10, (at) => `b${at}: book(id: "${at}") { id }`)} }`);
    books.fault = undefined;
    expect(body.errors?.length).toBe(10);
  });
});

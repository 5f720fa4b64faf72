import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { connectRaw } from '#test/harness/socket.ts';

let books: ForeignSubgraph;
let authors: ForeignSubgraph;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  [books, authors] = await Promise.all([startForeign(bookshop.books), startForeign(bookshop.authors)]);
  gateway = await testGateway({ sdl: composeForeign([books, authors]) });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await Promise.all([books, authors].map((subgraph) => subgraph[Symbol.asyncDispose]()));
});

const json = { 'content-type': 'application/json' };
const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
  gateway.send({ method: 'POST', body, headers: { ...json, ...headers } });
const ask = (query: string, variables?: unknown) => post(JSON.stringify({ query, variables }));
const get = (search: Record<string, string>) =>
  gateway.send({ path: `/graphql?${new URLSearchParams(search)}`, headers: { 'apollo-require-preflight': '1' } });
const many = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, at) => part(at)).join(' ');
const simple = '{"query":"{ __typename }"}';

const refusals: readonly (readonly [string, () => ReturnType<typeof post>, number, string])[] = [
  ['A3 a compressed body', () => post(gzipSync(simple), { 'content-encoding': 'gzip' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['A9 charset=foo', () => post(simple, { 'content-type': 'application/json; charset=foo' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['A14 accept text/html only', () => post(simple, { accept: 'text/html' }), 406, 'NOT_ACCEPTABLE'],
  ['A19 a list of 10,000 operations', () => post(`[${many(10_000, () => `${simple},`)}${simple}]`), 400, 'BAD_REQUEST'],
  [
    'A22 an operation name of 100 KB in the body',
    () => post(JSON.stringify({ query: 'query A { __typename }', operationName: 'A'.repeat(100_000) })),
    400,
    'BAD_REQUEST',
  ],
  [
    'A22 an operation name of 10 KB in the URL',
    () => get({ query: 'query A { __typename }', operationName: 'A'.repeat(10_000) }),
    400,
    'BAD_REQUEST',
  ],
  [
    'A22 an operation name of 100 KB in the text',
    () => ask(`query ${'A'.repeat(100_000)} { __typename }`),
    200,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    'A22 an operation name with a line break',
    () => post(JSON.stringify({ query: 'query A { __typename }', operationName: 'A\r\nset-cookie: "x"' })),
    400,
    'OPERATION_RESOLUTION_FAILURE',
  ],
  ['A23 10,000 aliases', () => ask(`{ ${many(10_000, (at) => `a${at}: __typename`)} }`), 200, 'GRAPHQL_PARSE_FAILED'],
  [
    'A23 as many aliases as 2,000 tokens hold',
    () => ask(`{ ${many(660, (at) => `a${at}: __typename`)} }`),
    200,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  ['A25 1,000 unknown fields', () => ask(`{ ${many(1_000, (at) => `u${at}`)} }`), 200, 'GRAPHQL_VALIDATION_FAILED'],
  ['A26 10,000 times the same field', () => ask(`{ ${many(10_000, () => '__typename')} }`), 200, 'GRAPHQL_PARSE_FAILED'],
  ['A26 3,000 times the same fields', () => ask(`{ ${many(3_000, () => 'books{id title}')} }`), 200, 'GRAPHQL_PARSE_FAILED'],
  [
    'A26 as many as 2,000 tokens hold, deeper down',
    () => ask(`{ books { ${many(480, () => 'author{id}')} } }`),
    200,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    'A27 a fragment that uses itself',
    () => ask('{ books { ...A } } fragment A on Book { id ...A }'),
    200,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    'A27 fragments that use each other in a hundred ways',
    () =>
      ask(
        `{ books { ...F0 } } ${many(20, (at) => `fragment F${at} on Book { author { id } ${many(20, (to) => `...F${to}`)} }`)}`,
      ),
    200,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  ['A30 500 levels', () => ask(`{ books ${'{ author '.repeat(500)}{ id } ${'}'.repeat(500)} }`), 400, 'BAD_REQUEST'],
  ['A31 10,000 levels', () => ask('{ a '.repeat(10_000)), 400, 'BAD_REQUEST'],
  ['A31 20,000 brackets in an argument', () => ask(`{ echo(text: ${'['.repeat(20_000)}) }`), 400, 'BAD_REQUEST'],
  ['A31 5,000 brackets in the URL', () => get({ query: '{ __typename }', extensions: '['.repeat(5_000) }), 400, 'BAD_REQUEST'],
  ['A34 1.2 MB of tokens of one letter', () => ask(`{ ${'a '.repeat(600_000)}}`), 413, 'PAYLOAD_TOO_LARGE'],
  ['A34 200 KB of tokens of one letter', () => ask(`{ ${'a '.repeat(100_000)}}`), 200, 'GRAPHQL_PARSE_FAILED'],
  ['A35 a comment of 1 MB', () => ask(`#${'x'.repeat(1_000_000)}\n{ __typename }`), 413, 'PAYLOAD_TOO_LARGE'],
  ['A42 @stream', () => ask('{ books @stream { id } }'), 200, 'GRAPHQL_VALIDATION_FAILED'],
  [
    'A37 an input field __proto__ that nobody knows',
    () => post('{"query":"query($t: Tree) { echo(text: \\"a\\", tree: $t) }","variables":{"t":{"__proto__":{"polluted":1}}}}'),
    200,
    'BAD_USER_INPUT',
  ],
];

describe('RC-08 what is wrong or too much is told in one short answer', () => {
  test.each(refusals)('%s', async (_, send, status, code) => {
    const before = books.seen.length;
    const answer = await send();
    expect([answer.status, answer.body.errors?.[0]?.extensions['code']]).toEqual([status, code]);
    expect(answer.body.errors?.length).toBeLessThanOrEqual(5);
    expect(answer.text.length).toBeLessThan(2_000);
    expect(books.seen.length).toBe(before);
  });
});

test('SE-02 A1 a body of 49 MB is refused by its length before it is read, and the connection ends', async () => {
  using client = await connectRaw(gateway.url);
  client.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${49 * 2 ** 20}\r\n\r\n{"x":"`,
  );
  expect(await client.ended).toMatch(/^HTTP\/1\.1 413 .*connection: close.*"code":"PAYLOAD_TOO_LARGE"/s);
});

test('SE-02 A2 a body of 60 MB without a length is refused where it becomes too long', async () => {
  using client = await connectRaw(gateway.url);
  client.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = 'y'.repeat(2 ** 16);
  for (let sent = 0; sent < 20; sent++) client.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  expect(await client.ended).toMatch(/^HTTP\/1\.1 413 .*"code":"PAYLOAD_TOO_LARGE"/s);
});

test('A37 names of prototypes in a body change nothing', async () => {
  const body =
    '{"query":"{ __typename }","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"variables":{"__proto__":{"polluted":1}},"extensions":{"__proto__":{"polluted":1}}}';
  expect((await post(body)).body).toEqual({ data: { __typename: 'Query' } });
  expect((await get({ query: '{ __typename }', extensions: '{"__proto__":{"polluted":1}}' })).body.data).toBeDefined();
  expect('polluted' in {}).toBe(false);
});

test('A38 names of prototypes are ordinary names of fields, in entities too', async () => {
  const { text } = await ask(
    '{ constructor: books(first: 1) { toString: title hasOwnProperty: id author { constructor: name valueOf: born } } __proto__: books(first: 1) { __proto__: title author { __proto__: name } } }',
  );
  expect(text.trim()).toBe(
    '{"data":{"constructor":[{"toString":"Book 1","hasOwnProperty":"1","author":{"constructor":"Author a1","valueOf":1900}}],"__proto__":[{"__proto__":"Book 1","author":{"__proto__":"Author a1"}}]}}',
  );
  expect('polluted' in {}).toBe(false);
});

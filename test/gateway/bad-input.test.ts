import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BookshopUnderTest } from '#test/harness/bookshop.ts';
import { startBookshop } from '#test/harness/bookshop.ts';

let shop: BookshopUnderTest;

beforeAll(async () => {
  shop = await startBookshop();
});

afterAll(() => shop[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json' };
const post = (body: string, headers: Record<string, string> = json) => shop.gateway.send({ method: 'POST', body, headers });
const ask = (query: string, variables?: unknown) => post(JSON.stringify({ query, variables }));
const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);

const refusals: readonly (readonly [string, () => ReturnType<typeof post>, number, string])[] = [
  ['an empty body', () => post(''), 400, 'BAD_REQUEST'],
  ['null', () => post('null'), 400, 'BAD_REQUEST'],
  ['a number', () => post('5'), 400, 'BAD_REQUEST'],
  ['a string', () => post('"x"'), 400, 'BAD_REQUEST'],
  ['a cut body', () => post('{"query":'), 400, 'BAD_REQUEST'],
  ['a list of operations', () => post('[{"query":"{ __typename }"},{"query":"{ __typename }"}]'), 400, 'BAD_REQUEST'],
  ['a body without a query', () => post('{}'), 400, 'BAD_REQUEST'],
  ['a query that is a number', () => post('{"query":5}'), 400, 'BAD_REQUEST'],
  ['variables that are a list', () => post('{"query":"{ __typename }","variables":[1]}'), 400, 'BAD_REQUEST'],
  [
    'an operation name of 200 characters',
    () => post(JSON.stringify({ query: '{ __typename }', operationName: 'a'.repeat(200) })),
    400,
    'BAD_REQUEST',
  ],
  [
    'form data',
    () => post('query=%7B__typename%7D', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['text/plain', () => post('{"query":"{ __typename }"}', { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
  [
    'UTF-16',
    () => post('{"query":"{ __typename }"}', { 'content-type': 'application/json; charset=utf-16' }),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  [
    'an unknown content encoding',
    () => post('{"query":"{ __typename }"}', { ...json, 'content-encoding': 'foo' }),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['a body of 2 MB', () => post(`{"query":"{ __typename }","x":"${'y'.repeat(2_000_000)}"}`), 413, 'PAYLOAD_TOO_LARGE'],
  ['a query text of 300,000 characters', () => ask(`#${'x'.repeat(300_000)}\n{ __typename }`), 413, 'PAYLOAD_TOO_LARGE'],
  ['10,000 open brackets in the query', () => ask(`{ echo(text: "a", list: ${'['.repeat(10_000)} }`), 400, 'BAD_REQUEST'],
  ['a query 500 levels deep', () => ask(`{ a${nested('{ a', '}', 500)} }`), 400, 'BAD_REQUEST'],
  [
    'a variable nested 800 levels deep',
    () =>
      post(
        `{"query":"query($t: Tree) { echo(text: \\"a\\", tree: $t) }","variables":{"t":${nested('{"child":', '}', 800).replace(':}', ':null}')}}`,
      ),
    400,
    'BAD_REQUEST',
  ],
  ['a cut query', () => ask('{ books { id '), 200, 'GRAPHQL_PARSE_FAILED'],
  ['a lone surrogate', () => post('{"query":"{ echo(text: \\"\\uD800\\") }"}'), 200, 'GRAPHQL_PARSE_FAILED'],
  ['3,000 tokens', () => ask(`{ ${'__typename '.repeat(3_000)} }`), 200, 'GRAPHQL_PARSE_FAILED'],
  ['an unknown field', () => ask('{ nothing }'), 200, 'GRAPHQL_VALIDATION_FAILED'],
  [
    'a cycle of fragments',
    () => ask('{ books { ...A } } fragment A on Book { ...B } fragment B on Book { ...A }'),
    200,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  ['@defer', () => ask('{ books { ... @defer { id } } }'), 200, 'GRAPHQL_VALIDATION_FAILED'],
  ['_entities', () => ask('{ _entities(representations: []) { __typename } }'), 200, 'GRAPHQL_VALIDATION_FAILED'],
  ['a variable of the wrong type', () => ask('query($n: Int) { books(first: $n) { id } }', { n: 'many' }), 200, 'BAD_USER_INPUT'],
  ['a missing variable', () => ask('query($id: ID!) { book(id: $id) { id } }'), 200, 'BAD_USER_INPUT'],
  [
    'an unknown operation',
    () => post(JSON.stringify({ query: 'query A { __typename }', operationName: 'B' })),
    400,
    'OPERATION_RESOLUTION_FAILURE',
  ],
  [
    'two operations without a name',
    () => ask('query A { __typename } query B { __typename }'),
    400,
    'OPERATION_RESOLUTION_FAILURE',
  ],
  ['PUT', () => shop.gateway.send({ method: 'PUT', body: '{}', headers: json }), 405, 'METHOD_NOT_ALLOWED'],
  ['GET without the preflight header', () => shop.gateway.send({ path: '/graphql?query=%7B__typename%7D' }), 400, 'BAD_REQUEST'],
  ['an unknown path', () => shop.gateway.send({ path: '/nothing/here' }), 404, 'NOT_FOUND'],
  ['GET as a browser outside development', () => shop.gateway.send({ headers: { accept: 'text/html' } }), 404, 'NOT_FOUND'],
];

describe('bad input gets one JSON error with a code and a request id', () => {
  test.each(refusals)('%s', async (_, send, status, code) => {
    const answer = await send();
    expect([answer.status, answer.body.errors?.[0]?.extensions['code']]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
    for (const error of answer.body.errors ?? []) expect(error.extensions['requestId']).toBe(answer.headers.get('x-request-id'));
    expect(answer.text).not.toMatch(/stack|node_modules|\.ts:|<html/i);
    expect(answer.text.length).toBeLessThan(8_000);
  });
});

test('a client that accepts graphql-response+json gets 400 for what a plain JSON client gets with 200', async () => {
  const headers = { ...json, accept: 'application/graphql-response+json' };
  const answer = await shop.gateway.send({ method: 'POST', body: JSON.stringify({ query: '{ nothing }' }), headers });
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toMatch(/^application\/graphql-response\+json/);
});

test('names of Object.prototype are ordinary aliases, and prototype keys of a body change nothing', async () => {
  const body =
    '{"query":"{ constructor: echo(text: \\"a\\") toString: echo(text: \\"b\\") __proto__: echo(text: \\"c\\") }","__proto__":{"polluted":1},"variables":{"__proto__":{"polluted":1}}}';
  const answer = await post(body);
  expect(answer.text).toContain('"constructor":"a","toString":"b"');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('a small text that spreads to a huge operation is refused before planning', async () => {
  const doubling = Array.from(
    { length: 20 },
    (_, index) => `fragment F${index} on Book { ...F${index + 1} ...F${index + 1} }`,
  ).join(' ');
  const answer = await ask(`{ books { ...F0 } } ${doubling} fragment F20 on Book { id title }`);
  expect(answer.body.errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
  expect(shop.books.seen.length).toBeLessThan(5);
});

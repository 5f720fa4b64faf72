import { expect, test } from 'vitest';
import { startBookshop } from '#test/harness/bookshop.ts';
import type { Fault } from '#test/harness/foreign.ts';

const listBooks = '{ books { id title author { id name } } }';

test('a foreign supergraph joins its subgraphs over HTTP', async () => {
  await using shop = await startBookshop();
  const { body } = await shop.gateway.query(listBooks);
  expect(body).toEqual({
    data: {
      books: [
        { id: '1', title: 'Book 1', author: { id: 'a1', name: 'Author a1' } },
        { id: '2', title: 'Book 2', author: { id: 'a2', name: 'Author a2' } },
      ],
    },
  });
});

test('subgraphs get the headers of the allow-list and no other header of the client', async () => {
  await using shop = await startBookshop();
  await shop.gateway.query(
    listBooks,
    {},
    { authorization: 'Bearer token', 'x-org-id': 'forged', cookie: 'a=b', 'x-request-id': 'request-0001' },
  );
  expect(shop.authors.seen).toHaveLength(1);
  expect(shop.authors.seen[0]).toMatchObject({ authorization: 'Bearer token', 'x-request-id': 'request-0001' });
  expect(shop.authors.seen[0]).not.toHaveProperty('x-org-id');
  expect(shop.authors.seen[0]).not.toHaveProperty('cookie');
});

const faults: readonly (readonly [string, Fault, string])[] = [
  [
    'a 502 page with an internal host',
    { status: 502, type: 'text/html', body: '<h1>db-7.internal</h1>' },
    'UPSTREAM_UNAVAILABLE',
  ],
  ['a 500 with a password', { status: 500, body: '{"password":"hunter2"}' }, 'UPSTREAM_UNAVAILABLE'],
  ['a redirect elsewhere', { status: 307, headers: { location: 'http://127.0.0.1:1/secret' } }, 'UPSTREAM_INVALID_RESPONSE'],
  ['malformed JSON', { body: '{"data":' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['an empty 200', { body: '' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['null', { body: 'null' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['a list', { body: '[]' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['data without the asked field', { body: '{"data":{}}' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['JSON that is declared as text', { type: 'text/plain', body: '{"data":{"_entities":[]}}' }, 'UPSTREAM_INVALID_RESPONSE'],
  [
    'errors with internals',
    { body: '{"errors":[{"message":"at db-7.internal","extensions":{"stacktrace":["x"],"code":"WEIRD"}}]}' },
    'UPSTREAM_REJECTED',
  ],
  ['no answer at all', { hang: true }, 'UPSTREAM_TIMEOUT'],
];

test.each(faults)('%s costs only the fields of that subgraph, with a code and without a word of it', async (_, fault, code) => {
  await using shop = await startBookshop({ SUBGRAPH_TIMEOUT_MS: '300' });
  shop.authors.fault = fault;
  const { status, body, text } = await shop.gateway.query(listBooks);
  expect(status).toBe(200);
  expect(body.data?.['books']).toHaveLength(2);
  expect(body.errors?.length).toBeGreaterThan(0);
  for (const error of body.errors ?? []) {
    expect(error.extensions).toMatchObject({ code, service: 'authors' });
    if (code !== 'UPSTREAM_REJECTED') expect(error.path?.slice(0, 1)).toEqual(['books']);
  }
  expect(text).not.toMatch(/internal|hunter2|127\.0\.0\.1|stacktrace|WEIRD|secret/);
});

test('a killed subgraph costs one error for each lost field, with its path', async () => {
  await using shop = await startBookshop();
  await shop.authors[Symbol.asyncDispose]();
  const { body } = await shop.gateway.query(listBooks);
  expect(body.data?.['books']).toEqual([
    { id: '1', title: 'Book 1', author: null },
    { id: '2', title: 'Book 2', author: null },
  ]);
  expect(body.errors?.map(({ path, extensions }) => [path?.join('.'), extensions['code'], extensions['service']])).toEqual([
    ['books.0.author.name', 'UPSTREAM_UNAVAILABLE', 'authors'],
    ['books.1.author.name', 'UPSTREAM_UNAVAILABLE', 'authors'],
  ]);
});

test('a mutation reaches its subgraph once and its result is joined', async () => {
  await using shop = await startBookshop();
  const { body } = await shop.gateway.query('mutation { rename(id: "7", title: "New") { title author { name } } }');
  expect(body).toEqual({ data: { rename: { title: 'New', author: { name: 'Author a7' } } } });
  expect(shop.books.seen).toHaveLength(1);
});

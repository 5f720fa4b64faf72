import { expect, test } from 'vitest';
import { startConsul } from '#test/harness/consul.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';

test('a route consul://name follows the instances of that name', async () => {
  await using left = await startForeign(bookshop.books);
  await using right = await startForeign(bookshop.books);
  await using consul = await startConsul();
  consul.change([left.url, right.url]);
  const env = {
    BOOKS_SUBGRAPH_URL: 'consul://book-shop',
    CONSUL_URL: consul.server.url,
    CONSUL_TOKEN: 'secret',
    CONSUL_DATACENTER: 'chaos-world',
  };
  await using gateway = await testGateway({ sdl: composeForeign([left]), env });
  const ask = async () => (await gateway.query('{ book(id: 1) { title } }')).body;
  for (let calls = 0; calls < 6; calls++) expect(await ask()).toEqual({ data: { book: { title: 'Book 1' } } });
  expect([left.seen.length, right.seen.length]).toEqual([3, 3]);
  expect(consul.server.seen[0]).toBe('GET /v1/health/service/book-shop?passing=true&index=0&wait=30s&dc=chaos-world');
  expect(consul.tokens[0]).toBe('secret');
  expect(left.seen[0]).not.toHaveProperty('x-consul-token');

  consul.change([right.url]);
  await expect.poll(() => consul.server.seen.length).toBe(3);
  await expect
    .poll(async () => {
      const before = left.seen.length;
      await ask();
      return left.seen.length - before;
    })
    .toBe(0);
  await left[Symbol.asyncDispose]();
  for (let calls = 0; calls < 4; calls++) expect(await ask()).toEqual({ data: { book: { title: 'Book 1' } } });
});

test('without an instance the fields of the subgraph are lost and the agent is not told of', async () => {
  await using books = await startForeign(bookshop.books);
  await using consul = await startConsul();
  const env = { BOOKS_SUBGRAPH_URL: 'consul://book-shop/graphql', CONSUL_URL: consul.server.url };
  await using gateway = await testGateway({ sdl: composeForeign([books]), env });
  const { body, text } = await gateway.query('{ book(id: 1) { title } }');
  expect(body.errors).toMatchObject([{ path: ['book'], extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'books' } }]);
  expect(text).not.toMatch(/consul|127\.0\.0\.1/);
});

test.each(['ftp://books', 'consul:///graphql', 'books'])('a route %s stops the start', async (route) => {
  const books = await startForeign(bookshop.books);
  const sdl = composeForeign([books]).replaceAll(books.url, route);
  await books[Symbol.asyncDispose]();
  await expect(testGateway({ sdl })).rejects.toThrow('The route of books');
});

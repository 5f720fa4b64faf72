import supertest from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BookshopUnderTest } from '#test/harness/bookshop.ts';
import { startBookshop } from '#test/harness/bookshop.ts';

let shop: BookshopUnderTest;

beforeAll(async () => {
  shop = await startBookshop();
});

afterAll(() => shop[Symbol.asyncDispose]());

const http = () => supertest(shop.gateway.url);
const query = { query: '{ books(first: 1) { title } }' };
const answer = { data: { books: [{ title: 'Book 1' }] } };

test('RC-09 the API answers at its path and below the prefix, and nowhere else', async () => {
  await http().post('/graphql').send(query).expect(200, answer);
  await http().post('/api/v1/public/graphql').send(query).expect(200, answer);
  for (const path of ['/api/v2/public/graphql', '/api/v1/graphql', '/public/graphql'])
    await http().post(path).send(query).expect(404);
});

test('a query comes through GET with the preflight header, a mutation does not', async () => {
  await http().get('/graphql').query(query).set('apollo-require-preflight', '1').expect(200, answer);
  const mutation = { query: 'mutation { rename(id: "1", title: "x") { id } }' };
  const refused = await http().get('/graphql').query(mutation).set('apollo-require-preflight', '1').expect(405);
  expect(refused.body.errors[0].extensions).toMatchObject({ code: 'METHOD_NOT_ALLOWED', requestId: expect.any(String) });
});

test('alive and ready answer without a query', async () => {
  await http().get('/live').expect(200, { status: 'alive' });
  await http().get('/ready').expect(200, { status: 'ready' });
});

test('a request id is taken over when it is harmless, else made', async () => {
  const taken = await http().post('/graphql').set('x-request-id', 'trace-0001').send(query);
  expect(taken.headers['x-request-id']).toBe('trace-0001');
  const made = await http().post('/graphql').set('x-request-id', '<script>').send(query);
  expect(made.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test.each(['put', 'patch', 'delete', 'head', 'options'] as const)('%s is refused and told what is allowed', async (method) => {
  const refused = await http()[method]('/graphql');
  expect([refused.status, refused.headers['allow']]).toEqual([405, 'POST, GET']);
});

test('a media type that nobody offers is refused', async () => {
  const refused = await http().post('/graphql').set('accept', 'foo/bar').send(query);
  expect([refused.status, refused.body.errors[0].extensions.code]).toEqual([406, 'NOT_ACCEPTABLE']);
});

import { ApolloServer } from '@apollo/server';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { ownLimits } from '#test/harness/own-limits.ts';
import { randomOperation } from '#test/harness/random-operation.ts';

const asked = vi.spyOn(ApolloServer.prototype, 'executeHTTPGraphQLRequest');
const opening = new AsyncDisposableStack();
const clock = handClock();
let books: ForeignSubgraph;
let authors: ForeignSubgraph;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  books = opening.use(await startForeign(bookshop.books));
  authors = opening.use(await startForeign(bookshop.authors));
  const limits = opening.use(await ownLimits({ clock }));
  const env = { GRAPHQL_INTROSPECTION: 'true' };
  gateway = opening.use(await testGateway({ sdl: composeForeign([books, authors]), env, limits }));
});

afterAll(() => opening.disposeAsync());

beforeEach(() => {
  books.fault = undefined;
  authors.fault = undefined;
});

type Headers = Readonly<Record<string, string>>;

/** Of one answer all that a client can see, but for what differs from each request to the next. */
async function ask(body: object, headers: Headers = {}) {
  // Every budget is full again.
  clock.advance(3_600_000);
  const answer = await gateway.send({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const own = new Set(['date', 'x-request-id', 'x-ratelimit-reset', 'content-length']);
  return {
    status: answer.status,
    headers: [...answer.headers].filter(([name]) => !own.has(name)),
    text: answer.text.replaceAll(/"requestId":"[^"]+"/g, '"requestId":""'),
  };
}

type Body = { readonly query: string; readonly [name: string]: unknown };

let fresh = 0;

/** A text with a remark that no other has is read anew. */
const unread = ({ query, ...body }: Body): Body => ({ ...body, query: `${query} # ${fresh++}` });

/** Asks the same twice as what is new, then as what is known. */
async function bothWays(body: Body, headers?: Headers) {
  const anew = await ask(unread(body), headers);
  await ask(body, headers);
  asked.mockClear();
  const known = await ask(body, headers);
  return { anew, known, askedServer: asked.mock.calls.length };
}

const plain: readonly Body[] = [
  { query: '{ books(first: 2) { title author { name born } } }' },
  { query: 'query Q { book(id: "1") { id } }', operationName: 'Q' },
  { query: 'query Q { book(id: "1") { id } }', operationName: null, variables: null, extensions: null },
  { query: 'query A { book(id: "1") { id } } query B { book(id: "2") { title } }', operationName: 'B', extensions: {} },
  { query: 'query ($id: ID!, $yes: Boolean = true) { book(id: $id) @include(if: $yes) { title } }', variables: { id: '7' } },
  { query: 'query ($id: ID!) { book(id: $id) { title } }', variables: { id: 'é"\n ', unknown: 1 } },
  { query: 'mutation { rename(id: "1", title: "x") { id title } }' },
  { query: '{ __typename a: book(id: "1") { __typename } __schema { queryType { name } } }' },
  { query: '{ echo(text: "x") }', unheardOf: true },
];

const faulty: readonly Body[] = [
  { query: '{ ) }' },
  { query: '{ nothing }' },
  { query: 'fragment F on Book { id }' },
  { query: 'query A { __typename } query B { __typename }' },
  { query: 'query A { __typename }', operationName: '' },
  { query: 'query A { __typename }', operationName: 'B' },
  { query: 'query ($id: ID!) { book(id: $id) { title } }' },
  { query: 'query ($id: ID!) { book(id: $id) { title } }', variables: { id: { secret: 1 } } },
  { query: `{ books(first: 10) { ${Array.from({ length: 2_000 }, (_, at) => `a${at}: author { id }`).join(' ')} } }` },
  { query: '{ echo(text: "x") }', extensions: { persistedQuery: { version: 1, sha256Hash: 'unknown' } } },
];

const accepts = [
  undefined,
  '',
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'application/graphql-response+json, application/json;q=0.9',
  'application/json;q=0.1, application/graphql-response+json;q=0.2',
  'text/html, application/*;q=0.5',
  'multipart/mixed; deferSpec=20220824, application/json',
];

const accepting = (accept: string | undefined): Headers => (accept === undefined ? {} : { accept });

/** The library's executor has to be asked by the server, each time. */
const ofKnown = process.env['EXECUTOR'] === 'stock' ? 1 : 0;

test('what is known is answered byte by byte as what is new, and the server is not asked for it', async () => {
  for (const body of plain)
    for (const accept of accepts) {
      const { anew, known, askedServer } = await bothWays(body, accepting(accept));
      expect({ body, accept, answer: known }).toEqual({ body, accept, answer: anew });
      expect([known.status, known.text]).toEqual([200, expect.not.stringContaining('"errors"')]);
      expect({ body, accept, askedServer }).toEqual({ body, accept, askedServer: ofKnown });
    }
});

test("what is wrong, and what no client accepts, is the server's affair and is refused alike", async () => {
  for (const body of faulty)
    for (const accept of accepts) {
      const { anew, known, askedServer } = await bothWays(body, accepting(accept));
      expect({ body, accept, answer: known }).toEqual({ body, accept, answer: anew });
      // A hash that nobody knows is refused before.
      expect(askedServer).toBe('extensions' in body ? 0 : 1);
    }
  const { anew, known } = await bothWays({ query: '{ echo(text: "x") }' }, { accept: 'foo/bar' });
  expect(known).toEqual(anew);
  expect(known.status).toBe(406);
});

test('an operation that fails is run once, and told as the server tells it', async () => {
  for (const fault of [{ status: 500 }, { body: '{' }, { body: '{"data":null,"errors":[{"message":"secret"}]}' }])
    for (const accept of accepts) {
      const body = { query: '{ books(first: 2) { title author { name } } }' };
      await ask(body, accepting(accept));
      authors.fault = fault;
      const anew = await ask(unread(body), accepting(accept));
      const seen = books.seen.length;
      asked.mockClear();
      const known = await ask(body, accepting(accept));
      expect(known).toEqual(anew);
      expect([known.text.includes('"errors"'), asked.mock.calls.length, books.seen.length - seen]).toEqual([true, 1, 1]);
      authors.fault = undefined;
    }
});

test("other media types and methods are the server's affair", async () => {
  const body = { query: '{ echo(text: "x") }' };
  await bothWays(body);
  asked.mockClear();
  const found = await gateway.send({
    path: `/graphql?${new URLSearchParams(body)}`,
    headers: { 'apollo-require-preflight': '1' },
  });
  expect([found.status, asked.mock.calls.length]).toEqual([200, 1]);
  expect((await ask(body, { 'content-type': 'text/plain' })).status).toBe(415);
});

test('random operations are answered alike', async () => {
  const schema = buildSchema(`
    type Book { id: ID! title: String! author: Author } type Author { id: ID! name: String! born: Int }
    type Query { book(id: ID!): Book books(first: Int = 2): [Book!] author(id: ID!): Author }`);
  const random = seededRandom(5);
  for (let run = 0; run < 60; run++) {
    const { text: query, variables } = randomOperation({ schema, random, depth: 3 });
    const { anew, known, askedServer } = await bothWays({ query, variables });
    expect(known).toEqual(anew);
    expect(askedServer).toBe(known.text.startsWith('{"errors"') ? 1 : ofKnown);
  }
});

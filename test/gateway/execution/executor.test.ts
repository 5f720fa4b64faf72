import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { compiledExecutor } from '#gateway/execution/executor.ts';
import type { RequestContext } from '#gateway/request.ts';
import { compose } from '#schema/compose.ts';
import { startBookshop } from '#test/harness/bookshop.ts';
import { administrator } from '#test/harness/callers.ts';
import { composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';

type Reference = { readonly id: string };

/** Three books by two authors, one of whom is not known to the subgraph of authors. */
const shelf = {
  books: {
    name: 'books',
    sdl: `${link}
      type Book { title: String! author: Author! editor: Author owner: Author! }
      type Author @key(fields: "id", resolvable: false) { id: ID! }
      type Query { books: [Book!] }`,
    resolvers: {
      Query: {
        books: () => [
          { title: 'One', author: { id: 'a' }, editor: { id: 'gone' }, owner: { id: 'gone' } },
          { title: 'Two', author: { id: 'a' }, editor: { id: 'a' }, owner: { id: 'a' } },
          { title: 'Three', author: { id: 'b' }, editor: null, owner: { id: 'b' } },
        ],
      },
    },
  },
  authors: (seen: string[]) => ({
    name: 'authors',
    sdl: `${link}
      type Author @key(fields: "id") { id: ID! name: String! motto: String }
      type Query { author: Author }`,
    resolvers: {
      Author: {
        __resolveReference({ id }: Reference) {
          seen.push(id);
          return id === 'gone' ? null : { id, name: `Author ${id}` };
        },
        motto({ id }: Reference) {
          if (id === 'a') throw new Error('No motto.');
          return 'Go on.';
        },
      },
    },
  }),
};

/** For what the library's executor does otherwise, when all tests are run with it; the reason stands beside each. */
const unlessStock = test.skipIf(process.env['EXECUTOR'] === 'stock');

async function startShelf(seen: string[]) {
  await using opening = new AsyncDisposableStack();
  const definitions = [shelf.books, shelf.authors(seen)];
  const running = [];
  for (const definition of definitions) running.push(opening.use(await startForeign(definition)));
  const sdls = Object.fromEntries(definitions.map(({ name, sdl }) => [name, sdl]));
  const gateway = opening.use(await testGateway({ sdl: composeForeign(running, sdls) }));
  const opened = opening.move();
  return { gateway, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

// The library asks for it once for each place.
unlessStock('an entity that stands in several places is asked for once and shown in all of them', async () => {
  const seen: string[] = [];
  await using running = await startShelf(seen);
  const { body } = await running.gateway.query('{ books { title author { name } } }');
  expect(body).toEqual({
    data: {
      books: [
        { title: 'One', author: { name: 'Author a' } },
        { title: 'Two', author: { name: 'Author a' } },
        { title: 'Three', author: { name: 'Author b' } },
      ],
    },
  });
  expect(seen).toEqual(['a', 'b']);
});

test('an error of an entity stands at every place of that entity', async () => {
  await using running = await startShelf([]);
  const { body } = await running.gateway.query('{ books { author { motto } } }');
  expect(body.errors?.map(({ path }) => path)).toEqual([
    ['books', 0, 'author', 'motto'],
    ['books', 1, 'author', 'motto'],
  ]);
  expect(body.data).toEqual({
    books: [{ author: { motto: null } }, { author: { motto: null } }, { author: { motto: 'Go on.' } }],
  });
});

// The library tells of its fields in `extensions.valueCompletion`, as if they had been answered with null.
unlessStock('an entity that is gone is null without an error where null may stand', async () => {
  await using running = await startShelf([]);
  const { body } = await running.gateway.query('{ books { title editor { name } } }');
  expect(body).toEqual({
    data: {
      books: [
        { title: 'One', editor: null },
        { title: 'Two', editor: { name: 'Author a' } },
        { title: 'Three', editor: null },
      ],
    },
  });
});

// The library says so in `extensions.valueCompletion` only: a null without an error.
unlessStock('an entity that is gone is an error with a path where null may not stand, and null goes up', async () => {
  await using running = await startShelf([]);
  const { body } = await running.gateway.query('{ books { title owner { name } } }');
  expect(body.data).toEqual({ books: null });
  expect(body.errors).toMatchObject([
    {
      message: 'Cannot return null for non-nullable field Author.name.',
      path: ['books', 0, 'owner', 'name'],
      extensions: { code: 'UPSTREAM_INVALID_RESPONSE', retryable: false },
    },
  ]);
});

test('fields called like what every object inherits are answered like any other', async () => {
  await using running = await startShelf([]);
  const { text } = await running.gateway.query(
    '{ __proto__: books { constructor: title toString: author { __proto__: name } } }',
  );
  expect(text).toContain('"__proto__":[{"constructor":"One","toString":{"__proto__":"Author a"}}');
});

test('what an operation asks of the schema stands among its other fields', async () => {
  await using running = await startShelf([]);
  const { body } = await running.gateway.query(
    'query ($name: String!) { kind: __typename ...F books { title } __type(name: $name) { name } } fragment F on Query { __schema { queryType { name } } }',
    { name: 'Book' },
  );
  expect(Object.keys(body.data ?? {})).toEqual(['kind', '__schema', 'books', '__type']);
  expect(body.data).toMatchObject({ __schema: { queryType: { name: 'Query' } }, __type: { name: 'Book' } });
});

test('variables that are not of their types are refused before any subgraph is asked', async () => {
  await using running = await startBookshop();
  const { body } = await running.gateway.query('query ($id: ID!) { book(id: $id) { title } }', { id: { a: 1 } });
  expect(body.data).toBeUndefined();
  expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(running.books.seen).toEqual([]);
});

test.each(['stock', 'compiled'])(
  'with EXECUTOR=%s a mutation writes once, in order, and joins what it brings',
  async (EXECUTOR) => {
    await using running = await startBookshop({ EXECUTOR });
    const { body } = await running.gateway.query(
      'mutation { first: rename(id: "1", title: "A") { title author { name } } second: rename(id: "2", title: "B") { title } }',
    );
    expect(body).toEqual({ data: { first: { title: 'A', author: { name: 'Author a1' } }, second: { title: 'B' } } });
    expect([running.books.seen.length, running.authors.seen.length]).toEqual([1, 1]);
  },
);

test('a large answer leaves the loop to others before it is shaped and before it is written', async () => {
  const [books, authors] = [shelf.books, shelf.authors([])];
  const { supergraph: sdl } = compose([books, authors].map((subgraph) => ({ ...subgraph, url: 'http://127.0.0.1' })));
  const supergraph = Supergraph.build(sdl);
  const document = parse('{ books { title author { name } } }');
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('There is no operation.');
  const plan = new QueryPlanner(supergraph).buildQueryPlan(operationFromDocument(supergraph.apiSchema(), document));
  const turnsOf = async (length: number): Promise<number> => {
    const author = (index: number) => ({ __typename: 'Author', id: String(index), name: `Author ${index}` });
    const execute = compiledExecutor({
      sdl,
      planOf: () => plan,
      handlerOf: (name) => async () => {
        const all = Array.from({ length }, (_, index) => author(index));
        if (name === 'authors') return { data: { _entities: all } };
        return { data: { books: all.map((one) => ({ title: `By ${one.name}`, author: one })) } };
      },
    });
    let [turns, running] = [0, true];
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const schema = supergraph.apiSchema().toGraphQLJSSchema();
    const { data, errors } = await execute({ context: contextOf(), schema, document, operation, variables: {}, hash: '' });
    running = false;
    expect(errors).toBeUndefined();
    const shown = data?.['books'] as readonly { readonly author: object }[] | undefined;
    expect(shown?.map(({ author: { ...fields } }) => fields)).toEqual(
      Array.from({ length }, (_, index) => ({ name: `Author ${index}` })),
    );
    return turns;
  };
  expect(await turnsOf(100)).toBe(0);
  expect(await turnsOf(6_000)).toBeGreaterThanOrEqual(2);
});

const contextOf = (): RequestContext => ({
  call: { requestId: 'test', signal: new AbortController().signal, caller: administrator },
  forwarded: {},
  uploads: [],
  address: '127.0.0.1',
  wantsBreakdown: false,
  pricesOnly: false,
  outcome: { accepted: true, refusedText: false, isPublic: false, left: false },
});

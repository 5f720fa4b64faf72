import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';
import { administrator, person } from '#test/harness/callers.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { strongSecrets } from '#test/harness/secrets.ts';
import type { Archive } from './archive.ts';
import { holder, startArchive, supergraph } from './archive.ts';

let archive: Archive;

beforeAll(async () => {
  archive = await startArchive();
});

beforeEach(() => {
  archive.asked.length = 0;
});

afterAll(() => archive[Symbol.asyncDispose]());

type Answer = Awaited<ReturnType<Archive['ask']>>;

/** Path and code of every error. */
const told = ({ body }: Answer): readonly string[] =>
  (body.errors ?? []).map(({ path, extensions }) => `${path?.join('.')} ${extensions['code']}`);

const texts = (): readonly string[] => archive.asked.map(({ text }) => text);

test('a caller who has what is demanded gets everything, and the subgraphs are asked the client’s own operation', async () => {
  const { body } = await archive.ask(holder('pages:read'), '{ notes { pages { text mark } } }');
  expect(body.errors).toBeUndefined();
  expect(body.data).toEqual({
    notes: Array.from({ length: 2 }, () => ({
      pages: [
        { text: 'text 1', mark: 'mark 1' },
        { text: 'text 2', mark: 'mark 2' },
      ],
    })),
  });
  expect(texts()).toEqual(['{notes{pages{text mark}}}']);
});

test('a denied field is null in every item of nested lists, with one error, and is not asked for', async () => {
  const answer = await archive.ask(holder(), '{ notes { id p: pages { number t: text } } }');
  const page = (number: number) => ({ number, t: null });
  expect(answer.status).toBe(200);
  expect(answer.body.data).toEqual({ notes: [1, 2].map(() => ({ id: 'n1', p: [page(1), page(2)] })) });
  expect(answer.body.errors).toEqual([
    {
      message: 'This needs the scope pages:read, or notes:read and all:read.',
      path: ['notes', 'p', 't'],
      extensions: { code: 'FORBIDDEN', requestId: expect.any(String) },
    },
  ]);
  expect(texts()).toEqual(['{notes{id p:pages{number}}}']);
});

test('keys stand in the order in which the client asked, also where nulls were put in', async () => {
  const { text } = await archive.ask(
    holder(),
    '{ note { title oddly: pages { text number } id } secret { id } motto: __typename }',
  );
  expect(text).toContain(
    '"data":{"note":{"title":"Note","oddly":[{"text":null,"number":1},{"text":null,"number":2}],"id":"n1"},"secret":null,"motto":"Query"}',
  );
});

test('one of the alternatives is enough, with all of its scopes', async () => {
  for (const [scopes, seen] of [
    [['pages:read'], true],
    [['notes:read', 'all:read'], true],
    [['notes:read'], false],
    [['all:read', 'pages:write'], false],
  ] as const) {
    const answer = await archive.ask(holder(...scopes), '{ note { pages { text } } }');
    expect(told(answer)).toEqual(seen ? [] : ['note.pages.text FORBIDDEN']);
  }
});

test('nobody meets an empty list of alternatives', async () => {
  const answer = await archive.ask(administrator, '{ nobody }');
  expect(told(answer)).toEqual(['nobody FORBIDDEN']);
  expect(answer.body.data).toEqual({ nobody: null });
});

test('a policy that nobody defined holds for nobody, unless another one is enough', async () => {
  const query = '{ note { keeper { oddity boss { name } } } }';
  expect(told(await archive.ask(administrator, query))).toEqual(['note.keeper.oddity FORBIDDEN']);
  expect(told(await archive.ask(holder(), query))).toEqual(['note.keeper.oddity FORBIDDEN', 'note.keeper.boss FORBIDDEN']);
});

test('strangers are told to bring a credential', async () => {
  const answer = await archive.ask(stranger, '{ note { keeper { name email } } people { name } }');
  expect(told(answer)).toEqual(['note.keeper.email UNAUTHENTICATED', 'people UNAUTHENTICATED']);
  expect(answer.body.data).toEqual({ note: { keeper: { name: 'Bob', email: null } }, people: null });
});

test('a denied field that cannot be null takes its place with it, up to the nearest one that can', async () => {
  const own = await archive.ask(holder(), '{ note { loose { number mark } pages { mark } } motto2: __typename }');
  expect(own.body.data).toEqual({ note: { loose: [null, null, null], pages: null }, motto2: 'Query' });
  expect(told(own)).toEqual(['note.loose.mark FORBIDDEN', 'note.pages.mark FORBIDDEN']);
  const joined = await archive.ask(holder(), '{ notes { keeper { name salary } } }');
  expect(joined.body.data).toEqual({ notes: [{ keeper: null }, { keeper: null }] });
  const root = await archive.ask(holder(), '{ note { id } motto }');
  expect(root.body.data).toBeNull();
  expect(told(root)).toEqual(['motto FORBIDDEN']);
});

test('when nothing is left no subgraph is called', async () => {
  const answer = await archive.ask(holder(), '{ secret { id } nobody again: secret { twin { id } } }');
  expect(answer.body.data).toEqual({ secret: null, nobody: null, again: null });
  expect(told(answer)).toEqual(['secret FORBIDDEN', 'nobody FORBIDDEN', 'again FORBIDDEN']);
  expect(texts()).toEqual([]);
});

test('a denied mutation is not run, its neighbours are', async () => {
  const both = await archive.ask(holder(), 'mutation { open { id } shut { id } }');
  expect(both.body.data).toEqual({ open: { id: 'n1' }, shut: null });
  expect(told(both)).toEqual(['shut FORBIDDEN']);
  expect(texts()).toEqual(['mutation{open{id}}']);
  archive.asked.length = 0;
  expect((await archive.ask(holder(), 'mutation { shut { id } }')).body.data).toEqual({ shut: null });
  expect(texts()).toEqual([]);
});

test('variables that only denied fields use break nothing, and are checked as for everybody', async () => {
  const query =
    'query ($id: ID!, $with: Boolean = true) { note(id: $id) { title pages { text @include(if: $with) } } secret @include(if: $with) { id } }';
  const only = 'query ($with: Boolean!) { note { id } secret @include(if: $with) { id } }';
  const answer = await archive.ask(holder(), query, { id: 'n1' });
  expect(told(answer)).toEqual(['note.pages.text FORBIDDEN', 'secret FORBIDDEN']);
  expect(told(await archive.ask(holder(), only, { with: true }))).toEqual(['secret FORBIDDEN']);
  for (const caller of [holder(), holder('secrets:read')]) {
    expect(told(await archive.ask(caller, only, { with: 'yes' }))).toEqual(['undefined BAD_USER_INPUT']);
  }
});

test('what @skip or @include leaves out is neither null nor an error', async () => {
  const query =
    'query ($no: Boolean = false) { note { id pages @include(if: $no) { text } ... @skip(if: true) { pages { mark } } } secret @include(if: $no) { id } }';
  const answer = await archive.ask(holder(), query);
  expect(answer.body.errors).toBeUndefined();
  expect(answer.body.data).toEqual({ note: { id: 'n1' } });
  expect(told(await archive.ask(holder(), query, { no: true }))).toEqual(['note.pages.text FORBIDDEN', 'secret FORBIDDEN']);
});

const paths: readonly (readonly [string, string, unknown, readonly string[]])[] = [
  ['its own field', '{ secret { title } }', { secret: null }, ['secret']],
  ['an interface', '{ items { title } }', { items: null }, ['items']],
  ['an interface’s fragment', '{ items { ... on Secret { title } } }', { items: null }, ['items']],
  [
    'a union',
    '{ found { ... on Note { id } ... on Secret { title } } }',
    { found: [{ id: 'n1' }, { title: null }, {}, { id: 'n1' }] },
    ['found.title'],
  ],
  [
    'an interface within a union',
    '{ found { ... on Item { title } } }',
    { found: Array.from({ length: 4 }, () => ({ title: null })) },
    ['found.title'],
  ],
  [
    'a named fragment',
    '{ one { ...S } } fragment S on Secret { a: title b: title }',
    { one: { a: null, b: null } },
    ['one.a', 'one.b'],
  ],
  [
    'fragments in fragments',
    '{ one { ... { ... on Item { ... on Secret { __typename title } } } } }',
    { one: { __typename: 'Secret', title: null } },
    ['one.title'],
  ],
  ['a field that cannot be null', '{ one { ... on Secret { code } } }', { one: null }, ['one.code']],
];

test.each(paths)('a protected type is denied alike through %s', async (_, query, data, denied) => {
  const answer = await archive.ask(holder('pages:read'), query);
  expect(answer.body.data).toEqual(data);
  expect(told(answer)).toEqual(denied.map((path) => `${path} FORBIDDEN`));
  for (const { message } of answer.body.errors ?? []) expect(message).toContain('the scope secrets:read');
  expect(texts().join()).not.toMatch(/title|code/);
  const allowed = await archive.ask(holder('secrets:read'), query.replace('items { title }', 'items { id title }'));
  expect(allowed.body.errors).toBeUndefined();
});

test('without a requirement on the interface itself, its fields are judged by every type that may stand there', async () => {
  const sdl = supergraph.replace(/(interface Item[^{]*?)@needs\(scopes: \[\["secrets:read"\]\]\)/, '$1');
  expect(sdl).not.toBe(supergraph);
  await using older = await startArchive({ sdl });
  const some = await older.ask(
    holder(),
    '{ items { id ... on Note { title } ... on Secret { title } } note { ... on Item { title } } }',
  );
  expect(told(some)).toEqual(['items.id FORBIDDEN', 'items.title FORBIDDEN']);
  // `id` cannot be null, so no item is left; what is known to be a note is judged as a note.
  expect(some.body.data).toEqual({ items: [null, null, null, null, null], note: { title: 'Note' } });
  const titles = await older.ask(holder(), '{ items { title ... on Note { id } ... on Map { scale } } }');
  expect(titles.body.data).toEqual({
    items: [{ title: null, id: 'n1' }, { title: null }, { title: null, scale: '1:10' }, { title: null, id: 'n1' }, null],
  });
  expect(older.asked.map(({ text }) => text).join()).not.toMatch(/Secret|items\{(__typename )?title/);
});

test('a requirement on a scalar holds for every field that gives it', async () => {
  const query = '{ found { ... on Map { id scale } } }';
  const answer = await archive.ask(administrator, query);
  expect(answer.body.data).toEqual({ found: [{}, {}, { id: 'm1', scale: null }, {}] });
  expect(told(answer)).toEqual(['found.scale FORBIDDEN']);
  expect(told(await archive.ask(holder(), query))).toEqual([]);
});

test('callers with the same rights share a plan, others do not get it', async () => {
  const query = '{ note { pages { number text } } }';
  const withText = (answer: Answer) => JSON.stringify(answer.body.data).includes('text 1');
  for (const [caller, seen] of [
    [holder('pages:read'), true],
    [holder(), false],
    [holder('pages:read', 'other'), true],
    [person('guest'), false],
    [stranger, false],
  ] as const) {
    expect(withText(await archive.ask(caller, query))).toBe(seen);
  }
});

test('a failure of a subgraph keeps its own error beside those of denied fields', async () => {
  const execute = async () => {
    throw new ExpectedError('UPSTREAM_UNAVAILABLE', 'Down.');
  };
  const locals = new Map(['items', 'people'].map((name) => [name, { execute }]));
  const caller = holder('motto:read');
  await using gateway = await testGateway({ sdl: supergraph, locals, identify: async () => caller });
  const some = await gateway.query('{ note { id pages { text } } }');
  expect(told(some)).toEqual(['note UPSTREAM_UNAVAILABLE', 'note.pages.text FORBIDDEN']);
  expect(some.body.data).toEqual({ note: null });
  const none = await gateway.query('{ motto secret { id } }');
  expect(told(none)).toEqual(['motto UPSTREAM_UNAVAILABLE', 'secret FORBIDDEN']);
  expect(none.body.data).toBeNull();
});

test('a subgraph that refuses all entities at once costs each of their fields, by its own path', async () => {
  const keeper = (id: string) => ({ keeper: { __typename: 'Person', id } });
  const refusal = { message: 'No.', path: ['_entities'], extensions: { code: 'FORBIDDEN' } };
  const locals = new Map([
    ['items', { execute: async () => ({ data: { notes: [keeper('p1'), keeper('p2')] } }) }],
    ['people', { execute: async () => ({ data: null, errors: [new GraphQLError(refusal.message, refusal)] }) }],
  ]);
  await using gateway = await testGateway({ sdl: supergraph, locals, identify: async () => administrator });
  const answer = await gateway.query('{ notes { keeper { id name email } } }');
  expect(told(answer)).toEqual(
    [0, 1].flatMap((index) => ['name', 'email'].map((field) => `notes.${index}.keeper.${field} FORBIDDEN`)),
  );
  const known = (id: string) => ({ keeper: { id, name: null, email: null } });
  expect(answer.body.data).toEqual({ notes: [known('p1'), known('p2')] });
});

test('in reject mode the whole operation is refused, by the names the client sent and no others', async () => {
  await using strict = await startArchive({ env: { AUTHORIZATION_MODE: 'reject' } });
  const query = '{ mine: note { id p: pages { text mark } } }';
  const refused = await strict.ask(holder(), query);
  expect(refused.status).toBe(403);
  expect(refused.body).toEqual({
    errors: [
      {
        message: 'This needs the scope pages:read, or notes:read and all:read. Not allowed: mine.p.text, mine.p.mark.',
        extensions: { code: 'FORBIDDEN', paths: ['mine.p.text', 'mine.p.mark'], requestId: expect.any(String) },
      },
    ],
  });
  expect((await strict.ask(stranger, query)).status).toBe(401);
  expect(
    (await strict.ask(holder(), 'query ($no: Boolean = false) { note { id pages @include(if: $no) { text } } }')).status,
  ).toBe(200);
  expect(strict.asked).toHaveLength(1);
  expect((await strict.ask(holder('pages:read'), query)).body.errors).toBeUndefined();
});

test('in production the schema is told to those who may read it', async () => {
  await using production = await startArchive({ env: { ENVIRONMENT: 'production', ...strongSecrets } });
  for (const query of ['{ __schema { queryType { name } } }', '{ ...F } fragment F on Query { __type(name: "Note") { name } }']) {
    const refused = await production.ask(holder(), query);
    expect(refused.body).toEqual({
      errors: [
        {
          message: 'The schema is not told here.',
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED', requestId: expect.any(String) },
        },
      ],
    });
    expect((await production.ask(holder('schema:read'), query)).body.errors).toBeUndefined();
  }
  expect((await production.ask(holder(), '{ __typename note { id } }')).body.errors).toBeUndefined();
});

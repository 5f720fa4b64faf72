import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxJwtSecret } from '#ops/sandbox/data/secrets.ts';
import { person } from '#test/harness/callers.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { testIdentity } from '#test/harness/identity.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { strongSecrets } from '#test/harness/secrets.ts';

let laboratory: LaboratoryUnderTest;
let books: ForeignSubgraph;
const opened = new AsyncDisposableStack();

beforeAll(async () => {
  const { identify } = opened.use(await testIdentity({ keys: { kind: 'secrets', secrets: [sandboxJwtSecret] } }));
  laboratory = opened.use(await startLaboratory({ identify }));
  books = opened.use(await startForeign(bookshop.books));
});

afterAll(() => opened.disposeAsync());

const headers = { 'content-type': 'application/json', 'x-request-id': 'constant-id' };
const post = (body: object | string) =>
  laboratory.gateway.send({ method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const ask = (query: string, variables?: object) => post({ query, variables });
const get = (search: Record<string, string>, more: Record<string, string> = { 'apollo-require-preflight': '1' }) =>
  laboratory.gateway.send({
    path: `/graphql?${new URLSearchParams(search)}`,
    headers: { 'x-request-id': 'constant-id', ...more },
  });

const input = '{ email: "admin@lab.example", password: "sandbox" }';
const hashed = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };

const refused: readonly (readonly [string, () => ReturnType<typeof ask>])[] = [
  ['a field that needs a credential', () => ask('{ samples { totalCount } }')],
  ['a mutation that needs a credential', () => ask('mutation { deleteSample(id: "1") }')],
  ['a text that does not parse', () => ask('{ samples')],
  ['an empty text', () => ask('')],
  ['no text', () => post({})],
  ['an unknown field', () => ask('{ sample_s }')],
  ['a field that is nearly one', () => ask('{ sampels { totalCount } }')],
  ['an unknown argument', () => ask('{ samples(fist: 3) { totalCount } }')],
  ['an unknown type', () => ask('{ ... on Nothing { id } }')],
  ['a fragment on a known type', () => ask('{ ... on Sample { id } }')],
  ['an unknown operation', () => post({ query: 'query A { __typename }', operationName: 'B' })],
  ['two operations without a name', () => ask('query A { __typename } query B { __typename }')],
  ['the schema', () => ask('{ __schema { types { name } } }')],
  ['a type', () => ask('{ __type(name: "Sample") { name } }')],
  ['the schema beside __typename', () => ask('{ __typename ...F } fragment F on Query { __schema { types { name } } }')],
  ['a public and another mutation', () => ask(`mutation { login(input: ${input}) { accessToken } logout }`)],
  ['another mutation under a public name', () => ask('mutation { login: logout }')],
  ['another mutation in a fragment', () => ask('mutation { ...F } fragment F on Mutation { ... { logout } }')],
  ['another mutation behind @skip', () => ask('mutation { __typename logout @skip(if: true) }')],
  ['a public mutation with an unknown field', () => ask(`mutation { login(input: ${input}) { nothing } }`)],
  ['a public mutation without its input', () => ask('mutation { login { accessToken } }')],
  ['a public mutation with a wrong input', () => ask('mutation { login(input: { mail: "a" }) { accessToken } }')],
  ['a variable that is missing', () => ask('mutation($i: LoginInput!) { login(input: $i) { accessToken } }')],
  [
    'a variable with an unknown field',
    () => ask('mutation($i: LoginInput!) { login(input: $i) { accessToken } }', { i: { email: 'a', password: 'b', x: 1 } }),
  ],
  ['a variable of an unknown type', () => ask('query($i: Nothing) { __typename }')],
  ['a subscription', () => ask('subscription { samples { totalCount } }')],
  ['B26: _entities', () => ask('{ _entities(representations: []) { __typename } }')],
  ['B26: _service', () => ask('{ _service { sdl } }')],
  ['3,000 tokens', () => ask(`{ ${'__typename '.repeat(3_000)} }`)],
  ['a hash without a text', () => post({ extensions: hashed })],
  ['a query by GET without the preflight header', () => get({ query: '{ __typename }' }, {})],
  ['a mutation by GET', () => get({ query: `mutation { login(input: ${input}) { accessToken } }` })],
];

const constant = {
  errors: [
    {
      message: 'This needs a valid credential: a token as `Authorization: Bearer ...`, or an API key as `X-API-Key: ...`.',
      extensions: { code: 'UNAUTHENTICATED', requestId: 'constant-id' },
    },
  ],
};

describe('B1, A41: a stranger gets one constant 401', () => {
  test.for(refused)('for %s', async ([, send]) => {
    laboratory.calls.length = 0;
    const answer = await send();
    const { date: _, ...received } = Object.fromEntries(answer.headers);
    expect([answer.status, answer.body]).toEqual([401, constant]);
    expect(received).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(JSON.stringify(constant).length),
      'www-authenticate': 'Bearer',
      'x-request-id': 'constant-id',
      connection: 'keep-alive',
      'keep-alive': expect.any(String),
    });
    expect(laboratory.calls).toEqual([]);
  });

  test('whichever words are guessed, in either media type', async () => {
    const words = ['sample', 'samples', 'job', 'me', 'user', 'users', 'graph', 'viewer', 'node', 'constructor', '__proto__'];
    const accept = ['application/json', 'application/graphql-response+json'];
    const answers = await Promise.all(
      words.flatMap((word) =>
        accept.map((type) =>
          laboratory.gateway.query(`{ ${word} { ${word} } }`, {}, { accept: type, 'x-request-id': 'constant-id' }),
        ),
      ),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set([`401 ${JSON.stringify(constant)}`]));
  });
});

describe('a stranger may', () => {
  test('ask for __typename', async () => {
    expect(await ask('{ __typename }')).toMatchObject({ status: 200, body: { data: { __typename: 'Query' } } });
    expect((await get({ query: '{ __typename }' })).status).toBe(200);
  });

  test('log in, and is somebody with what the login gives', async () => {
    const login = await ask(
      `mutation M { __typename ...F } fragment F on Mutation { in: login(input: ${input}) { accessToken } }`,
    );
    expect(login.status).toBe(200);
    const { accessToken } = (login.body.data as unknown as { in: { accessToken: string } }).in;
    const me = await laboratory.gateway.query('{ me { email } }', {}, { authorization: `Bearer ${accessToken}` });
    expect(me.body).toEqual({ data: { me: { email: 'admin@lab.example' } } });
  });

  test('read why a login failed', async () => {
    const { status, body } = await ask(
      'mutation { login(input: { email: "admin@lab.example", password: "wrong" }) { accessToken } }',
    );
    expect([status, body.data]).toEqual([200, { login: null }]);
    expect(body.errors).toMatchObject([{ path: ['login'], extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});

describe('a foreign supergraph', () => {
  const start = async (env: Record<string, string> = {}) => {
    const { identify } = await testIdentity();
    return testGateway({ sdl: composeForeign([books]), identify, env });
  };
  const book = '{ book(id: 1) { title } }';

  test('has no public field unless it is named', async () => {
    await using closed = await start();
    expect((await closed.query(book)).status).toBe(401);
    await using open = await start({ PUBLIC_FIELDS: 'Query.book, Query.echo' });
    expect((await open.query(book)).body).toEqual({ data: { book: { title: 'Book 1' } } });
    expect((await open.query('{ book(id: 1) { title } books { title } }')).status).toBe(401);
    expect((await open.query('mutation { book: rename(id: 1, title: "x") { id } }')).status).toBe(401);
  });

  test('may be open to everybody, but for its schema', async () => {
    await using open = await start({ PUBLIC_FIELDS: '*' });
    expect((await open.query(book)).status).toBe(200);
    expect((await open.query('mutation { rename(id: 1, title: "x") { id } }')).status).toBe(200);
    expect((await open.query('{ __schema { types { name } } }')).status).toBe(401);
  });

  test('shows its schema to strangers in development', async () => {
    await using gateway = await start({ ENVIRONMENT: 'development' });
    const { status, body } = await gateway.query('{ __schema { queryType { name } } __type(name: "Book") { name } }');
    expect([status, body]).toEqual([200, { data: { __schema: { queryType: { name: 'Query' } }, __type: { name: 'Book' } } }]);
    expect((await gateway.query('{ __schema { queryType { name } } books { id } }')).status).toBe(401);
  });
});

describe('A39: in production', () => {
  const env = { ENVIRONMENT: 'production', ...strongSecrets };
  const reads = [
    '{ __schema { queryType { name } } }',
    '{ __type(name: "Book") { name } }',
    '{ ...F } fragment F on Query { ... { a: __schema { queryType { name } } } }',
    '{ books { id } __schema { types { fields { type { fields { type { name } } } } } } }',
  ];

  test('a caller without the scope schema:read does not see the schema, nor names in errors', async () => {
    const parts = { sdl: composeForeign([books]), identify: async () => person('principal_investigator'), env };
    await using gateway = await testGateway(parts);
    for (const query of [...reads, ...reads]) {
      const { status, body } = await gateway.query(query);
      expect([status, body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
        200,
        undefined,
        ['GRAPHQL_VALIDATION_FAILED'],
      ]);
    }
    expect((await gateway.query('{ boks { id } }')).text).not.toContain('"books"');
    expect((await gateway.query('{ books { __typename } __typename }')).status).toBe(200);
  });

  test('an administrator does', async () => {
    const parts = { sdl: composeForeign([books]), identify: async () => person('lab_administrator'), env };
    await using gateway = await testGateway(parts);
    for (const query of reads) expect((await gateway.query(query)).status).toBe(200);
  });
});

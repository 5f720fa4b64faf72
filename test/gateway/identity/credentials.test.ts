import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { identifier } from '#gateway/identity/identify.ts';
import { assertionHeader, assertionReader } from '#kit/assertion.ts';
import { stranger } from '#kit/caller.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { bearer, claims, incoming, key, testIdentity, token } from '#test/harness/identity.ts';
import { memoryLog } from '#test/harness/memory-log.ts';

let books: ForeignSubgraph;
let gateway: GatewayUnderTest;
const { logger, lines: logged } = memoryLog();
const opened = new AsyncDisposableStack();

beforeAll(async () => {
  books = opened.use(await startForeign(bookshop.books));
  const { identify } = opened.use(await testIdentity());
  const env = { FORWARD_HEADERS: 'authorization,traceparent,x-lab-site', PUBLIC_FIELDS: 'Query.echo' };
  gateway = opened.use(await testGateway({ sdl: composeForeign([books]), identify, logger, env }));
});

beforeEach(() => {
  books.seen.length = 0;
});

afterAll(() => opened.disposeAsync());

const query = JSON.stringify({ query: '{ book(id: 1) { title } }' });

type Answer = { readonly status: number; readonly headers: Record<string, unknown>; readonly text: string };

/** Sends headers line by line, as `fetch` would not. */
const send = (headers: Record<string, string | string[]>, path = '/graphql', content = query): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    const sent = request(gateway.url + path, options, (response) => {
      const { statusCode: status = 0, headers: received } = response;
      text(response).then((body) => resolve({ status, headers: received, text: body }), reject);
    });
    sent.on('error', reject);
    sent.end(content);
  });

const codeOf = (answer: Answer): unknown => JSON.parse(answer.text).errors?.[0]?.extensions.code;

const refused: readonly (readonly [string, string, Record<string, string | string[]>, number, string])[] = [
  ['B1', 'no credential', {}, 401, 'UNAUTHENTICATED'],
  ['AU-03', 'an unknown key', { 'x-api-key': key('C') }, 401, 'UNAUTHENTICATED'],
  ['AU-03', 'an unknown key as bearer', bearer(key('C')), 401, 'UNAUTHENTICATED'],
  ['B13', 'a key without its last character', { 'x-api-key': key('A').slice(0, -1) }, 401, 'UNAUTHENTICATED'],
  ['B13', 'a key in other letters', { 'x-api-key': key('a') }, 401, 'UNAUTHENTICATED'],
  ['B13', 'an empty key', { 'x-api-key': '' }, 401, 'UNAUTHENTICATED'],
  ['A46', 'two keys, the first one good', { 'x-api-key': [key('A'), key('C')] }, 401, 'UNAUTHENTICATED'],
  ['A46', 'one key twice', { 'x-api-key': [key('A'), key('A')] }, 401, 'UNAUTHENTICATED'],
  ['A46', 'two keys in one line', { 'x-api-key': `${key('A')}, ${key('B')}` }, 401, 'UNAUTHENTICATED'],
  ['A46', 'two tokens, the first one good', { authorization: [`Bearer ${token()}`, 'Bearer x'] }, 401, 'UNAUTHENTICATED'],
  ['A46', 'two tokens in one line', bearer(`${token()}, Bearer ${token()}`), 401, 'UNAUTHENTICATED'],
  ['B22', 'key and token', { 'x-api-key': key('A'), ...bearer(token()) }, 400, 'BAD_REQUEST'],
  ['B22', 'key and token, both bad', { 'x-api-key': 'x', authorization: 'Basic x' }, 400, 'BAD_REQUEST'],
  ['-', 'Basic', { authorization: `Basic ${Buffer.from('admin:sandbox').toString('base64')}` }, 401, 'UNAUTHENTICATED'],
  ['-', 'the scheme of services', { authorization: 'Service service_gateway' }, 401, 'UNAUTHENTICATED'],
  ['-', 'a token without scheme', { authorization: token() }, 401, 'UNAUTHENTICATED'],
  ['-', 'an empty Authorization', { authorization: '' }, 401, 'UNAUTHENTICATED'],
  ['-', 'a token as key', { 'x-api-key': token() }, 401, 'UNAUTHENTICATED'],
  ['B17', 'an identity that the client made up', { [assertionHeader]: token(), 'x-user-id': '1' }, 401, 'UNAUTHENTICATED'],
];

test.for(refused)('%s: %s is refused', async ([, , headers, status, code]) => {
  const answer = await send(headers);
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
  expect(books.seen).toEqual([]);
});

test.for([
  ['a key', { 'x-api-key': key('A') }],
  ['a key as bearer', bearer(key('A'))],
  ['a token', bearer(token())],
  ['a token with its scheme in small letters', { authorization: `bearer ${token()}` }],
] as const)('%s is accepted', async ([, headers]) => {
  expect(await send(headers)).toMatchObject({ status: 200, text: '{"data":{"book":{"title":"Book 1"}}}\n' });
});

test.for([
  `?api_key=${key('A')}`,
  `?API_KEY=${key('A')}`,
  '?apikey=x',
  '?key=x',
  `?access_token=${token()}`,
  '?token=x',
  '?%61pi_key=x',
  `?a=1&b=${key('A')}`,
  `?a=${token()}`,
  `?authorization=Bearer%20${token()}`,
])('B15: a credential in the URL is refused and not logged: %s', async (search) => {
  logged.length = 0;
  const answers = [await send({}, `/graphql${search}`), await send({ 'x-api-key': key('A') }, `/graphql${search}`)];
  for (const answer of answers) expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
  const written = logged.join('') + answers.map((answer) => answer.text).join('');
  expect(written).not.toContain(key('A'));
  expect(written).not.toContain(token().slice(0, 40));
});

test('a GET whose variables hold a word named token is no credential in the URL', async () => {
  const search = new URLSearchParams({ query: 'query($t: String!) { echo(text: $t) }', variables: '{"t":"token"}' });
  const answer = await gateway.send({ path: `/graphql?${search}`, headers: { 'apollo-require-preflight': '1' } });
  expect([answer.status, answer.body]).toEqual([200, { data: { echo: 'token' } }]);
});

test('who is calling is decided before the body is read', async () => {
  const cut = await send({ 'x-api-key': key('C') }, '/graphql', '{"query":');
  expect([cut.status, codeOf(cut)]).toEqual([401, 'UNAUTHENTICATED']);
});

test('B11: neither an oversize token nor a wrongly shaped key is looked at', async () => {
  const looked = async (): Promise<never> => {
    throw new Error('This is not to be looked at.');
  };
  const identify = identifier({ userOf: looked, partnerOf: looked });
  const headers = [bearer('a'.repeat(8_193)), { 'x-api-key': 'a'.repeat(10_000) }, { 'x-api-key': 'lg_test_short' }];
  for (const given of headers) await expect(identify(incoming(given))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(identify(incoming())).resolves.toBe(stranger);
});

test('what the store of keys says in refusal is said in the one constant sentence; a suspension stays one', async () => {
  const refusing = (code: 'UNAUTHENTICATED' | 'FORBIDDEN') =>
    identifier({
      userOf: () => Promise.reject(new Error('not asked')),
      partnerOf: () => Promise.reject(new ExpectedError(code, 'The key ran out yesterday.')),
    })(incoming({ 'x-api-key': key('A') }));
  await expect(refusing('UNAUTHENTICATED')).rejects.toMatchObject({ message: expect.not.stringContaining('yesterday') });
  await expect(refusing('FORBIDDEN')).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'The key ran out yesterday.' });
});

const pretended = {
  'x-org-id': 'helix-labs',
  'x-user-id': 'admin',
  'x-user-tier': 'enterprise',
  'x-forwarded-user': 'admin',
  'x-internal-organization': 'helix-labs',
  x_org_id: 'helix-labs',
  connection: 'x-org-id, x-lab-site',
  cookie: 'session=1',
  [assertionHeader]: token(claims({ aud: 'books', iss: 'gateway' })),
};

test('B17, B18, AU-07: no header of the client but those allowed reaches a subgraph, and none changes who is calling', async () => {
  const answer = await send({ ...pretended, 'x-api-key': key('A'), 'x-lab-site': 'Zürich\tnorth' });
  expect(answer.status).toBe(200);
  const [seen = {}] = books.seen;
  const theirs = Object.keys(seen).filter(
    (name) => !['host', 'connection', 'content-length', 'transfer-encoding'].includes(name),
  );
  expect(theirs.sort()).toEqual(['accept', 'content-type', assertionHeader, 'x-lab-site', 'x-request-id'].sort());
  expect(JSON.stringify(seen)).not.toMatch(/helix|admin|enterprise|session|lg_test/);
  const { caller: believed } = await assertionReader(developmentSecrets.SUBGRAPH_SECRET, 'books')(String(seen[assertionHeader]));
  expect(believed).toMatchObject({ kind: 'partner', organization: 'acme-genomics', plan: 'default', tenant: 'acme-genomics' });
});

test('B18: a blank between name and colon of a header is no HTTP', async () => {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.end(`POST /graphql HTTP/1.1\r\nHost: a\r\nX-Api-Key : ${key('A')}\r\nContent-Length: 0\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
});

test('a person’s token goes on to subgraphs, an organization’s key never does', async () => {
  const good = token();
  await send(bearer(good));
  await send(bearer(key('A')));
  expect(books.seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${good}`, undefined]);
});

test.for([
  'x-org-id',
  'X-Gateway-Identity',
  'x-api-key',
  'x-user-tier',
  'x-internal-a',
  'cookie',
  'connection',
  'x_org',
  'a b',
  'content-length',
])('B18: %s cannot be made a header that subgraphs get', (name) => {
  expect(() => readConfig({ FORWARD_HEADERS: `authorization,${name}` })).toThrow(/FORWARD_HEADERS/);
});

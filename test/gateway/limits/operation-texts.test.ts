import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeaderMap } from '@apollo/server';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { operationTexts } from '#gateway/limits/operation-texts.ts';
import type { Registry } from '#gateway/limits/registry.ts';
import { emptyRegistry } from '#gateway/limits/registry.ts';
import { textStore } from '#gateway/limits/text-store.ts';
import type { OperationRequest } from '#gateway/request.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';
import type { Caller } from '#kit/caller.ts';
import { stranger } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';
import { administrator, partner } from '#test/harness/callers.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';

let books: ForeignSubgraph;
let running: GatewayUnderTest | undefined;
let folder: string;

beforeAll(async () => {
  books = await startForeign(bookshop.books);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
});
afterEach(async () => {
  await running?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
afterAll(() => books[Symbol.asyncDispose]());

const callers: Readonly<Record<string, Caller>> = {
  acme: partner('acme-genomics', []),
  helix: partner('helix-labs', []),
  stranger,
};

/** The caller is who the header `x-test-caller` names, else an administrator of the laboratory. */
const start = async (env: Record<string, string> = {}, parts: Partial<Parameters<typeof testGateway>[0]> = {}) => {
  running = await testGateway({
    sdl: composeForeign([books]),
    env,
    identify: async ({ headers }) => callers[String(headers['x-test-caller'])] ?? administrator,
    ...parts,
  });
  return running;
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hashed = (value: string) => ({ persistedQuery: { version: 1, sha256Hash: value } });

const post = (gateway: GatewayUnderTest, body: object, caller = 'acme') =>
  gateway.send({
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-test-caller': caller },
    body: JSON.stringify(body),
  });

const get = (gateway: GatewayUnderTest, search: Record<string, string>, caller = 'acme') =>
  gateway.send({
    path: `/graphql?${new URLSearchParams(search)}`,
    headers: { 'apollo-require-preflight': '1', 'x-test-caller': caller },
  });

const codeOf = ({ status, body }: Awaited<ReturnType<typeof post>>) => [status, body.errors?.[0]?.extensions['code']];

const query = 'query Titles($first: Int) { books(first: $first) { title } }';
const hash = sha256(query);
const variables = { first: 1 };
const data = { books: [{ title: 'Book 1' }] };

describe('A43 automatic persisted queries', () => {
  test('a text that came with its hash is run by the hash from then on, with POST as with GET', async () => {
    const gateway = await start();
    const missing = await post(gateway, { variables, extensions: hashed(hash) });
    expect(codeOf(missing)).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND']);
    expect(missing.body.errors?.[0]).toEqual({
      message: 'PersistedQueryNotFound',
      extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', requestId: missing.headers.get('x-request-id') },
    });
    expect(missing.headers.get('cache-control')).toBe('no-store');
    expect((await post(gateway, { query, variables, extensions: hashed(hash) })).body).toEqual({ data });
    expect((await post(gateway, { variables, extensions: hashed(hash) })).body).toEqual({ data });
    const search = { variables: JSON.stringify(variables), extensions: JSON.stringify(hashed(hash)) };
    expect((await get(gateway, search)).body).toEqual({ data });
  });

  test('a text may be made known with GET', async () => {
    const gateway = await start();
    const search = { variables: JSON.stringify(variables), extensions: JSON.stringify(hashed(hash)) };
    expect(codeOf(await get(gateway, search))).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND']);
    expect((await get(gateway, { query, ...search })).body).toEqual({ data });
    expect((await get(gateway, search)).body).toEqual({ data });
  });

  test('what GET may not do, it may not do by a hash either', async () => {
    const gateway = await start();
    const mutation = 'mutation { rename(id: "1", title: "x") { id } }';
    await post(gateway, { query: mutation, extensions: hashed(sha256(mutation)) });
    const extensions = JSON.stringify(hashed(sha256(mutation)));
    expect(codeOf(await get(gateway, { extensions }))).toEqual([405, 'METHOD_NOT_ALLOWED']);
    const path = `/graphql?${new URLSearchParams({ extensions })}`;
    expect(codeOf(await gateway.send({ path, headers: { 'x-test-caller': 'acme' } }))).toEqual([400, 'BAD_REQUEST']);
  });

  test.each([
    ['a hash of another text', { query, extensions: hashed(sha256('{ __typename }')) }],
    ['a hash in capitals', { query, extensions: hashed(hash.toUpperCase()) }],
    ['version 2', { query, extensions: { persistedQuery: { version: 2, sha256Hash: hash } } }],
    ['no version', { query, extensions: { persistedQuery: { sha256Hash: hash } } }],
    ['no hash', { query, extensions: { persistedQuery: { version: 1 } } }],
    ['a hash that is a list', { extensions: { persistedQuery: { version: 1, sha256Hash: [hash] } } }],
    ['a hash of 10 KB', { extensions: hashed('a'.repeat(10_000)) }],
    ['an extension that is a text', { query, extensions: { persistedQuery: 'x' } }],
    ['an empty text', { query: '', extensions: hashed(hash) }],
  ])('%s is refused', async (_, body) => {
    const gateway = await start();
    const before = books.seen.length;
    expect(codeOf(await post(gateway, body))).toEqual([400, 'BAD_REQUEST']);
    const search = { ...('query' in body && { query: body.query }), extensions: JSON.stringify(body.extensions) };
    expect(codeOf(await get(gateway, search))).toEqual([400, 'BAD_REQUEST']);
    expect(books.seen.length).toBe(before);
  });

  test('an extension that is null is none, and others stay', async () => {
    const gateway = await start();
    const answer = await post(gateway, { query, variables, extensions: { persistedQuery: null, other: 1 } });
    expect(answer.body).toEqual({ data });
  });

  test('organizations do not see what others made known', async () => {
    const gateway = await start();
    await post(gateway, { query, variables, extensions: hashed(hash) }, 'acme');
    expect(codeOf(await post(gateway, { variables, extensions: hashed(hash) }, 'helix'))).toEqual([
      200,
      'PERSISTED_QUERY_NOT_FOUND',
    ]);
    expect((await post(gateway, { variables, extensions: hashed(hash) }, 'acme')).body).toEqual({ data });
  });

  test('strangers are told what they are always told, and leave nothing behind', async () => {
    const gateway = await start({ PUBLIC_FIELDS: 'Query.books' });
    const answers = [
      await post(gateway, { extensions: hashed(hash) }, 'stranger'),
      await post(gateway, { query, extensions: hashed('0') }, 'stranger'),
      await post(gateway, { query, extensions: { persistedQuery: { version: 2 } } }, 'stranger'),
      await get(gateway, { extensions: JSON.stringify(hashed(hash)) }, 'stranger'),
    ];
    expect(answers.map(codeOf)).toEqual(Array.from({ length: 4 }, () => [401, 'UNAUTHENTICATED']));
    expect((await post(gateway, { query, variables, extensions: hashed(hash) }, 'stranger')).body).toEqual({ data });
    expect(codeOf(await post(gateway, { variables, extensions: hashed(hash) }, 'stranger'))).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('a flood of texts pushes out the texts of its own organization only', async () => {
    const gateway = await start({ APQ_MAX_TEXTS: '10' });
    const send = (text: string, caller: string) => post(gateway, { query: text, extensions: hashed(sha256(text)) }, caller);
    await send(query, 'acme');
    for (let index = 0; index < 30; index++) await send(`query Q${index} { __typename }`, 'helix');
    expect((await post(gateway, { variables, extensions: hashed(hash) }, 'acme')).body).toEqual({ data });
    const known = async (index: number) =>
      (await post(gateway, { extensions: hashed(sha256(`query Q${index} { __typename }`)) }, 'helix')).body.errors === undefined;
    expect([await known(19), await known(20), await known(29)]).toEqual([false, true, true]);
  });
});

describe('the layer', () => {
  const text = 'query Named { __typename }';
  const request = (body: object, caller: Caller = administrator) => {
    const outcome = { accepted: true, refusedText: false, isPublic: true };
    return { method: 'POST', url: '/graphql', headers: {}, body, context: { outcome, call: { caller } } } as OperationRequest;
  };
  const registry: Registry = {
    ...emptyRegistry,
    findById: (_, id) => (id === 'known' ? { name: 'Named', text } : undefined),
  };
  const parts = {
    mode: 'log',
    registry,
    texts: textStore({ maxTexts: 1, maxCharacters: 100, maxOrganizations: 1 }),
    onUnregistered: () => undefined,
  } as const;
  const answer: HttpAnswer = { status: 200, headers: new HeaderMap(), body: '' };

  test('hands on a text in place of a reference, and the name that it is registered under', async () => {
    const seen: OperationRequest[] = [];
    const handle = operationTexts(parts)(async (asked) => {
      seen.push(asked);
      return answer;
    });
    const body = { variables: { a: 1 }, operationName: 'Named', extensions: { ...hashed('known'), other: 1 } };
    await handle(request(body));
    expect(seen.map(({ body: passed, context }) => [passed, context.outcome.registered])).toEqual([
      [{ ...body, query: text, extensions: { other: 1 } }, 'Named'],
    ]);
  });

  test('lets a refusal be booked, and be refused for want of points in its place', async () => {
    const booked: string[] = [];
    const onRefusal = async ({ call: { caller } }: OperationRequest['context']): Promise<void> => {
      booked.push(caller.organization);
      if (booked.length > 1) throw new ExpectedError('RATE_LIMITED', 'Come back later.');
    };
    const handle = operationTexts({ ...parts, onRefusal })(async () => answer);
    const code = (body: object) => handle(request(body)).catch((error: ExpectedError) => error.code);
    expect(await code({ query: text })).toBe(answer);
    expect(await code({ extensions: hashed('unknown') })).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(await code({ extensions: hashed('unknown') })).toBe('RATE_LIMITED');
    expect(booked).toEqual(['lab', 'lab']);
  });
});

test('a store of texts is bounded in texts, characters and organizations, and forgets what was asked for least recently', () => {
  const store = textStore({ maxTexts: 100, maxCharacters: 30, maxOrganizations: 2 });
  const kept = (organization: string, hashes: string) =>
    [...hashes].filter((name) => store.find(organization, name) !== undefined).join('');
  for (const name of 'abcd') store.keep('one', name, name.repeat(10));
  expect(kept('one', 'abcd')).toBe('bcd');
  store.keep('one', 'e', 'x'.repeat(31));
  expect(kept('one', 'bcde')).toBe('bcd');
  store.find('one', 'b');
  store.keep('one', 'f', 'f'.repeat(10));
  expect(kept('one', 'bcdf')).toBe('bdf');
  store.keep('two', 'a', 'a');
  store.find('one', 'b');
  store.keep('three', 'a', 'a');
  expect([kept('one', 'b'), kept('two', 'a'), kept('three', 'a')]).toEqual(['b', '', 'a']);
});

type Listed = { readonly id: string; readonly name: string; readonly body: string };

const manifest = (...operations: readonly Listed[]): string =>
  JSON.stringify({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: operations.map((operation) => ({ ...operation, type: 'query' })),
  });

/** Puts a file in the place of another at once. */
const place = async (name: string, text: string): Promise<string> => {
  const file = join(folder, 'manifests', name);
  await mkdir(join(folder, 'manifests'), { recursive: true });
  await writeFile(join(folder, 'new'), text);
  await rename(join(folder, 'new'), file);
  return file;
};

const titles = { id: hash, name: 'Titles', body: query };
const typename = { id: 'the-type', name: 'TheType', body: 'query TheType { __typename }' };
const unlisted = '{ books(first: 1) { id } }';

describe('registered operations', () => {
  const watched = (mode: string, path = join(folder, 'manifests')) => ({
    PERSISTED_OPERATIONS: mode,
    PERSISTED_OPERATIONS_PATH: path,
    PERSISTED_OPERATIONS_POLL_MS: '20',
  });

  test('enforce: an operation of the manifest runs by its id, by its hash and by its text, and no other runs', async () => {
    const file = await place('manifest.json', manifest(titles, typename));
    const gateway = await start(watched('enforce', file));
    const ofType = { data: { __typename: 'Query' } };
    expect((await post(gateway, { variables, extensions: hashed(hash) })).body).toEqual({ data });
    expect((await post(gateway, { query, variables, extensions: hashed(hash) })).body).toEqual({ data });
    expect((await post(gateway, { query, variables })).body).toEqual({ data });
    expect((await post(gateway, { extensions: { persistedQuery: { version: 1, id: 'the-type' } } })).body).toEqual(ofType);
    expect((await post(gateway, { extensions: hashed('the-type') })).body).toEqual(ofType);
    expect((await post(gateway, { extensions: hashed(sha256(typename.body)) })).body).toEqual(ofType);
    expect((await get(gateway, { query: typename.body })).body).toEqual(ofType);
    expect((await get(gateway, { extensions: JSON.stringify(hashed('the-type')) })).body).toEqual(ofType);

    const before = books.seen.length;
    for (const body of [
      { query: unlisted },
      { query: `${query} ` },
      { query: unlisted, extensions: hashed(sha256(unlisted)) },
      { extensions: hashed(sha256(unlisted)) },
      { extensions: { persistedQuery: { version: 1, id: 'nobody' } } },
      { query: 'not even GraphQL' },
      { query: 'the-type' },
    ])
      expect([body, ...codeOf(await post(gateway, body))]).toEqual([body, 403, 'FORBIDDEN']);
    expect(codeOf(await get(gateway, { query: unlisted }))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await post(gateway, { query: unlisted, extensions: hashed(hash) }))).toEqual([400, 'BAD_REQUEST']);
    expect(codeOf(await post(gateway, {}))).toEqual([400, 'BAD_REQUEST']);
    expect(books.seen.length).toBe(before);
  });

  test('enforce: two texts in one URL do not bring an unregistered one past', async () => {
    const gateway = await start(watched('enforce', await place('manifest.json', manifest(titles, typename))));
    const both = (...texts: readonly string[]) =>
      gateway.send({
        path: `/graphql?${texts.map((text) => `query=${encodeURIComponent(text)}`).join('&')}`,
        headers: { 'apollo-require-preflight': '1', 'x-test-caller': 'acme' },
      });
    expect(codeOf(await both(typename.body, unlisted))).toEqual([400, 'BAD_REQUEST']);
    expect(codeOf(await both(unlisted, typename.body))).toEqual([403, 'FORBIDDEN']);
  });

  test('an organization has its own manifest beside that of all, and not that of another', async () => {
    await place('_all.json', manifest(typename));
    await place('acme-genomics.json', manifest(titles));
    const gateway = await start(watched('enforce'));
    for (const [caller, body, status] of [
      ['acme', { extensions: hashed(hash), variables }, 200],
      ['acme', { query, variables }, 200],
      ['acme', { query: typename.body }, 200],
      ['helix', { extensions: hashed(hash), variables }, 403],
      ['helix', { query, variables }, 403],
      ['helix', { extensions: hashed('the-type') }, 200],
    ] as const)
      expect([caller, body, (await post(gateway, body, caller)).status]).toEqual([caller, body, status]);
  });

  test('enforce: a stranger may run what is registered and public, and is told nothing else', async () => {
    await place('_all.json', manifest(titles, { id: 'secret', name: 'Secret', body: 'query Secret { echo(text: "x") }' }));
    const gateway = await start({ ...watched('enforce'), PUBLIC_FIELDS: 'Query.books' });
    expect((await post(gateway, { variables, extensions: hashed(hash) }, 'stranger')).body).toEqual({ data });
    const refused = [
      await post(gateway, { query: unlisted }, 'stranger'),
      await post(gateway, { extensions: hashed('nobody') }, 'stranger'),
      await post(gateway, { extensions: hashed('secret') }, 'stranger'),
    ];
    const [first] = refused.map(({ body }) => body.errors?.[0]?.message);
    expect(refused.map(({ status, body }) => [status, body.errors?.[0]?.message])).toEqual(refused.map(() => [401, first]));
  });

  test('log: other operations run and are logged once each, those that cannot run are not', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
    const gateway = await start(watched('log', await place('manifest.json', manifest(titles))), { logger });
    for (let time = 0; time < 3; time++) {
      expect((await post(gateway, { query: unlisted })).status).toBe(200);
      expect((await post(gateway, { query, variables })).body).toEqual({ data });
      await post(gateway, { query: '{ nothing }' });
      await post(gateway, { query: '{ books' });
      await post(gateway, { query: unlisted }, 'stranger');
    }
    await post(gateway, { query: unlisted }, 'helix');
    await post(gateway, { query: unlisted, extensions: hashed(sha256(unlisted)) }, 'acme');
    expect((await post(gateway, { extensions: hashed(sha256(unlisted)) }, 'acme')).status).toBe(200);
    const told = lines.filter(({ msg }) => msg === 'operation is not registered');
    expect(told.map(({ organization, hash: named }) => [organization, named])).toEqual([
      ['acme-genomics', sha256(unlisted)],
      ['helix-labs', sha256(unlisted)],
    ]);
    expect(JSON.stringify(lines)).not.toContain('books(first');
  });

  test('a manifest is swapped in whole; a broken one leaves the old one in force, one that is gone takes its operations along', async () => {
    const errors: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line) => errors.push(JSON.parse(line).err.message) });
    await place('_all.json', manifest(typename));
    await place('acme-genomics.json', manifest(titles));
    const gateway = await start(watched('enforce'), { logger });
    const statusOf = async (id: string) => (await post(gateway, { variables, extensions: hashed(id) })).status;

    await place('acme-genomics.json', manifest({ ...titles, id: 'titles' }));
    await expect.poll(() => statusOf('titles')).toBe(200);
    await place('acme-genomics.json', '{ "format":');
    await expect.poll(() => errors.length).toBe(1);
    expect(errors[0]).toMatch(/^acme-genomics\.json: /);
    expect([await statusOf('titles'), await statusOf('the-type')]).toEqual([200, 200]);

    await place('_all.json', manifest({ ...typename, id: 'renamed' }));
    await expect.poll(() => statusOf('renamed')).toBe(200);
    expect([await statusOf('titles'), await statusOf('the-type')]).toEqual([200, 403]);

    await rm(join(folder, 'manifests', 'acme-genomics.json'));
    await expect.poll(() => statusOf('titles')).toBe(403);
    expect(await statusOf('renamed')).toBe(200);

    const before = errors.length;
    await rename(join(folder, 'manifests'), join(folder, 'away'));
    await expect.poll(() => errors.length).toBeGreaterThan(before);
    expect(await statusOf('renamed')).toBe(200);
    await rename(join(folder, 'away'), join(folder, 'manifests'));
    await place('_all.json', manifest(titles));
    await expect.poll(() => statusOf(hash)).toBe(200);
    // Once for the folder that is gone, and once more where the look before was still under way.
    expect(errors.length).toBeLessThanOrEqual(before + 2);
  });

  test.each([
    ['no JSON', '{', /^PERSISTED_OPERATIONS_PATH: manifest\.json: /],
    ['another format', '{"format":"other","version":1,"operations":[]}', /format/],
    ['another version', manifest().replace('"version":1', '"version":2'), /version/],
    ['an operation without a text', manifest({ ...titles, body: '' }), /operations\[0\]\.body/],
    ['a name that is none', manifest({ ...titles, name: 'a\nb' }), /is not the name of an operation/],
    ['one id for two operations', manifest(titles, { ...typename, id: hash }), /the id [0-9a-f]{64} stands for two operations/],
  ])('a manifest with %s stops the start', async (_, text, reason) => {
    await expect(start(watched('log', await place('manifest.json', text)))).rejects.toThrow(reason);
  });

  test('the configuration is refused when it makes no sense, and says so by name', async () => {
    await expect(start(watched('log', '/nowhere/manifest.json'))).rejects.toThrow(/^PERSISTED_OPERATIONS_PATH: ENOENT/);
    expect(() => readConfig({ PERSISTED_OPERATIONS: 'enforce' })).toThrow(/^PERSISTED_OPERATIONS_PATH: is not set/);
    expect(() => readConfig({ PERSISTED_OPERATIONS: 'on' })).toThrow(/^PERSISTED_OPERATIONS: /);
    expect(readConfig({ PERSISTED_OPERATIONS_PATH: '/x' }).operationTexts.mode).toBe('log');
    expect(readConfig({ PERSISTED_OPERATIONS_PATH: '/x', PERSISTED_OPERATIONS: 'off' }).operationTexts.manifests).toBeUndefined();
  });
});

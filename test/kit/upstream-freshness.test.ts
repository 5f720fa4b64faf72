import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { httpTransport } from '#gateway/fetch/http-transport.ts';
import { localTransport } from '#gateway/fetch/local-transport.ts';
import type { SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import type { Call } from '#kit/call.ts';
import { systemClock } from '#kit/clock.ts';
import { defineSubgraph } from '#kit/define-subgraph.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { eachLoader } from '#kit/loader.ts';
import { path } from '#kit/path.ts';
import { allow } from '#kit/shield.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import { serve } from '#subgraphs/serve.ts';
import { administrator } from '#test/harness/callers.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { thing(id: ID!): Thing }
  type Thing @key(fields: "id") { id: ID! name: String }
`;

const Thing = z.object({ id: z.string(), name: z.string() });

type Fields = { readonly [Name in 'cache-control' | 'age' | 'etag']?: string | string[] };

/** A subgraph over a service that answers with the header fields given by id, asked in process and over HTTP. */
async function startThings(fieldsOf: (id: string) => Fields & { readonly status?: number }) {
  await using opening = new AsyncDisposableStack();
  const upstream = opening.use(
    await startUpstream((request, response) => {
      const id = request.url?.split('/').at(-1) ?? '';
      const { status = 200, ...fields } = fieldsOf(id);
      for (const [name, value] of Object.entries<string | string[]>(fields)) response.setHeader(name, value);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ id, name: `Thing ${id}` }));
    }),
  );
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'schema.graphql');
  await writeFile(file, sdl);
  type Context = {
    readonly things: ReturnType<typeof eachLoader<string, z.infer<typeof Thing>>>;
  };
  type Given = { readonly id: string };
  const definition = defineSubgraph<Context>({
    name: 'samples',
    schema: pathToFileURL(file),
    permissions: { Query: { _entities: allow, thing: allow } },
    resolvers: {
      Query: { thing: (_: unknown, { id }: Given, { things }: Context) => things.load(id) },
      Thing: { __resolveReference: ({ id }: Given, { things }: Context) => things.load(id) },
    },
    open:
      () =>
      ({ rest }) => ({
        things: eachLoader((id) => rest.find(path`/things/${id}`, { answer: Thing })),
      }),
  });
  const onUnexpectedError = (error: unknown): void => expect(error).toBeUndefined();
  const settings = { ...readUpstreamSettings('samples', {}), prefix: '', url: upstream.url };
  const upstreams = opening.use(await openUpstreams(new Map([['samples', settings]]), { clock: systemClock, onUnexpectedError }));
  const subgraph = definition.open({ upstreams, clock: systemClock, onUnexpectedError });
  const secret = developmentSecrets.SUBGRAPH_SECRET;
  const served = opening.use(await serve(subgraph, { host: '127.0.0.1', port: 0, secret, onUnexpectedError }));
  const remote = opening.use(
    httpTransport({
      service: 'samples',
      url: served.url,
      subgraphTimeoutMs: 2_000,
      connections: 2,
      maxSubgraphBytes: 100_000,
      showErrors: false,
      consul: { url: 'http://127.0.0.1:1' },
      onConsulFailure: () => undefined,
    }),
  );
  const headers = { [assertionHeader]: await assertionSigner(secret, 'samples')(administrator) };
  const local = localTransport(subgraph);
  const requestFor = (text: string, variables: SubgraphRequest['variables'], call: Call): SubgraphRequest => ({
    service: 'samples',
    text,
    variables,
    kind: 'query',
    carriesUploads: false,
    call,
    headers,
    signal: call.signal,
  });
  const opened = opening.move();
  return {
    seen: upstream.seen,
    local: (text: string, call: Call = newCall(), variables = {}): Promise<SubgraphResponse> =>
      local(requestFor(text, variables, call)),
    remote: (text: string): Promise<SubgraphResponse> => remote.handle(requestFor(text, {}, newCall())),
    headersOf: async (query: string): Promise<Headers> =>
      (
        await fetch(served.url, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        })
      ).headers,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const newCall = (): Call => ({ requestId: 'request-0001', signal: AbortSignal.timeout(5_000), caller: administrator });

/** Whole seconds: some milliseconds pass between a service's answer and the look at it. */
const seconds = ({ freshness }: SubgraphResponse): number | undefined => freshness && Math.ceil(freshness.maxAgeSeconds);

type Said = { readonly seconds: number; readonly isPrivate: boolean };

const said: readonly (readonly [string, Fields, Said | undefined])[] = [
  ['max-age', { 'cache-control': 'max-age=60' }, { seconds: 60, isPrivate: false }],
  ['max-age and Age', { 'cache-control': 'max-age=60', age: '20' }, { seconds: 40, isPrivate: false }],
  ['private', { 'cache-control': 'private, max-age=60' }, { seconds: 60, isPrivate: true }],
  ['no-store', { 'cache-control': 'no-store' }, { seconds: 0, isPrivate: false }],
  ['max-age=abc', { 'cache-control': 'max-age=abc' }, { seconds: 0, isPrivate: false }],
  ['several lines', { 'cache-control': ['max-age=60', 'no-store'] }, { seconds: 0, isPrivate: false }],
  ['nothing', {}, undefined],
];

test.each(said)(
  'E3: what a service says by %s comes with the answer of a subgraph, in process and over HTTP',
  async (_, headers, expected) => {
    await using things = await startThings(() => headers);
    const local = await things.local('{ thing(id: "1") { name } }');
    expect(local.data).toEqual({ thing: { name: 'Thing 1' } });
    expect(seconds(local)).toBe(expected?.seconds);
    expect(local.freshness?.isPrivate).toBe(expected?.isPrivate);
    const remote = await things.remote('{ thing(id: "1") { name } }');
    expect(remote.data).toEqual(local.data);
    // Over HTTP only whole seconds are told, and never too many.
    expect(expected === undefined).toBe(remote.freshness === undefined);
    expect((seconds(remote) ?? 0) - (expected?.seconds ?? 0)).toBeOneOf([0, -1]);
    expect(remote.freshness?.isPrivate).toBe(expected?.isPrivate);
  },
);

test('E3: of several reads of a call the least fresh counts, of a missing thing as well, and one that says nothing does not', async () => {
  const by: Record<string, Fields & { status?: number }> = {
    long: { 'cache-control': 'max-age=600' },
    short: { 'cache-control': 'private, max-age=30' },
    gone: { 'cache-control': 'max-age=5', status: 404 },
  };
  await using things = await startThings((id) => by[id] ?? {});
  const two = await things.local(
    '{ a: thing(id: "long") { name } b: thing(id: "short") { name } c: thing(id: "silent") { name } }',
  );
  expect(seconds(two)).toBe(30);
  expect(two.freshness?.isPrivate).toBe(true);
  const missing = await things.local('{ a: thing(id: "long") { name } b: thing(id: "gone") { name } }');
  expect(missing.data).toEqual({ a: { name: 'Thing long' }, b: null });
  expect(seconds(missing)).toBe(5);
  expect((await things.local('{ thing(id: "silent") { name } }')).freshness).toBeUndefined();
});

test('E3: what a loader already holds keeps what was said of it for a later fetch of the same call', async () => {
  await using things = await startThings(() => ({ 'cache-control': 'max-age=60' }));
  const call = newCall();
  await things.local('{ thing(id: "1") { name } }', call);
  const entities = 'query($r: [_Any!]!) { _entities(representations: $r) { ... on Thing { name } } }';
  const again = await things.local(entities, call, { r: [{ __typename: 'Thing', id: '1' }] });
  expect(things.seen).toEqual(['GET /things/1']);
  expect(seconds(again)).toBe(60);
  expect((await things.local('{ __typename }', newCall())).freshness).toBeUndefined();
});

test('E3: a subgraph that runs alone says it as a header field, and nothing when it heard nothing', async () => {
  await using things = await startThings((id) => (id === '1' ? { 'cache-control': 'private, max-age=60, must-revalidate' } : {}));
  expect((await things.headersOf('{ thing(id: "1") { name } }')).get('cache-control')).toMatch(
    /^max-age=(59|60), private, must-revalidate$/,
  );
  expect((await things.headersOf('{ thing(id: "2") { name } }')).get('cache-control')).toBeNull();
});

test('a service that gives validators is asked whether its answer still holds, request after request', async () => {
  let sent = 0;
  await using things = await startThings((id) => {
    sent += 1;
    return sent === 1 ? { etag: `"${id}"`, 'cache-control': 'max-age=10' } : { status: 304, 'cache-control': 'max-age=70' };
  });
  await things.local('{ thing(id: "1") { name } }');
  const renewed = await things.local('{ thing(id: "1") { name } }');
  expect(renewed).toMatchObject({ data: { thing: { name: 'Thing 1' } } });
  expect(seconds(renewed)).toBe(70);
});

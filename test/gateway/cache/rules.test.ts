import { expect, inject, test } from 'vitest';
import { openCache } from '#gateway/cache/open-cache.ts';
import type { SubgraphHandler, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import { stack } from '#kit/layer.ts';
import { administrator, partner, person } from '#test/harness/callers.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import type { Branch } from './library.ts';
import { startLibrary, testSettings } from './library.ts';

const redisUrl = inject('redisUrl');

const titleOf = async ({ gateway }: Branch, headers: Record<string, string> = {}): Promise<unknown> =>
  (await gateway.query('{ book(id: "1") { title } }', {}, headers)).body.data?.['book'];

test('E1: an answer with errors is not kept, and neither is what stands beside them', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  library.failing.set('book 1', 'broken');
  for (let reads = 0; reads < 2; reads++) expect(await titleOf(branch)).toBeNull();
  library.failing.clear();
  expect(await titleOf(branch)).toEqual({ title: 'Book 1' });
  expect(library.asked).toHaveLength(3);
});

test('E1: an older answer stands in for ten minutes for one that cannot be had, and is not kept anew', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock });
  await titleOf(branch);
  library.books.fault = { status: 503, body: '' };
  clock.advance(300_000);
  const { body, text } = await branch.gateway.query('{ book(id: "1") { title } }');
  expect(body.data).toEqual({ book: { title: 'Book 1' } });
  expect(body.errors).toBeUndefined();
  expect(JSON.parse(text).extensions.cache).toMatchObject([{ status: 'stale', age: 300, ttl: 0 }]);
  expect(branch.statuses).toEqual(['books miss', 'books stale']);
  clock.advance(360_000);
  expect(await titleOf(branch)).toBeNull();
});

test('E1: an older answer does not stand in for a refusal', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock });
  await titleOf(branch);
  clock.advance(120_000);
  library.failing.set('book 1', 'not for you');
  expect(await titleOf(branch)).toBeNull();
});

test('E3: what a subgraph allows by its headers shortens what is declared, and keeps nothing that is not', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock });
  const headers = { 'cache-control': 'max-age=10' };
  const asked = async (query: string, data: object): Promise<number> => {
    library.books.fault = { body: JSON.stringify({ data }), headers };
    const before = library.books.seen.length;
    expect((await branch.gateway.query(query)).body).toMatchObject({ data });
    return library.books.seen.length - before;
  };
  for (const calls of [1, 1]) expect(await asked('{ clock }', { clock: 'Tick' })).toBe(calls);
  for (const calls of [1, 0]) expect(await asked('{ notice { text } }', { notice: { text: 'Open' } })).toBe(calls);
  clock.advance(45_000);
  expect(await asked('{ notice { text } }', { notice: { text: 'Closed' } })).toBe(1);
});

test('E2: what is not there is remembered for five seconds', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock });
  library.names.set('a1', null);
  const ask = () => branch.gateway.query('{ book(id: "1") { title author { name } } }');
  await ask();
  await ask();
  expect(branch.statuses).toEqual(['books miss', 'authors miss', 'books hit', 'authors negative']);
  library.names.delete('a1');
  clock.advance(5_000);
  expect((await ask()).body.data).toEqual({ book: { title: 'Book 1', author: { name: 'Author a1' } } });
});

test('E2: what is not there for one organization is not missing for another one', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  library.names.set('a1', null);
  branch.caller = partner('acme-genomics', []);
  await branch.gateway.query('{ author(id: "a1") { name } }');
  library.names.delete('a1');
  branch.caller = partner('helix-labs', []);
  const { body } = await branch.gateway.query('{ author(id: "a1") { name } }');
  expect(body.data).toEqual({ author: { name: 'Author a1' } });
});

test('E2: what was created after it was missed is found at once', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  library.names.set('a1', null);
  await branch.gateway.query('{ author(id: "a1") { name } }');
  await branch.gateway.query('mutation { renameAuthor(id: "a1", name: "Created") { id } }');
  const { body } = await branch.gateway.query('{ author(id: "a1") { name } }');
  expect(body.data).toEqual({ author: { name: 'Created' } });
});

test.each([undefined, ...(redisUrl === undefined ? [] : [redisUrl])])(
  'E10: a value of 5 MB is answered and not kept (%s)',
  async (url) => {
    await using library = await startLibrary();
    await using branch = await library.open({ redisUrl: url });
    for (let reads = 0; reads < 2; reads++) {
      const { body } = await branch.gateway.query('{ large(size: 5000000) }');
      expect(String(body.data?.['large'])).toHaveLength(5_000_000);
    }
    expect(library.asked).toHaveLength(2);
    expect(branch.faults).toEqual(['oversize', 'oversize']);
    await branch.gateway.query('{ large(size: 900000) }');
    await branch.gateway.query('{ large(size: 900000) }');
    expect(library.asked).toHaveLength(3);
  },
);

test('E18: Cache-Control: no-cache is heeded of operators alone', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await titleOf(branch);
  await titleOf(branch, { 'cache-control': 'no-cache' });
  expect(library.asked).toHaveLength(2);
  branch.caller = person('guest');
  await titleOf(branch);
  for (let reads = 0; reads < 20; reads++) await titleOf(branch, { 'cache-control': 'no-cache' });
  expect(library.asked).toHaveLength(3);
});

const callers: readonly (readonly [string, Caller, Caller])[] = [
  ['organizations', partner('acme-genomics', ['samples:read']), partner('helix-labs', ['samples:read'])],
  ['scopes', partner('acme-genomics', ['samples:read']), partner('acme-genomics', [])],
  ['roles', person('guest'), person('lab_technician')],
];

test.each(callers)('CA-20: different %s never share what is kept', async (_, one, other) => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl });
  branch.caller = one;
  expect(await titleOf(branch)).toEqual({ title: 'Book 1' });
  library.titles.set('1', 'For the other one');
  branch.caller = other;
  expect(await titleOf(branch)).toEqual({ title: 'For the other one' });
});

test('CA-20: what is PRIVATE is never shared between subjects; what is PUBLIC is, by people of all roles', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl });
  const diary = async () => JSON.stringify((await branch.gateway.query('{ diary { text } }')).body.data);
  branch.caller = person('guest', 'one');
  const first = await diary();
  expect(await diary()).toBe(first);
  await branch.gateway.query('{ notice { text } }');
  branch.caller = person('guest', 'other');
  expect(await diary()).not.toBe(first);
  branch.caller = person('lab_administrator', 'third');
  await branch.gateway.query('{ notice { text } }');
  expect(library.asked.filter((asked) => asked === 'notice')).toHaveLength(1);
  branch.caller = partner('acme-genomics', []);
  await branch.gateway.query('{ notice { text } }');
  expect(library.asked.filter((asked) => asked === 'notice')).toHaveLength(2);
});

const sdl = `schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://cache.example/cache/v0.1", import: [{ name: "@cacheControl", as: "@keep" }]) { query: Query }
  directive @keep(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT
  enum join__Graph { JOBS @join__graph(name: "jobs", url: "") }
  type Query { status: Status @keep(maxAge: 30) result: Status @keep(maxAge: 3600) own: Status @keep(maxAge: 60, scope: PRIVATE) }
  type Status { state: String }`;

type Asked = Partial<Pick<SubgraphRequest, 'text' | 'signal'>> & { readonly caller?: Caller };

/** The layers alone, around a subgraph that answers as told. */
async function openLayers(handle: SubgraphHandler, clock = handClock()) {
  const settings = testSettings({ ages: { staleSeconds: 0 } });
  const cache = await openCache({ settings, clock, random: () => 0 });
  const { reads, coalesce, written, writtenLate } = cache.layersFor(sdl);
  const asked = stack([written, reads, coalesce, writtenLate], handle);
  const ask = ({ text = '{ status { state } }', signal = AbortSignal.timeout(10_000), caller = administrator }: Asked = {}) =>
    asked({
      service: 'jobs',
      text,
      variables: {},
      kind: text.startsWith('mutation') ? 'mutation' : 'query',
      carriesUploads: false,
      call: { requestId: 'r', signal, caller },
      headers: {},
      signal,
    });
  return { ask, clock, [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose]() };
}

const answering = (freshness?: SubgraphResponse['freshness']) => {
  const calls: SubgraphRequest[] = [];
  const handle: SubgraphHandler = async (request) => {
    calls.push(request);
    const name = /\{ (\w+)/.exec(request.text.replaceAll('\n', ' ').replaceAll(/ +/g, ' '))?.[1] ?? '';
    return { data: { [name]: { state: `seen ${calls.length}` } }, ...(freshness && { freshness }) };
  };
  return { calls, handle };
};

test.each([
  ['CA-12', '{ status { state } }', 30],
  ['CA-13', '{ result { state } }', 3_600],
])('%s: an answer hits a second before its time and misses a second after it', async (_, text, seconds) => {
  const { calls, handle } = answering();
  await using layers = await openLayers(handle);
  await layers.ask({ text });
  layers.clock.advance((seconds - 1) * 1_000);
  await layers.ask({ text });
  expect(calls).toHaveLength(1);
  layers.clock.advance(2_000);
  await layers.ask({ text });
  expect(calls).toHaveLength(2);
});

test.each([
  [{ maxAgeSeconds: 0, isPrivate: false }, '{ result { state } }', 0],
  [{ maxAgeSeconds: 10, isPrivate: false }, '{ result { state } }', 10],
  [{ maxAgeSeconds: 99, isPrivate: false }, '{ status { state } }', 30],
  [{ maxAgeSeconds: 60, isPrivate: true }, '{ result { state } }', 0],
  [{ maxAgeSeconds: 20, isPrivate: true }, '{ own { state } }', 20],
])('E3: what the services behind an answer allow (%j) shortens what is declared', async (freshness, text, seconds) => {
  const { calls, handle } = answering(freshness);
  await using layers = await openLayers(handle);
  await layers.ask({ text });
  layers.clock.advance(seconds * 1_000 - 1);
  await layers.ask({ text });
  expect(calls).toHaveLength(seconds === 0 ? 2 : 1);
  layers.clock.advance(1);
  await layers.ask({ text });
  expect(calls).toHaveLength(seconds === 0 ? 3 : 2);
});

test('a leader who goes away fails nobody who follows, and a follower who goes away stops nobody', async () => {
  const started: (() => void)[] = [];
  let calls = 0;
  const handle: SubgraphHandler = async ({ signal }) => {
    calls += 1;
    const number = calls;
    await new Promise<void>((resolve, reject) => {
      started.push(resolve);
      signal.addEventListener('abort', () => reject(upstreamError('UPSTREAM_TIMEOUT', 'jobs')));
    });
    return { data: { status: { state: `seen ${number}` } } };
  };
  await using layers = await openLayers(handle);
  const leader = new AbortController();
  const gone = new AbortController();
  const first = layers.ask({ signal: leader.signal });
  const followers = Array.from({ length: 20 }, () => layers.ask());
  const left = layers.ask({ signal: gone.signal });
  await expect.poll(() => calls).toBe(1);
  gone.abort();
  leader.abort();
  await expect(first).rejects.toThrow(ExpectedError);
  await expect.poll(() => calls).toBe(2);
  for (const start of started) start();
  const answers = await Promise.all([...followers, left]);
  expect(new Set(answers.map(({ data }) => JSON.stringify(data)))).toEqual(new Set(['{"status":{"state":"seen 2"}}']));
  expect(calls).toBe(2);
});

test('a failure is told to all who wait for it, and is not repeated for each of them', async () => {
  let calls = 0;
  const handle: SubgraphHandler = async () => {
    calls += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw upstreamError('UPSTREAM_UNAVAILABLE', 'jobs');
  };
  await using layers = await openLayers(handle);
  const answers = await Promise.allSettled(Array.from({ length: 50 }, () => layers.ask()));
  expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
  expect(calls).toBe(1);
});

test('no two callers ever get the same object', async () => {
  const { handle } = answering();
  await using layers = await openLayers(handle);
  const answers = await Promise.all(Array.from({ length: 10 }, () => layers.ask()));
  answers.push(await layers.ask());
  const objects = answers.map(({ data }) => data?.['status'] as object);
  expect(new Set(objects).size).toBe(11);
  for (const object of objects) Object.assign(object, { state: 'spoiled' });
  expect((await layers.ask()).data).toEqual({ status: { state: 'seen 1' } });
});

test('reads of which nothing is kept share a call while it runs, but not between subjects, and mutations never', async () => {
  let calls = 0;
  const handle: SubgraphHandler = async () => {
    calls += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { data: { unknown: { state: calls } } };
  };
  await using layers = await openLayers(handle);
  const text = '{ unknown { state } }';
  const answers = await Promise.all(Array.from({ length: 10 }, () => layers.ask({ text })));
  expect(calls).toBe(1);
  expect(new Set(answers.map(({ data }) => data)).size).toBe(10);
  await layers.ask({ text });
  expect(calls).toBe(2);
  await Promise.all([layers.ask({ text }), layers.ask({ text, caller: person('lab_administrator', 'other') })]);
  expect(calls).toBe(4);
  await Promise.all([
    layers.ask({ text: 'mutation { unknown { state } }' }),
    layers.ask({ text: 'mutation { unknown { state } }' }),
  ]);
  expect(calls).toBe(6);
});

import { setTimeout as pause } from 'node:timers/promises';
import type { DocumentNode, ExecutionResult, OperationDefinitionNode } from 'graphql';
import { GraphQLError, Kind, parse } from 'graphql';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { openCache } from '#gateway/cache/open-cache.ts';
import type { RequestContext } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import { stack } from '#kit/layer.ts';
import { administrator, partner, person } from '#test/harness/callers.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { testSettings } from './library.ts';

/* An operation whose parts would all be answered by what is kept is answered as a whole: it does not run. */

const redisUrl = inject('redisUrl') ?? '';

const sdl = `schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://cache.example/cache/v0.1", import: [{ name: "@cacheControl", as: "@keep" }]) { query: Query }
  directive @keep(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT
  enum join__Graph { JOBS @join__graph(name: "jobs", url: "") }
  type Query {
    status(of: String): Status @keep(maxAge: 30) result: Status @keep(maxAge: 60) own: Status @keep(maxAge: 60, scope: PRIVATE)
    now: Status
  }
  type Status { state: String }`;

type Given = { readonly redisUrl?: string; readonly secret?: string; readonly nearMs?: number };

type Asked = {
  readonly caller?: Caller;
  readonly variables?: Record<string, unknown>;
  readonly context?: Partial<RequestContext>;
};

type Read = { readonly document: DocumentNode; readonly operation: OperationDefinitionNode };

/** Parses each text once, as a server does. */
function parsing(): (text: string) => Read {
  const known = new Map<string, Read>();
  return (text) => {
    const document = parse(text);
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('No operation.');
    const found = known.get(text) ?? { document, operation };
    known.set(text, found);
    return found;
  };
}

const rootsOf = ({ selectionSet }: OperationDefinitionNode): readonly string[] =>
  selectionSet.selections.flatMap((node) =>
    node.kind === Kind.FIELD && !node.name.value.startsWith('__') ? [node.name.value] : [],
  );

/** The cache around a subgraph, and an executor that asks it for the operation as it stands, one call for each root field. */
async function openOperations({ redisUrl: url, secret = crypto.randomUUID(), nearMs = 2_000 }: Given = {}) {
  const clock = handClock();
  const told: string[] = [];
  const settings = testSettings({ redisUrl: url, secret, ages: { staleSeconds: 0 }, store: { nearMs, readTimeoutMs: 300 } });
  const onLookup = ({ status }: { readonly status: string }, times = 1): void => void told.push(`${status} ${times}`);
  const cache = await openCache({ settings, clock, random: () => 0, onLookup });
  const { answers, reads } = cache.layersFor(sdl, { shares: true });
  const state = { ran: 0, called: 0, value: 'idle' as string | null, fails: false };
  const handle = stack([reads], async ({ text }) => {
    state.called += 1;
    const name = /(\w+)(\([^)]*\))? \{\n? *state/.exec(text)?.[1] ?? '';
    return { data: { [name]: state.value === null ? null : { state: state.value } } };
  });
  const read = parsing();
  const run = answers(async ({ operation, variables, context: { call, outcome } }): Promise<ExecutionResult> => {
    state.ran += 1;
    const data: Record<string, unknown> = {};
    for (const name of rootsOf(operation)) {
      const answer = await handle({
        service: 'jobs',
        text: name === 'status' ? 'query ($of: String) { status(of: $of) { state } }' : `{ ${name} { state } }`,
        variables,
        kind: 'query',
        carriesUploads: false,
        headers: {},
        call,
        signal: call.signal,
        lookups: outcome.lookups,
      });
      Object.assign(data, answer.data);
    }
    return { data, ...(state.fails && { errors: [new GraphQLError('broken')] }) };
  });
  const ask = async (text: string, { caller = administrator, variables = {}, context = {} }: Asked = {}) => {
    const { document, operation } = read(text);
    const lookups: NonNullable<RequestContext['outcome']['lookups']> = [];
    const before = state.ran;
    const { data } = await run({
      document,
      operation,
      variables,
      schema: undefined as never,
      context: {
        call: { requestId: 'r', signal: AbortSignal.timeout(10_000), caller },
        forwarded: {},
        uploads: [],
        address: '127.0.0.1',
        wantsBreakdown: false,
        pricesOnly: false,
        outcome: { accepted: true, refusedText: false, isPublic: false, left: false, lookups },
        ...context,
      },
    });
    return { data, lookups, ran: state.ran > before };
  };
  /** Asks until the operation needs to run no more. */
  const warm = async (text: string, asked: Asked = {}) => {
    for (let times = 0; times < 2; times++) await ask(text, asked);
    await expect.poll(async () => (await ask(text, asked)).ran).toBe(false);
  };
  return { ask, warm, state, told, clock, cache, [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose]() };
}

const two = 'query ($of: String) { status(of: $of) { state } result { state } }';

test('what was made of kept parts alone is not run again, and tells the same look-ups with their ages moved on', async () => {
  await using operations = await openOperations();
  await operations.warm(two);
  const before = operations.told.length;
  operations.clock.advance(7_000);
  const { data, lookups, ran } = await operations.ask(two);
  expect({ data, ran }).toEqual({ data: { status: { state: 'idle' }, result: { state: 'idle' } }, ran: false });
  expect(lookups.map(({ status, ageSeconds, ttlSeconds }) => ({ status, ageSeconds, ttlSeconds }))).toEqual([
    { status: 'hit', ageSeconds: 7, ttlSeconds: 30 },
    { status: 'hit', ageSeconds: 7, ttlSeconds: 60 },
  ]);
  expect(lookups.every(({ tags }) => tags.length > 1)).toBe(true);
  expect(operations.told.slice(before)).toEqual(['hit 2']);
});

test('it ends with the part that ends first, and only that part is fetched anew', async () => {
  await using operations = await openOperations();
  await operations.warm(two);
  operations.clock.advance(29_000);
  expect((await operations.ask(two)).ran).toBe(false);
  operations.clock.advance(1_000);
  const called = operations.state.called;
  const { ran, lookups } = await operations.ask(two);
  expect({ ran, statuses: lookups.map(({ status }) => status) }).toEqual({ ran: true, statuses: ['miss', 'hit'] });
  expect(operations.state.called).toBe(called + 1);
});

test('what is known not to be there is kept for its own short time', async () => {
  await using operations = await openOperations();
  operations.state.value = null;
  await operations.warm(two);
  expect((await operations.ask(two)).lookups.map(({ status }) => status)).toEqual(['negative', 'negative']);
  operations.clock.advance(5_000);
  expect((await operations.ask(two)).ran).toBe(true);
});

test('nobody is answered by what belongs to another organization, to other rights, or to somebody else', async () => {
  await using operations = await openOperations();
  const both = '{ own { state } result { state } }';
  const callers = [
    person('guest', 'one'),
    person('guest', 'other'),
    person('lab_administrator', 'one'),
    partner('acme', ['samples:read']),
    partner('acme', ['samples:write']),
    partner('other', ['samples:read']),
  ];
  for (const [index, caller] of callers.entries()) {
    operations.state.value = `of ${index}`;
    await operations.cache.invalidate({ kind: 'subgraph', subgraph: 'nothing' });
    await operations.warm(both, { caller });
    await operations.warm('{ result { state } }', { caller });
  }
  const seen = async (text: string) => Promise.all(callers.map(async (caller) => (await operations.ask(text, { caller })).data));
  expect(await seen(both)).toMatchObject(callers.map((_, index) => ({ own: { state: `of ${index}` } })));
  // The second guest shares with the first one what is nobody's own.
  const states = [0, 0, 2, 3, 4, 5].map((index) => ({ result: { state: `of ${index}` } }));
  expect(await seen('{ result { state } }')).toEqual(states);
});

test('variables, and headers that subgraphs see, tell answers apart', async () => {
  await using operations = await openOperations();
  await operations.warm(two, { variables: { of: 'a' } });
  expect((await operations.ask(two, { variables: { of: 'b' } })).ran).toBe(true);
  expect((await operations.ask(two, { variables: { of: 'a' } })).ran).toBe(false);
  const context = { forwarded: { 'accept-language': 'de' } };
  expect((await operations.ask(two, { variables: { of: 'a' }, context })).ran).toBe(true);
});

test.each<[string, string, Partial<RequestContext>, boolean?]>([
  ['with errors', two, {}, true],
  ['with a part that nobody keeps', '{ status { state } now { state } }', {}],
  ['that tells of the schema', '{ status { state } __schema { types { name } } }', {}],
  ['that is to be fresh', two, { wantsFresh: true }],
  ['that may carry files', two, { uploads: ['variables.of'] }],
])('an answer %s is made anew each time', async (_, text, context, fails = false) => {
  await using operations = await openOperations();
  operations.state.fails = fails;
  for (let times = 0; times < 4; times++) expect((await operations.ask(text, { context })).ran).toBe(true);
});

test('an invalidation in this process ends every answer that has a part with its tag, and no other one', async () => {
  await using operations = await openOperations();
  await operations.warm(two);
  await operations.cache.invalidate({ kind: 'subgraph', subgraph: 'other' });
  expect((await operations.ask(two)).ran).toBe(false);
  operations.state.value = 'busy';
  await operations.cache.invalidate({ kind: 'type', type: 'Status' });
  expect((await operations.ask(two)).data).toEqual({ status: { state: 'busy' }, result: { state: 'busy' } });
});

describe.skipIf(redisUrl === '')('with Redis', () => {
  test.each([
    ['near', 2_000],
    ['past its near time', 1],
  ])('an invalidation by another replica ends an answer, %s', async (_, nearMs) => {
    const shared = { redisUrl, secret: crypto.randomUUID(), nearMs };
    await using one = await openOperations(shared);
    await using other = await openOperations(shared);
    for (let round = 0; round < 5; round++) {
      await one.warm(two);
      one.state.value = `round ${round}`;
      await other.cache.invalidate({ kind: 'type', type: 'Status' });
      expect((await one.ask(two)).data).toMatchObject({ result: { state: `round ${round}` } });
    }
  });

  test('past its near time an answer is found good by its stamps alone, and not by stamps that are gone', async () => {
    await using operations = await openOperations({ redisUrl, nearMs: 1 });
    await operations.warm(two);
    const redis = new Redis(redisUrl);
    const tags = (await operations.ask(two)).lookups.flatMap((lookup) => lookup.tags);
    const organization = tags.find((tag) => tag.endsWith(':organization')) ?? '';
    const keys = await redis.keys(`c:${organization.split(':')[0]}*`);
    expect(keys).toHaveLength(2);
    await redis.del(keys);
    expect((await operations.ask(two)).ran).toBe(false);
    await redis.del(`t:${organization}`);
    await pause(5);
    expect((await operations.ask(two)).ran).toBe(true);
    redis.disconnect();
  });

  test('while nothing is heard of others, each use asks Redis', async () => {
    const secret = crypto.randomUUID();
    await using deaf = await openOperations({ redisUrl, secret });
    await using other = await openOperations({ redisUrl, secret });
    await deaf.warm(two);
    const redis = new Redis(redisUrl);
    for (let round = 0; round < 10; round++) {
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      // Long enough for the other one to notice, not always for it to be back.
      await pause(5);
      deaf.state.value = `round ${round}`;
      await other.cache.invalidate({ kind: 'type', type: 'Status' });
      expect((await deaf.ask(two)).data).toMatchObject({ result: { state: `round ${round}` } });
      await deaf.ask(two);
    }
    redis.disconnect();
  });

  test('while Redis is away, an answer lives as long as copies do', async () => {
    await using proxy = await startFaultProxy({ port: Number(new URL(redisUrl).port || 6_379) });
    await using operations = await openOperations({ redisUrl: proxy.url('redis'), nearMs: 500 });
    await operations.warm(two);
    proxy.set({ down: { kind: 'blackHole' } });
    await expect.poll(async () => (await operations.ask(two)).ran, { timeout: 5_000 }).toBe(true);
    await operations.warm(two);
    expect((await operations.ask(two)).data).toEqual({ status: { state: 'idle' }, result: { state: 'idle' } });
  });
});

import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Call } from '#kit/call.ts';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import type { Layer } from '#kit/layer.ts';
import { path } from '#kit/path.ts';
import type { UpstreamOptions } from '#kit/rest-client.ts';
import { openUpstream } from '#kit/rest-client.ts';
import type { RestRequest, RestResponse } from '#kit/rest-transport.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const Thing = z.object({ id: z.string() });

const clientOf = (url: string, options: Partial<UpstreamOptions> = {}, call: Partial<Call> = {}) => {
  const upstream = openUpstream({
    service: 'things',
    origins: [url],
    clock: systemClock,
    timeoutMs: 300,
    maxBytes: 10_000,
    connections: 4,
    ...options,
  });
  const rest = upstream.forCall({ requestId: 'request-0001', signal: new AbortController().signal, caller: stranger, ...call });
  return { rest, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
};

const refusals: readonly (readonly [string, Parameters<typeof startUpstream>[0], string])[] = [
  ['a 500 with a password', always(500, '{"password":"hunter2"}'), 'UPSTREAM_UNAVAILABLE'],
  ['a 503 page', always(503, '<h1>db-7.internal</h1>', { 'content-type': 'text/html' }), 'UPSTREAM_UNAVAILABLE'],
  ['a 403', always(403, '{}'), 'UPSTREAM_REJECTED'],
  ['a redirect', always(307, '', { location: 'http://127.0.0.1:1/' }), 'UPSTREAM_INVALID_RESPONSE'],
  ['malformed JSON', always(200, '{"id":'), 'UPSTREAM_INVALID_RESPONSE'],
  ['JSON of the wrong shape', always(200, '{"id":5}'), 'UPSTREAM_INVALID_RESPONSE'],
  ['null', always(200, 'null'), 'UPSTREAM_INVALID_RESPONSE'],
  ['plain text', always(200, 'all good', { 'content-type': 'text/plain' }), 'UPSTREAM_INVALID_RESPONSE'],
  ['a body over the limit', always(200, JSON.stringify({ id: 'x'.repeat(20_000) })), 'UPSTREAM_INVALID_RESPONSE'],
  ['no answer', () => undefined, 'UPSTREAM_TIMEOUT'],
  [
    'a body that never ends',
    (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    'UPSTREAM_TIMEOUT',
  ],
  ['a reset connection', (request) => void request.socket.destroy(), 'UPSTREAM_UNAVAILABLE'],
];

test.each(refusals)('RE-06 %s becomes an error with a code, the service and none of its words', async (_, handle, code) => {
  await using upstream = await startUpstream(handle);
  await using client = clientOf(upstream.url);
  const error = await client.rest.get(path`/things/${'1'}`, { answer: Thing }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code, extensions: { code, service: 'things' } });
  expect(JSON.stringify([(error as Error).message, error])).not.toMatch(/hunter2|internal|127\.0\.0\.1/);
  expect(upstream.seen).toEqual(['GET /things/1']);
});

test('an upstream that is not there is UPSTREAM_UNAVAILABLE', async () => {
  const { url } = await startUpstream(always(200, '{}')).then(async (upstream) => {
    await upstream[Symbol.asyncDispose]();
    return upstream;
  });
  await using client = clientOf(url);
  await expect(client.rest.get('/', { answer: Thing })).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('a 404 is null for find and NOT_FOUND for get', async () => {
  await using upstream = await startUpstream(always(404, ''));
  await using client = clientOf(upstream.url);
  expect(await client.rest.find('/things/1', { answer: Thing })).toBeNull();
  await expect(client.rest.get('/things/1', { answer: Thing })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a 429 carries how long to wait', async () => {
  await using upstream = await startUpstream(always(429, '', { 'retry-after': '7' }));
  await using client = clientOf(upstream.url);
  await expect(client.rest.get('/', { answer: Thing })).rejects.toMatchObject({
    code: 'UPSTREAM_RATE_LIMITED',
    extensions: { retryAfter: 7 },
  });
});

test.each(['../admin', '%2e%2e%2f', 'a/b?x=1#', '..', '.', 'a\u0000', 'ü∕'])('the id %j stays one segment', async (id) => {
  await using upstream = await startUpstream(always(404, ''));
  await using client = clientOf(upstream.url);
  await client.rest.find(path`/things/${id}/parts`, { answer: Thing });
  expect(upstream.seen[0]).toMatch(/^GET \/things\/[^/?#]+\/parts$/);
  expect(upstream.seen[0]).not.toMatch(/\/\.{1,2}\//);
});

test('prefix, query and credential go out as set, and absent values do not', async () => {
  const headers: unknown[] = [];
  await using upstream = await startUpstream((request, response) => {
    headers.push([request.headers.authorization, request.headers['x-request-id'], request.headers['cookie']]);
    always(200, '{"id":"1"}')(request, response);
  });
  await using client = clientOf(upstream.url, {
    prefix: '/api/v1',
    credential: { kind: 'bearer', token: 'own', header: 'authorization' },
  });
  await client.rest.get('/things', { answer: Thing, query: { page: 1, q: 'a&b', none: null, gone: undefined } });
  await client.rest.get('/things', { answer: Thing, authorization: 'Bearer caller' });
  expect(upstream.seen).toEqual(['GET /api/v1/things?page=1&q=a%26b', 'GET /api/v1/things']);
  expect(headers).toEqual([
    ['Bearer own', 'request-0001', undefined],
    ['Bearer caller', 'request-0001', undefined],
  ]);
});

test('RE-19 one request has ten calls under way at most, and answers stand in the order of the questions', async () => {
  await using upstream = await startUpstream((request, response) => {
    const id = /\d+$/.exec(request.url ?? '')?.[0];
    setImmediate(() => always(200, JSON.stringify({ id }))(request, response));
  });
  await using client = clientOf(upstream.url, { connections: 50, timeoutMs: 5_000 });
  const ids = Array.from({ length: 60 }, (_, index) => String(index));
  const things = await Promise.all(ids.map((id) => client.rest.get(path`/things/${id}`, { answer: Thing })));
  expect(things.map(({ id }) => id)).toEqual(ids);
  expect(upstream.seen).toHaveLength(60);
  expect(upstream.peak()).toBeLessThanOrEqual(10);
});

test('RE-13 connections are used again, are no more than allowed, and calls beyond them wait', async () => {
  const sockets = new Set<unknown>();
  await using upstream = await startUpstream((request, response) => {
    sockets.add(request.socket);
    setTimeout(() => always(200, '{"id":"1"}')(request, response), 5);
  });
  const opened = openUpstream({
    service: 'things',
    origins: [upstream.url],
    clock: systemClock,
    timeoutMs: 10_000,
    maxBytes: 10_000,
    connections: 3,
  });
  await using _ = opened;
  const calls = Array.from({ length: 100 }, (_, number) => {
    const signal = new AbortController().signal;
    return opened.forCall({ requestId: `request-${number}`, signal, caller: stranger }).get('/', { answer: Thing });
  });
  expect(await Promise.all(calls)).toHaveLength(100);
  expect(upstream.peak()).toBeLessThanOrEqual(3);
  expect(sockets.size).toBeLessThanOrEqual(3);
});

test('RE-07 a call ends at the deadline of its service, and its connection with it', async () => {
  const closed = Promise.withResolvers<void>();
  await using upstream = await startUpstream((_, response) => void response.once('close', () => closed.resolve()));
  await using client = clientOf(upstream.url, { timeoutMs: 1_000 });
  const since = performance.now();
  await expect(client.rest.get('/', { answer: Thing })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  const took = performance.now() - since;
  expect(took).toBeGreaterThan(950);
  // A tenth, and what a busy machine takes to wake up.
  expect(took).toBeLessThan(1_100 + 400);
  await closed.promise;
});

test('SE-03 an answer that never ends is left where it becomes too long', async () => {
  let sent = 0;
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && sent < 60 * 2 ** 20) {
        const chunk = Buffer.alloc(2 ** 16, 32);
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
    };
    more();
  });
  await using client = clientOf(upstream.url, { timeoutMs: 10_000, maxBytes: 2 ** 20 });
  await expect(client.rest.get('/', { answer: Thing })).rejects.toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
  // What the two ends of a connection hold comes on top.
  expect(sent).toBeLessThan(20 * 2 ** 20);
});

test('a caller that goes away ends its calls', async () => {
  const gone = new AbortController();
  await using upstream = await startUpstream(() => gone.abort(new Error('gone')));
  await using client = clientOf(upstream.url, { timeoutMs: 60_000 }, { signal: gone.signal });
  await expect(client.rest.get('/', { answer: Thing })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  await expect(client.rest.get('/', { answer: Thing })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  expect(upstream.seen).toHaveLength(1);
});

test('a caller that goes away is told at once for the calls that still waited for their turn, and these are never made', async () => {
  const gone = new AbortController();
  await using upstream = await startUpstream(() => undefined);
  const begun: string[] = [];
  const counted: Layer<RestRequest, RestResponse> = (next) => (request) => {
    begun.push(request.path);
    return next(request);
  };
  await using client = clientOf(upstream.url, { connections: 50, timeoutMs: 60_000, layers: [counted] }, { signal: gone.signal });
  const calls = Array.from({ length: 30 }, () => client.rest.get('/', { answer: Thing }).catch(({ code }) => code));
  await vi.waitUntil(() => upstream.seen.length === 10);
  gone.abort(new Error('gone'));
  expect(await Promise.all(calls)).toEqual(Array(30).fill('UPSTREAM_TIMEOUT'));
  expect([begun.length, upstream.seen.length]).toEqual([10, 10]);
});

test('RC-05 calls are spread over the instances of an upstream', async () => {
  await using left = await startUpstream(always(200, '{"id":"left"}'));
  await using right = await startUpstream(always(200, '{"id":"right"}'));
  await using client = clientOf('', { origins: [left.url, right.url] });
  for (let calls = 0; calls < 100; calls++) await client.rest.get('/', { answer: Thing });
  expect([left.seen.length, right.seen.length]).toEqual([50, 50]);
});

test('RC-05 an instance that is gone is skipped after its first failure and tried again later', async () => {
  let now = 0;
  await using left = await startUpstream(always(200, '{"id":"left"}'));
  const right = await startUpstream(always(200, '{"id":"right"}'));
  await right[Symbol.asyncDispose]();
  await using client = clientOf('', { origins: [left.url, right.url], clock: { now: () => now } });
  const ask = () =>
    client.rest.get('/', { answer: Thing }).then(
      () => 'answered',
      () => 'failed',
    );
  const results: string[] = [];
  for (let calls = 0; calls < 20; calls++) results.push(await ask());
  expect(results.filter((result) => result === 'failed')).toHaveLength(1);
  now = 10_000;
  const later = [await ask(), await ask()];
  expect(later.filter((result) => result === 'failed')).toHaveLength(1);
});

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { systemClock } from '#kit/clock.ts';
import { stack } from '#kit/layer.ts';
import type { RestRequest, RestResponse } from '#kit/rest-transport.ts';
import { restTransport } from '#kit/rest-transport.ts';
import { revalidation } from '#kit/revalidation.ts';
import { startUpstream } from '#test/harness/upstream.ts';

type Answer = (request: { readonly url: string; readonly headers: IncomingHttpHeaders }, response: ServerResponse) => void;

/** A service, and a client that remembers; `asked` are the header fields of every request that came. */
async function service(answer: Answer, maxBytes = 1_000_000) {
  await using opening = new AsyncDisposableStack();
  const asked: IncomingHttpHeaders[] = [];
  const upstream = opening.use(
    await startUpstream((request, response) => {
      asked.push(request.headers);
      answer({ url: request.url ?? '', headers: request.headers }, response);
    }),
  );
  const transport = opening.use(
    restTransport({ service: 'things', origin: upstream.url, timeoutMs: 2_000, maxBytes: 5_000_000, connections: 4 }),
  );
  const handle = stack([revalidation({ maxBytes, clock: systemClock })], transport.handle);
  const send = (request: Partial<RestRequest> = {}): Promise<RestResponse> =>
    handle({ method: 'GET', path: '/things/1', headers: {}, signal: AbortSignal.timeout(5_000), ...request });
  const opened = opening.move();
  return { asked, send, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const json = { 'content-type': 'application/json' };

/** Answers with a tag, and 304 to who knows it. */
const tagged =
  (current: () => string, headers: Record<string, string> = {}): Answer =>
  (request, response) => {
    const etag = `"${current()}"`;
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag, ...headers }).end();
    else response.writeHead(200, { ...json, etag, ...headers }).end(JSON.stringify({ version: current() }));
  };

test('E3: a body that still holds is not sent again, and takes the freshness that the 304 says', async () => {
  let seconds = 5;
  const answer: Answer = (request, response) => tagged(() => '1', { 'cache-control': `max-age=${seconds}` })(request, response);
  await using things = await service(answer);
  const first = await things.send();
  seconds = 60;
  const second = await things.send();
  expect(things.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"1"']);
  expect(second).toMatchObject({ status: 200, body: first.body });
  expect(second.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'max-age=60' });
});

test('a body that changed is the new one, and asked after by its new tag', async () => {
  let version = 1;
  await using things = await service(tagged(() => String(version)));
  await things.send();
  version = 2;
  expect((await things.send()).body).toBe('{"version":"2"}');
  expect((await things.send()).body).toBe('{"version":"2"}');
  expect(things.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"1"', '"2"']);
});

test('CA-20: nobody is given what was remembered for another credential, whatever header it comes in', async () => {
  const answer: Answer = ({ headers }, response) => {
    if (headers['if-none-match'] !== undefined) response.writeHead(304).end();
    else response.writeHead(200, { ...json, etag: '"same"' }).end(`{"for":"${headers.authorization ?? headers['x-key']}"}`);
  };
  await using things = await service(answer);
  const of = async (headers: Record<string, string>) => (await things.send({ headers })).body;
  expect(await of({ authorization: 'Bearer one' })).toBe('{"for":"Bearer one"}');
  expect(await of({ authorization: 'Bearer two' })).toBe('{"for":"Bearer two"}');
  expect(await of({ 'x-key': 'three' })).toBe('{"for":"three"}');
  expect(await of({ authorization: 'Bearer one', 'x-request-id': 'b', traceparent: 'c' })).toBe('{"for":"Bearer one"}');
  expect(things.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, undefined, undefined, '"same"']);
});

test('another path, another query and another Accept are other answers', async () => {
  await using things = await service(tagged(() => '1'));
  await things.send({ headers: { accept: 'application/json' } });
  await things.send({ headers: { accept: 'text/csv' } });
  await things.send({ path: '/things/2', headers: { accept: 'application/json' } });
  await things.send({ path: '/things/1?full=true', headers: { accept: 'application/json' } });
  expect(things.asked.every((headers) => headers['if-none-match'] === undefined)).toBe(true);
});

const forgotten: readonly (readonly [string, Record<string, string>, string])[] = [
  ['without a validator', {}, '{}'],
  ['with no-store', { etag: '"1"', 'cache-control': 'max-age=60, No-Store' }, '{}'],
  ['over 1 MB', { etag: '"1"' }, JSON.stringify('x'.repeat(1024 * 1024))],
  ['with a tag that is none', { etag: 'bare' }, '{}'],
  ['changed within this very second', { 'last-modified': 'NOW', date: 'NOW' }, '{}'],
  ['that does not say when it was made', { 'last-modified': 'Sat, 21 Nov 2020 12:00:00 GMT' }, '{}'],
];

test.each(forgotten)('a body %s is not remembered', async (_, headers, body) => {
  const at = new Date().toUTCString();
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === 'NOW' ? at : value]));
  await using things = await service((__, response) => {
    response.sendDate = false;
    response.writeHead(200, { ...json, ...sent }).end(body);
  }, 10_000_000);
  await things.send();
  await things.send();
  expect(things.asked).toHaveLength(2);
  expect(things.asked.some((asked) => 'if-none-match' in asked || 'if-modified-since' in asked)).toBe(false);
});

test('where there is no tag, the time of the last change serves once its second is over', async () => {
  const modified = 'Sat, 21 Nov 2020 12:00:00 GMT';
  await using things = await service(({ headers }, response) => {
    if (headers['if-modified-since'] === modified) response.writeHead(304).end();
    else response.writeHead(200, { ...json, 'last-modified': modified }).end('{"version":1}');
  });
  await things.send();
  expect(await things.send()).toMatchObject({ status: 200, body: '{"version":1}' });
  expect(things.asked[1]).toMatchObject({ 'if-modified-since': modified });
});

test('writes are neither conditional nor remembered', async () => {
  await using things = await service(tagged(() => '1'));
  await things.send({ method: 'POST', body: '{}' });
  await things.send();
  await things.send({ method: 'PUT', body: '{}' });
  expect(things.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, undefined, undefined]);
});

test('E1: a failure is passed on and forgets nothing, a 404 forgets', async () => {
  let status: number | undefined;
  const answer: Answer = (request, response) =>
    status === undefined ? tagged(() => '1')(request, response) : void response.writeHead(status, json).end('{}');
  await using things = await service(answer);
  await things.send();
  status = 503;
  expect((await things.send()).status).toBe(503);
  status = 404;
  expect((await things.send()).status).toBe(404);
  status = undefined;
  expect((await things.send()).status).toBe(200);
  expect(things.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"1"', '"1"', undefined]);
});

test('a 304 about another body than the one asked after is not believed', async () => {
  await using things = await service(({ headers }, response) => {
    if (headers['if-none-match'] !== undefined) response.writeHead(304, { etag: '"other"' }).end();
    else response.writeHead(200, { ...json, etag: '"1"' }).end('{}');
  });
  await things.send();
  expect(await things.send()).toMatchObject({ status: 200, body: '{}' });
  expect(things.asked).toHaveLength(3);
});

test('a 304 that nobody asked for is passed on as it is', async () => {
  await using things = await service((_, response) => void response.writeHead(304).end());
  expect((await things.send()).status).toBe(304);
});

test('a 304 that forbids to keep the body is the last of it', async () => {
  let more: Record<string, string> = {};
  await using things = await service((request, response) => tagged(() => '1', more)(request, response));
  await things.send();
  more = { 'cache-control': 'no-store' };
  expect(await things.send()).toMatchObject({ status: 200, body: '{"version":"1"}' });
  await things.send();
  expect(things.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"1"', undefined]);
});

test('an age and a date that were remembered do not outlive a 304', async () => {
  await using things = await service(({ headers }, response) => {
    response.sendDate = false;
    if (headers['if-none-match'] !== undefined) response.writeHead(304).end();
    else response.writeHead(200, { ...json, etag: '"1"', age: '50', date: 'Sat, 21 Nov 2026 12:00:00 GMT' }).end('{}');
  });
  expect((await things.send()).headers).toMatchObject({ age: '50' });
  const { headers } = await things.send();
  expect(headers).not.toHaveProperty('age');
  expect(headers).not.toHaveProperty('date');
});

test('what is remembered is bounded, the longest unused goes first', async () => {
  const body = JSON.stringify('x'.repeat(10_000));
  await using things = await service((_, response) => void response.writeHead(200, { ...json, etag: '"1"' }).end(body), 35_000);
  for (const id of [1, 2, 3, 1, 4]) await things.send({ path: `/things/${id}` });
  things.asked.length = 0;
  for (const id of [1, 3, 4, 2]) await things.send({ path: `/things/${id}` });
  expect(things.asked.map((headers) => headers['if-none-match'])).toEqual(['"1"', '"1"', '"1"', undefined]);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { unwatched } from '#gateway/observer.ts';
import { systemClock } from '#kit/clock.ts';
import { createMetrics } from '#ops/meters/create-metrics.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { seriesValue } from '#test/harness/metrics-text.ts';
import { connectRaw } from '#test/harness/socket.ts';

let books: ForeignSubgraph;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  books = await startForeign(bookshop.books);
  gateway = await testGateway({
    sdl: composeForeign([books]),
    env: { HEADERS_TIMEOUT_MS: '200', RECEIVE_TIMEOUT_MS: '400', MAX_CONNECTIONS: '20' },
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await books[Symbol.asyncDispose]();
});

/** Everything that the gateway answers to these bytes until it hangs up. */
async function answerTo(bytes: string): Promise<string> {
  using client = await connectRaw(gateway.url);
  client.write(bytes);
  return await client.ended;
}

const last = 'connection: close\r\n';
const post = (headers: string, body: string): string => `POST /graphql HTTP/1.1\r\nhost: x\r\n${headers}\r\n${body}`;
const query = '{"query":"{ __typename }"}';
const length = `content-length: ${query.length}\r\n`;
const json = 'content-type: application/json\r\n';

const refusals: readonly (readonly [string, string, number, string])[] = [
  [
    'A45 two content types, the second JSON',
    post(`content-type: text/plain\r\n${json}${length}${last}`, query),
    400,
    'BAD_REQUEST',
  ],
  [
    'A45 two content types, the first JSON',
    post(`${json}Content-Type: text/plain\r\n${length}${last}`, query),
    400,
    'BAD_REQUEST',
  ],
  ['A47 headers that never end', 'POST /graphql HTTP/1.1\r\nhost: x\r\nx-slow: ', 408, 'REQUEST_TIMEOUT'],
  ['A47 a socket that says nothing', '', 408, 'REQUEST_TIMEOUT'],
  ['A47 a body shorter than its length', post(`${json}content-length: 100\r\n`, query), 408, 'REQUEST_TIMEOUT'],
  ['two lengths', post(`${json}${length}content-length: 5\r\n`, query), 400, 'BAD_REQUEST'],
  ['a length beside chunks', post(`${json}${length}transfer-encoding: chunked\r\n`, `1\r\n{\r\n0\r\n\r\n`), 400, 'BAD_REQUEST'],
  ['not HTTP', 'hello\r\n\r\n', 400, 'BAD_REQUEST'],
  ['headers of 20 KB', `GET /live HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'BAD_REQUEST'],
  ['A17 TRACE', `TRACE /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: of-somebody\r\n${last}\r\n`, 405, 'METHOD_NOT_ALLOWED'],
  ['a method that is none', `BREW /graphql HTTP/1.1\r\nhost: x\r\n${last}\r\n`, 400, 'BAD_REQUEST'],
];

test.each(refusals)('%s is refused in JSON and the connection ends', async (_, bytes, status, code) => {
  const answer = await answerTo(bytes);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(/^x-content-type-options: nosniff\r$/m);
  const { errors } = JSON.parse(body);
  expect(errors[0].extensions).toEqual({ code, requestId: /x-request-id: (\S+)/.exec(head)?.[1] });
  expect(answer).not.toMatch(/of-somebody|node_modules|\.ts:/);
});

test('A51 a thousand requests in one socket are answered in order, and no more', async () => {
  const request = (index: number): string => `GET /live HTTP/1.1\r\nhost: x\r\nx-request-id: request-${index}\r\n\r\n`;
  using client = await connectRaw(gateway.url);
  client.write(Array.from({ length: 1_001 }, (_, index) => request(index)).join(''));
  const answer = await client.received(/HTTP\/1\.1 503/);
  const ids = [...answer.matchAll(/x-request-id: request-(\d+)/g)].map(([, id]) => Number(id));
  expect(ids).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
});

test('A49 sockets beyond MAX_CONNECTIONS are closed at once, and those that idle make room', async () => {
  using held = new DisposableStack();
  const clients = [];
  for (let opened = 0; opened < 30; opened++) clients.push(held.use(await connectRaw(gateway.url)));
  const answers = await Promise.all(clients.map(({ ended }) => ended));
  expect(answers.filter((answer) => answer === '').length).toBeGreaterThanOrEqual(10);
  expect((await gateway.query('{ __typename }')).status).toBe(200);
});

test('OB-03 open sockets are a gauge, which is where it was once they are closed', async () => {
  using metrics = createMetrics({ clock: systemClock });
  await using watched = await testGateway({
    sdl: composeForeign([books]),
    observer: { ...unwatched, connections: metrics.connections },
  });
  const open = async () => seriesValue(await metrics.text(), 'api_gateway_active_connections');
  {
    using held = new DisposableStack();
    for (let opened = 0; opened < 7; opened++) held.use(await connectRaw(watched.url));
    await expect.poll(open).toBe(7);
  }
  await expect.poll(open).toBe(0);
});

test('A49 idle sockets do not keep others waiting', async () => {
  using held = new DisposableStack();
  for (let opened = 0; opened < 15; opened++) held.use(await connectRaw(gateway.url));
  expect((await gateway.query('{ books(first: 1) { title } }')).body.data).toEqual({ books: [{ title: 'Book 1' }] });
});

import { expect, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { deadline } from '#gateway/fetch/deadline.ts';
import { httpServer } from '#gateway/http/server.ts';
import type { SubgraphRequest } from '#gateway/request.ts';
import { createLogger } from '#ops/logger.ts';
import { startBookshop } from '#test/harness/bookshop.ts';
import { administrator } from '#test/harness/callers.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

test('a call made late gets only what is left of the request, and the rest is answered in time', async () => {
  await using shop = await startBookshop({ REQUEST_TIMEOUT_MS: '1000', SUBGRAPH_TIMEOUT_MS: '900' });
  const operation = '{ books { title author { name } } }';
  // The first time costs planning.
  await shop.gateway.query(operation);
  shop.books.fault = { delayMs: 500 };
  shop.authors.fault = { hang: true };
  const since = performance.now();
  const { status, body } = await shop.gateway.query(operation);
  // By itself the second call would have had until 1,400 ms.
  expect(performance.now() - since).toBeLessThan(1_000);
  expect(status).toBe(200);
  expect(body.data?.['books']).toEqual([
    { title: 'Book 1', author: null },
    { title: 'Book 2', author: null },
  ]);
  expect(body.errors?.map(({ path, extensions }) => [path?.join('.'), extensions['code']])).toEqual([
    ['books.0.author.name', 'UPSTREAM_TIMEOUT'],
    ['books.1.author.name', 'UPSTREAM_TIMEOUT'],
  ]);
});

test('the end of a request reaches the service at the far end', async () => {
  await using laboratory = await startLaboratory({ env: { REQUEST_TIMEOUT_MS: '600' } });
  laboratory.faults('storage', { kind: 'hang' });
  const { body } = await laboratory.gateway.query('{ samples(first: 1) { nodes { name storagePosition { id } } } }');
  expect(body.errors).toMatchObject([
    { path: ['samples', 'nodes', 0, 'storagePosition'], extensions: { code: 'UPSTREAM_TIMEOUT' } },
  ]);
  await expect.poll(() => laboratory.calls.filter(({ service }) => service === 'storage')).toMatchObject([{ status: 0 }]);
});

test('a write whose time is up may have been made, and says so', async () => {
  await using shop = await startBookshop({ REQUEST_TIMEOUT_MS: '500' });
  shop.books.fault = { hang: true };
  const { status, body } = await shop.gateway.query('mutation { rename(id: "7", title: "New") { title } }');
  expect(status).toBe(200);
  expect(body.errors).toMatchObject([
    { path: ['rename'], extensions: { code: 'UPSTREAM_TIMEOUT', outcome: 'UNKNOWN', retryable: false } },
  ]);
  expect(shop.books.seen).toHaveLength(1);
});

const request: Omit<SubgraphRequest, 'signal'> = {
  service: 'things',
  text: '{ thing }',
  variables: {},
  kind: 'query',
  headers: {},
  carriesUploads: false,
  call: { requestId: 'request-0001', signal: new AbortController().signal, caller: administrator },
};

test('nothing is asked for a request whose time is up', async () => {
  let asked = 0;
  const handle = deadline({ subgraphTimeoutMs: 1_000 })(async () => {
    asked++;
    return {};
  });
  await expect(handle({ ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  expect(asked).toBe(0);
});

test('a request that nothing answers is answered with 504 at its deadline', async () => {
  let signal: AbortSignal | undefined;
  await using app = httpServer({
    options: readConfig({ ENVIRONMENT: 'test', GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: '0', REQUEST_TIMEOUT_MS: '300' }).http,
    identify: async () => administrator,
    answer: (_, { call }) => {
      signal = call.signal;
      return new Promise(() => undefined);
    },
    refuses: () => false,
    ready: () => true,
    pricesOperations: false,
    page: undefined,
    logger: createLogger({ level: 'silent' }),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(`${app.listeningOrigin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'request-0001' },
    body: '{"query":"{ a }"}',
  });
  expect(response.status).toBe(504);
  expect(await response.json()).toMatchObject({
    errors: [{ message: expect.stringContaining('300 ms'), extensions: { code: 'GATEWAY_TIMEOUT', requestId: 'request-0001' } }],
  });
  expect(signal?.aborted).toBe(true);
});

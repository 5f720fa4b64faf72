import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { seriesValue } from '#test/harness/metrics-text.ts';
import { runProgram } from '#test/harness/process.ts';
import { serveBookshop } from '#test/harness/serving.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const [, helix] = developmentOrganizations;

/** A gateway over the sandbox, and how to ask it. */
async function start(env: Record<string, string>) {
  const running = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', ...env });
  const banner = await running.printed("EnterprisePlanDevKey001'");
  const [, url = ''] = /(http:\S+)\/graphql/.exec(banner) ?? [];
  const [, admin = ''] = /Operators (http:\S+?)\/health/.exec(banner) ?? [];
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const options = { 'content-type': 'application/json', 'x-api-key': helix.key, ...headers };
    return (await fetch(`${url}/graphql`, { method: 'POST', headers: options, body: JSON.stringify({ query }) })).json();
  };
  return { ...running, url, admin, ask };
}

const linesOf = (text: string): readonly Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

test('OB-41 OB-46 OB-49 the line of a request tells its trace and its look-ups, and a slow one stands in the performance log', async () => {
  await using collector = await startUpstream(always(200, '{}'));
  await using gateway = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    CACHE_ENABLED: 'true',
    SLOW_OPERATION_MS: '1',
  });
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const query = 'query Listed { samples(first: 2) { nodes { id name } } }';
  for (let turn = 0; turn < 3; turn++) await gateway.ask(query, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  gateway.kill('SIGTERM');
  const lines = linesOf((await gateway.ended).stderr);
  const requests = lines.filter(({ message, operation }) => message === 'request' && operation === 'Listed');
  expect(requests).toHaveLength(3);
  for (const line of requests) expect(line).toMatchObject({ trace_id: traceId, requestId: expect.any(String), stream: 'app' });
  expect(requests[0]).toMatchObject({ cache: { miss: 1 } });
  expect(requests[2]).toMatchObject({ cache: { hit: 1 } });
  const slow = lines.filter(({ message }) => message === 'slow operation');
  expect(slow[0]).toMatchObject({ stream: 'performance', operation: 'Listed', durationMs: expect.any(Number) });
});

test('OB-03 OB-42 the log of a running gateway goes to files that are put aside, and sockets are counted back to none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-log-'));
  const file = join(folder, 'gateway.log');
  {
    await using gateway = await start({ LOG_FILE: file, LOG_MAX_BYTES: '4000', LOG_KEEP: '2' });
    for (let turn = 0; turn < 60; turn++) await gateway.ask('{ __typename }', { connection: 'close' });
    const connections = async () =>
      seriesValue(await (await fetch(`${gateway.admin}/metrics`)).text(), 'api_gateway_active_connections');
    await expect.poll(connections, { timeout: 10_000 }).toBe(0);
    gateway.kill('SIGTERM');
    const { stderr, code } = await gateway.ended;
    expect([code, linesOf(stderr)]).toEqual([0, []]);
  }
  expect((await readdir(folder)).toSorted()).toEqual(['gateway.log', 'gateway.log.1', 'gateway.log.2']);
  expect(linesOf(await readFile(`${file}.1`, 'utf8')).some(({ message }) => message === 'request')).toBe(true);
  await rm(folder, { recursive: true });
});

test('a port for operators that is taken is another one in development, and stops the start elsewhere', async () => {
  await using taken = Object.assign(createServer(), {
    async [Symbol.asyncDispose]() {
      taken.close();
    },
  });
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const port = String((taken.address() as AddressInfo).port);
  await using gateway = await start({ ADMIN_PORT: port });
  expect(new URL(gateway.admin).port).not.toBe(port);
  expect((await fetch(`${gateway.admin}/health`)).status).toBe(200);
  await using bookshop = await serveBookshop();
  await expect(bookshop.start({ ENVIRONMENT: 'test', ADMIN_PORT: port })).rejects.toThrow(
    'ADMIN_PORT: cannot listen (EADDRINUSE).',
  );
});

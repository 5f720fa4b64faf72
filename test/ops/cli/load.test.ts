import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SandboxCall } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { logIn, serviceEnvironment } from '#test/bench/targets.ts';
import { runProgram } from '#test/harness/process.ts';
import type { UpstreamUnderTest } from '#test/harness/upstream.ts';
import { startUpstream } from '#test/harness/upstream.ts';

type Answer = readonly [status: number, body: string];

const data: Answer = [200, '{"data":{}}'];

/** Stands in for a gateway: the answers in turn, again and again. */
const startAnswering = (answers: readonly Answer[]): Promise<UpstreamUnderTest> => {
  let turn = 0;
  return startUpstream((request, response) => {
    request.resume().on('end', () => {
      const [status, body] = answers[turn++ % answers.length] ?? data;
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
};

async function load(words: readonly string[]) {
  const { code, stdout, stderr } = await runProgram('ops/cli/main.ts', ['load', ...words]).ended;
  return { code, stderr, report: stdout.startsWith('{') ? JSON.parse(stdout) : stdout };
}

test('LT-02, LT-07: a run that keeps its bounds tells success, duration, rate and percentiles, and exits with 0', async () => {
  await using gateway = await startAnswering([data]);
  const { code, report } = await load(['smoke', '--seconds', '1', '--rate', '20', '--json', '--url', `${gateway.url}/graphql`]);
  expect(code).toBe(0);
  expect(report).toMatchObject({ scenario: 'smoke', users: 5, limited: 0, failed: 0, errorRate: 0, failures: {}, missed: [] });
  expect(report.succeeded).toBe(gateway.seen.length);
  expect(report.requests).toBeGreaterThan(20);
  expect(report.requestsPerSecond).toBeCloseTo(report.requests / report.seconds, -1);
  expect(Object.keys(report.latency)).toEqual(['p50', 'p90', 'p95', 'p99', 'max']);
  expect(report.latency.p50).toBeGreaterThan(0);
  expect(new Set(gateway.seen)).toEqual(new Set(['POST /graphql', 'GET /health']));
});

test('LT-05: what a limit refuses or an overloaded gateway sheds is no error; all else is, by its code', async () => {
  await using gateway = await startAnswering([
    data,
    [429, '{"errors":[{"message":"","extensions":{"code":"RATE_LIMITED"}}]}'],
    [503, '{"errors":[{"message":"","extensions":{"code":"OVERLOADED"}}]}'],
    [200, '{"data":null,"errors":[{"message":"","extensions":{"code":"UPSTREAM_TIMEOUT"}}]}'],
    [500, 'broken'],
  ]);
  const { code, report } = await load([
    'stress',
    '--users',
    '1',
    '--seconds',
    '1',
    '--rate',
    '0',
    '--json',
    '--url',
    gateway.url,
  ]);
  expect(code).toBe(1);
  const { succeeded, limited, failed, failures, missed } = report;
  expect(limited).toBeGreaterThanOrEqual(2 * succeeded - 2);
  expect(Object.keys(failures)).toEqual(['UPSTREAM_TIMEOUT', 'status 500']);
  expect(failures.UPSTREAM_TIMEOUT + failures['status 500']).toBe(failed);
  expect(missed).toEqual([expect.stringMatching(/^errors 6\d\.?\d* % > 5 %$/)]);
});

test('LT-08: a batch is submitted, watched, listed and read with its own job, beside limits and health', async () => {
  await using opened = new AsyncDisposableStack();
  const calls: string[] = [];
  const onCall = ({ service, method, path }: SandboxCall): void => void calls.push(`${service} ${method} ${path}`);
  const sandbox = opened.use(await startSandbox({ ports: 'any', onCall }));
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const services = serviceEnvironment(Object.fromEntries(sandbox.urls));
  const env = { ...services, ENVIRONMENT: 'development', DATA_DIR: folder, GATEWAY_PORT: '0', CACHE_ENABLED: 'false' };
  const gateway = opened.use(runProgram('gateway/main.ts', [], env));
  const url = /http:\S+\/graphql/.exec(await gateway.printed('/graphql'))?.[0] ?? '';
  const token = (await logIn(url))['authorization']?.replace('Bearer ', '') ?? '';
  const words = ['--mix', 'batch', '--users', '1', '--seconds', '4', '--rate', '5', '--json', '--url', url, '--token', token];
  const { code, report } = await load(['stress', ...words]);
  expect(report).toMatchObject({ failed: 0, failures: {}, missed: [] });
  expect(report.succeeded).toBeGreaterThan(6);
  expect(code).toBe(0);
  const graph = new Set(calls.filter((call) => call.startsWith('graph ')).map((call) => call.replace(/\/\d+/g, '/{id}')));
  expect([...graph].toSorted()).toMatchInlineSnapshot(`
    [
      "graph GET /api/v1/public/graphs/lab/schema",
      "graph GET /api/v1/public/health",
      "graph GET /api/v1/public/query/jobs",
      "graph GET /api/v1/public/query/{id}/results",
      "graph GET /api/v1/public/query/{id}/status",
      "graph POST /api/v1/public/graphs/lab/query",
    ]
  `);
});

test('a gateway that is not there is told, not a success', async () => {
  const { code, report } = await load([
    'smoke',
    '--users',
    '1',
    '--seconds',
    '1',
    '--json',
    '--url',
    'http://127.0.0.1:9/graphql',
  ]);
  expect(code).toBe(1);
  expect(report.missed).toEqual(['nothing was answered', 'errors 100 % > 0.1 %']);
});

test.for([
  [['storm'], 'smoke, load, stress, spike'],
  [['smoke', '--mix', 'mud'], 'laboratory and batch'],
  [['smoke', '--users', '0'], '--users'],
  [['smoke', '--seconds', 'x'], '--seconds'],
  [['smoke', '--rate', '-1'], '--rate'],
  [[], 'Which scenario?'],
] as const)('%j are wrong words', async ([words, told]) => {
  const { code, stderr } = await load(words);
  expect(code).toBe(2);
  expect(stderr).toContain(told);
});

test('a person reads a table', async () => {
  await using gateway = await startAnswering([data]);
  const { report } = await load(['spike', '--users', '2', '--seconds', '1', '--url', gateway.url]);
  expect(report).toMatch(/errorRate +0 %\nlatency +p50 \d.* ms, p90 .* ms, p95 .* ms, p99 .* ms, max .* ms\nmissed +none/);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '#test/harness/process.ts';
import type { ServedBookshop, ServingProcess } from '#test/harness/serving.ts';
import { serveBookshop } from '#test/harness/serving.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const token = 'token-of-the-operators';
let bookshop: ServedBookshop;
let gateway: ServingProcess;
let admin = '';

beforeAll(async () => {
  bookshop = await serveBookshop();
  gateway = await bookshop.start({ ADMIN_TOKEN: token, HEALTH_CHECK_INTERVAL: '1' });
  admin = /Operators (http:\S+?)\/health/.exec(await gateway.printed('Operators'))?.[1] ?? '';
});

afterAll(() => bookshop[Symbol.asyncDispose]());

const run = (words: string, env: Record<string, string> = { ADMIN_PORT: new URL(admin).port, ADMIN_TOKEN: token }) =>
  runProgram('ops/cli/main.ts', words.split(' '), env).ended;

const ready = async (): Promise<number> => (await fetch(`${gateway.url}/ready`)).status;

test('AD-01 drain turns /ready to 503 while requests are answered, and undrain turns it back', async () => {
  expect(await ready()).toBe(200);
  expect(await run('drain')).toMatchObject({ code: 0, stdout: 'It is draining: /ready answers 503.\n' });
  expect(await ready()).toBe(503);
  expect((await gateway.ask()).status).toBe(200);
  expect(JSON.parse((await run('status --json')).stdout)).toMatchObject({ draining: true, ready: false });
  const { stdout } = await run('undrain --json');
  expect(JSON.parse(stdout)).toEqual({ draining: false });
  expect(await ready()).toBe(200);
});

test('AD-12 status is told to people line by line', async () => {
  const { code, stdout } = await run('status');
  expect(code).toBe(0);
  for (const name of ['uptime_seconds', 'requests_total', 'memory_usage_mb', 'circuit_breaker_stats'])
    expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'));
});

test('AD-04 reload tells of every part; one that cannot be used is named with its reason, and exits with 1', async () => {
  expect(await run('reload')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^supergraph +ok +-$/m) });
  await bookshop.replace('supergraph.graphql', 'type Query { this: IsNoSupergraph }');
  const { code, stdout } = await run('reload --json');
  expect(code).toBe(1);
  const parts = new Map(JSON.parse(stdout).map((row: { part: string }) => [row.part, row]));
  expect(parts.get('supergraph')).toMatchObject({ outcome: 'as before', error: expect.stringMatching(/\w+ \w+/) });
  expect(parts.get('plans')).toMatchObject({ outcome: 'ok' });
  expect((await gateway.ask()).status).toBe(200);
});

test('RL-21 AD-14 an address is shut out, listed and let in again, without a Redis', async () => {
  expect(await run('ip block 203.0.113.9 --for 7d --reason guesses')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^203\.0\.113\.9 is shut out until \d{4}-/),
  });
  expect(JSON.parse((await run('ip list --json')).stdout)).toMatchObject([{ ip: '203.0.113.9', reason: 'guesses' }]);
  expect((await run('ip unblock 203.0.113.9')).stdout).toBe('203.0.113.9 is served again.\n');
  expect((await run('ip list')).stdout).toBe('none\n');
  expect(await run('ip unblock 203.0.113.9')).toMatchObject({ code: 1, stderr: 'This address is not blocked.\n' });
  expect(await run('ip block everybody')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^body.ip|ip/) });
});

test('HE-11 AD-03 health prints one line for everything that is needed and exits with 0', async () => {
  await expect
    .poll(async () => (await fetch(`${gateway.url}/health`)).json(), { timeout: 5_000 })
    .toMatchObject({ status: 'healthy' });
  const { code, stdout } = await run(`health --url ${gateway.url}/graphql`);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^gateway +healthy/m);
  expect(stdout).toMatch(/^database +healthy/m);
  expect(stdout).toMatch(/^supergraph +healthy/m);
});

test('HE-11 HE-12 a service that is down exits with 1 and its reason, and is well again within an interval', async () => {
  let status = 500;
  await using templates = await startUpstream((_, response) => response.writeHead(status).end('{}'));
  await using laboratory = runProgram('gateway/main.ts', [], {
    GATEWAY_PORT: '0',
    TEMPLATE_SERVICE_URL: templates.url,
    HEALTH_CHECK_INTERVAL: '1',
  });
  const url = /http:\S+(?=\/graphql)/.exec(await laboratory.printed('/graphql'))?.[0] ?? '';
  const statusNow = async () => (await (await fetch(`${url}/health`)).json()).status;
  await expect.poll(statusNow, { timeout: 5_000 }).toBe('degraded');
  const ill = await run(`health --url ${url}`);
  expect(ill).toMatchObject({ code: 1, stdout: expect.stringMatching(/^templates +unhealthy: answers with an error/m) });
  expect(ill.stdout).toMatch(/^samples +healthy +[\d.]+ +\d{4}-\S+ +closed$/m);
  status = 200;
  await expect.poll(statusNow, { timeout: 2_500 }).toBe('healthy');
  expect((await run(`health --url ${url}`)).code).toBe(0);
});

test('who brings no token, a wrong one, or finds nobody is told what to do', async () => {
  const { port } = new URL(admin);
  expect(await run('status', { ADMIN_PORT: port })).toMatchObject({ code: 2, stderr: expect.stringContaining('--token') });
  expect(await run('status --token wrong', { ADMIN_PORT: port })).toMatchObject({
    code: 1,
    stderr: 'This needs the token of the operators.\n',
  });
  expect(await run('status --url http://127.0.0.1:9')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Nobody listens'),
  });
  expect(await run('health --url http://127.0.0.1:9')).toMatchObject({ code: 2, stderr: expect.stringContaining('No gateway') });
  expect(await run('drain twice')).toMatchObject({ code: 2, stderr: 'twice is one word too many.\n' });
});

test('SC-14 scale tells how many gateways there should be, and what keeps it from telling', async () => {
  const { code, stdout } = await run(`scale ${admin} --json`);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ direction: 'up', replicas: 3, reason: 'fewer than 3' });
  expect((await run(`scale ${admin} ${admin} ${admin} --changed 0s`)).stdout).toMatch(
    /^(hold|up|down): \d+ replicas \(.*cpuPercent/,
  );
  expect(await run('scale')).toMatchObject({ code: 2, stderr: expect.stringContaining('Which gateway?') });
  expect(await run('scale http://127.0.0.1:1')).toMatchObject({ code: 2, stderr: expect.stringContaining('Nobody listens') });
});

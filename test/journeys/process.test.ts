import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { administrator } from '#test/harness/callers.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { runProgram } from '#test/harness/process.ts';
import { strongSecrets } from '#test/harness/secrets.ts';

const execute = promisify(execFile);

test('a start with nothing set prints two keys and lines to paste, which answer with data', async () => {
  await using gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0' });
  const banner = await gateway.printed('helix-labs');
  expect(banner).toContain('lg_test_AcmeGenomicsDefaultPlanDevKey001');
  expect(banner).toContain('lg_test_HelixLabsEnterprisePlanDevKey001');
  const lines = (await gateway.printed("EnterprisePlanDevKey001'")).split('\n').filter((line) => line.trim().startsWith('curl '));
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    const { stdout } = await execute('sh', ['-c', line]);
    expect(JSON.parse(stdout)).toMatchObject({
      data: { samples: { nodes: [{ status: expect.any(String) }, {}, {}] } },
    });
    expect(stdout).not.toContain('"errors"');
  }
  gateway.kill('SIGTERM');
  expect((await gateway.ended).code).toBe(0);
});

test('a foreign supergraph file is served without a sandbox and without a word about laboratories', async () => {
  await using books = await startForeign(bookshop.books);
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  const file = join(folder, 'supergraph.graphql');
  await writeFile(file, composeForeign([books]));
  await using gateway = runProgram('gateway/main.ts', [], {
    GATEWAY_PORT: '0',
    SUPERGRAPH_PATH: file,
    PUBLIC_FIELDS: 'Query.book',
  });
  const banner = await gateway.printed('/graphql');
  const url = /http:\S+/.exec(banner)?.[0] ?? '';
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ book(id: 1) { title } }"}',
  });
  expect(await response.json()).toEqual({
    data: { book: { title: 'Book 1' } },
    extensions: { cost: expect.objectContaining({ requestedQueryCost: 1 }) },
  });
  gateway.kill('SIGINT');
  const { code, stdout, stderr } = await gateway.ended;
  expect(code).toBe(0);
  expect(stdout + stderr).not.toMatch(/sandbox|sample|lab-|organization/i);
  await rm(folder, { recursive: true });
});

const refusals: readonly (readonly [string, Record<string, string>, string])[] = [
  ['production without URLs of the services', { ENVIRONMENT: 'production', ...strongSecrets }, 'SAMPLE_SERVICE_URL'],
  [
    'session checks without an auth service',
    { SESSION_CHECK: 'on', AUTH_SUBGRAPH_URL: 'http://127.0.0.1:1/graphql' },
    'AUTH_SERVICE_URL',
  ],
  ['an algorithm that is none', { JWT_ALGORITHMS: 'none' }, 'JWT_ALGORITHMS'],
  ['public keys without their address', { JWT_ALGORITHMS: 'RS256' }, 'JWT_ALGORITHMS'],
  [
    'a secret and public keys at once',
    { JWT_ALGORITHMS: 'HS256,RS256', JWT_JWKS_URL: 'http://127.0.0.1:1/keys' },
    'JWT_ALGORITHMS',
  ],
  ['a port that is none', { GATEWAY_PORT: 'eighty' }, 'GATEWAY_PORT'],
  ['a service URL that is none', { SAMPLE_SERVICE_URL: 'samples:8081/x' }, 'SAMPLE_SERVICE_URL'],
  ['a Redis URL that is none', { REDIS_URL: 'cache.example:6379' }, 'REDIS_URL'],
  [
    'a supergraph file that is not there',
    { SUPERGRAPH_PATH: '/nowhere/supergraph.graphql' },
    'SUPERGRAPH_PATH: the file cannot be read',
  ],
  ['two supergraphs at once', { SUPERGRAPH_PATH: 'a', SUBGRAPH_LIST: 'b' }, 'SUBGRAPH_LIST'],
];

test.each(refusals)('%s stops the start with exit code 1 and says why', async (_, env, named) => {
  await using gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', ...env });
  const { code, stderr } = await gateway.ended;
  expect(code).toBe(1);
  expect(stderr).toContain(named);
  expect(stderr).not.toMatch(/short\b(?!er)|everybody|more than 32/);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('a subgraph runs alone over the sandbox service of its name', async () => {
  await using sandbox = runProgram('ops/sandbox/main.ts', ['templates', '--json', '--ports', 'any']);
  const { templates } = JSON.parse(await sandbox.printed('}'));
  await using subgraph = runProgram('subgraphs/main.ts', ['templates', '--port', '0', '--json'], {
    TEMPLATE_SERVICE_URL: templates,
  });
  const { url } = JSON.parse(await subgraph.printed('}'));
  const ask = async (headers: Record<string, string>): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"query":"{ templates { name } }"}',
    });
  const assertion = await assertionSigner(developmentSecrets.SUBGRAPH_SECRET, 'templates')(administrator);
  const answered = (await (await ask({ [assertionHeader]: assertion })).json()) as { data: { templates: unknown[] } };
  expect(answered.data.templates).toHaveLength(8);
  expect((await ask({ authorization: 'Bearer of-somebody' })).status).toBe(401);
  subgraph.kill('SIGTERM');
  expect((await subgraph.ended).code).toBe(0);
  const failed = await runProgram('ops/cli/main.ts', ['query', '{ templates { name } }', '--url', url]).ended;
  expect([failed.code, failed.stderr]).toEqual([2, expect.stringContaining('npm start')]);
});

test.each([
  ['subgraphs/main.ts', ['weather'], 2, 'samples'],
  ['subgraphs/main.ts', ['samples'], 2, 'SAMPLE_SERVICE_URL'],
  ['subgraphs/main.ts', ['storage'], 2, 'Not set: SAMPLE_SERVICE_URL, STORAGE_SERVICE_URL.'],
  ['ops/cli/main.ts', ['dance'], 2, 'query'],
  ['ops/cli/main.ts', ['query'], 2, 'operation'],
  ['schema/main.ts', [], 2, 'npm run compose'],
] as const)('%s %j exits %i and names what helps', async (file, args, expected, named) => {
  const { code, stdout, stderr } = await runProgram(file, args).ended;
  expect(code).toBe(expected);
  expect(stdout + stderr).toContain(named);
});

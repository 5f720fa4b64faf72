import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';

const ADMIN_TOKEN = 'canary-of-the-operators';
let gateway: ProcessUnderTest;
let folder = '';
let url = '';
let adminUrl = '';
let token = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-cache-'));
  gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', ADMIN_TOKEN, DATA_DIR: folder, CACHE_STALE_SECONDS: '0' });
  const banner = await gateway.printed("EnterprisePlanDevKey001'");
  url = /http:\S+\/graphql/.exec(banner)?.[0] ?? '';
  adminUrl = /http:\S+(?=\/metrics)/.exec(banner)?.[0] ?? '';
  const login = 'mutation { login(input: { email: "admin@lab.example", password: "sandbox" }) { accessToken } }';
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: login }),
  });
  token = ((await answer.json()) as { data: { login: { accessToken: string } } }).data.login.accessToken;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const cli = (words: readonly string[], env: Record<string, string> = { ADMIN_TOKEN }) =>
  runProgram('ops/cli/main.ts', ['cache', ...words], env).ended;
const asAdmin = (): readonly string[] => ['--url', url, '--token', token];
const operators = (): readonly string[] => ['--url', adminUrl];
const sample = (number: number): string => `5a000000-0000-4000-8000-00000000000${number}`;

const inspected = async (query: string): Promise<readonly Record<string, unknown>[]> => {
  const { stdout, stderr } = await cli(['inspect', query, ...asAdmin(), '--json']);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
};
const statusOf = async (query: string): Promise<unknown> => (await inspected(query))[0]?.['status'];

test('AD-13 what is kept for an operation is shown, and read anew after each kind of purge', async () => {
  const query = `{ sample(id: "${sample(1)}") { name } }`;
  expect(await inspected(query)).toEqual([
    {
      subgraph: 'samples',
      status: 'miss',
      age: 0,
      ttl: expect.any(Number),
      tags: expect.arrayContaining(['{pub}:some:Sample', '{pub}:subgraph:samples']),
    },
  ]);
  for (const words of [
    ['--type', 'Sample'],
    ['--entity', `Sample:${sample(1)}`],
    ['--entity', `Sample:{"id":"${sample(1)}"}`],
    ['--subgraph', 'samples'],
    ['--organization', 'lab'],
  ]) {
    expect(await statusOf(query)).toBe('hit');
    const { code, stdout, stderr } = await cli(['purge', ...words, ...operators()]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^What was kept of this is read anew: (type|entity|subgraph|organization) /);
    expect(await statusOf(query)).toBe('miss');
  }
  const { stdout } = await cli(['inspect', query, ...asAdmin()]);
  expect(stdout).toMatch(/^subgraph +status +age +ttl +tags\nsamples +hit /);
}, 60_000);

test('CA-16 how much the cache answers is told for people and for programs', async () => {
  await statusOf(`{ sample(id: "${sample(2)}") { name } }`);
  await statusOf(`{ sample(id: "${sample(2)}") { name } }`);
  const told = JSON.parse((await cli(['stats', ...operators(), '--json'])).stdout);
  expect(told).toEqual({ hit_rate_percentage: expect.any(Number), cache_errors: 0, connected_to_redis: false });
  expect(told.hit_rate_percentage).toBeGreaterThan(0);
  expect((await cli(['stats', ...operators()])).stdout).toMatch(/^hit_rate_percentage +\d/);
});

test('AD-02 CA-17 each operation of a list is told with what it brought, and after warming, the first request is a hit', async () => {
  const file = join(folder, 'warm.graphql');
  await writeFile(
    file,
    'query One($id: ID!) { sample(id: $id) { name } } query Many { samples(first: 3) { nodes { template { name } } } } mutation Gone { deleteSample(id: "1") }',
  );
  const variables = join(folder, 'variables.json');
  await writeFile(variables, JSON.stringify({ One: { id: sample(7) } }));
  const { code, stdout } = await cli(['warm', file, '--variables', variables, ...asAdmin(), '--json']);
  const [one, many, gone] = JSON.parse(stdout);
  expect(one).toEqual({ operation: 'One', lookups: 1, hitsBefore: 0, hitsAfter: 1 });
  expect(many.hitsBefore).toBeLessThan(many.hitsAfter);
  expect(many.hitsAfter).toBe(many.lookups);
  expect(gone).toEqual({ operation: 'Gone', problem: 'It is no query.' });
  expect(code).toBe(1);
  const question = ['query One($id: ID!) { sample(id: $id) { name } }', '--variables', JSON.stringify({ id: sample(7) })];
  const { stdout: shown } = await cli(['inspect', ...question, ...asAdmin(), '--json']);
  expect(JSON.parse(shown)).toMatchObject([{ status: 'hit' }]);
  const again = await cli(['warm', file, '--variables', variables, ...asAdmin()]);
  expect(again.stdout).toMatch(/^operation +lookups +hitsBefore +hitsAfter +problem\nOne +1 +1 +1 +-\n/);
  expect(again.stderr).toBe('');
});

test.each([
  [['purge'], 2, 'Name one of --type'],
  [['purge', '--type', 'A', '--tag', 'b'], 2, 'Name one of --type'],
  [['purge', '--entity', 'Sample'], 2, '--entity cannot be read'],
  [['purge', '--entity', 'Sample:{'], 2, '--entity is not a JSON object'],
  [['purge', '--type', 'A', '--url', 'http://127.0.0.1:1'], 2, 'Nobody listens for operators'],
  [['stats', '--json', '--url', 'http://127.0.0.1:1'], 2, 'Nobody listens for operators'],
  [['warm'], 2, 'Which file?'],
  [['warm', '/no/such/file.graphql'], 2, 'cannot be read'],
  [['inspect', '/no/such/file.graphql'], 2, 'neither an operation nor a file'],
])('%j ends with %i and says why', async (words, code, said) => {
  const ended = await cli(words);
  expect(ended.stderr).toContain(said);
  expect(ended.code).toBe(code);
});

test('a wrong token, a missing one, and a credential that may not see the cache are told apart', async () => {
  expect(await cli(['stats', ...operators()], { ADMIN_TOKEN: 'wrong' })).toMatchObject({
    code: 1,
    stderr: 'This needs the token of the operators.\n',
  });
  expect((await cli(['stats', ...operators()], {})).code).toBe(2);
  const key = 'lg_test_HelixLabsEnterprisePlanDevKey001';
  const { code, stderr } = await cli(['inspect', '{ samples(first: 1) { nodes { name } } }', '--url', url, '--key', key]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('admin:operations') });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Limits } from '#gateway/rate-limit/open-limits.ts';
import { systemClock } from '#kit/clock.ts';
import { cost } from '#ops/cli/cost.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { key, testIdentity } from '#test/harness/identity.ts';
import { ownLimits } from '#test/harness/own-limits.ts';
import { runProgram } from '#test/harness/process.ts';

let books: ForeignSubgraph;
let limits: Limits;
let gateway: GatewayUnderTest;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  books = await startForeign(bookshop.books);
  limits = await ownLimits({ clock: systemClock });
  const { identify } = await testIdentity();
  gateway = await testGateway({ sdl: composeForeign([books]), identify, limits });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await limits[Symbol.asyncDispose]();
  await books[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const write = async (name: string, content: unknown): Promise<string> => {
  const file = join(folder, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

const price = (words: readonly string[], as: readonly string[] = ['--key', key('A')]) =>
  runProgram('ops/cli/main.ts', ['cost', ...words, '--url', `${gateway.url}/graphql`, ...as]).ended;

const priced = async (words: readonly string[]) => {
  const { code, stdout, stderr } = await price([...words, '--json']);
  return { code, stderr, rows: JSON.parse(stdout) };
};

// A list of which the schema says nothing counts ten times.
const listed = 'query Listed($id: ID!) { books { title author { id } } book(id: $id) { title } }';

test('an operation is priced without running it', async () => {
  const file = await write('listed.graphql', listed);
  const asked = books.seen.length;
  const { code, rows } = await priced([file, '--variables', await write('variables.json', { id: '1' })]);
  expect([code, rows]).toEqual([0, [{ operation: 'Listed', price: 21, largest: 1_000, fits: true, seconds: 0 }]]);
  expect(books.seen).toHaveLength(asked);
});

test('a table is printed for people', async () => {
  const file = await write('listed.graphql', listed);
  const { stdout } = await price([file]);
  expect(stdout).toMatchInlineSnapshot(`
    "operation  price  largest  fits  seconds  problem
    Listed     21     1000     true  0        -
    "
  `);
});

test('a plan is compared in place of the own one; what never fits is exit code 1', async () => {
  const file = await write('listed.graphql', listed);
  const plan = { requestsPerMinute: 1, capacity: 500, restorePerSecond: 2, maxQueryCost: 20, maxInFlight: 1 };
  const plans = await write('plans.json', { default: plan, anonymous: plan, larger: { ...plan, maxQueryCost: 30 } });
  expect(await priced([file, '--plan', 'anonymous'])).toMatchObject({ code: 0, rows: [{ largest: 200, seconds: 1 }] });
  expect(await priced([file, '--plan', 'larger', '--plans', plans])).toMatchObject({
    code: 0,
    rows: [{ price: 21, largest: 30, fits: true, seconds: 11 }],
  });
  const { code, rows } = await priced([file, '--plan', 'default', '--plans', plans]);
  expect([code, rows]).toEqual([1, [{ operation: 'Listed', price: 21, largest: 20, fits: false }]]);
});

test('RC-13 a folder is priced whole, with variables by name; a wrong operation is told by its error', async () => {
  await write('all/a.graphql', '{ book(id: "1") { title } }');
  await write('all/deep/b.gql', `${listed} query Other { __typename }`);
  await write('all/deep/c.graphql', 'fragment Part on Book { title }');
  const whole = await priced(['--manifest', join(folder, 'all'), '--variables', await write('v.json', { Listed: { id: '1' } })]);
  expect(whole).toMatchObject({
    code: 0,
    stderr: '',
    rows: [{ operation: 'a.graphql', price: 1 }, { operation: 'Listed' }, { operation: 'Other', price: 1 }],
  });
  await write('wrong/a.graphql', '{ nothing }');
  await write('wrong/b.graphql', '{ ');
  const { code, rows } = await priced(['--manifest', join(folder, 'wrong')]);
  expect([code, rows]).toEqual([
    1,
    [
      { operation: 'a.graphql', fits: false, problem: expect.stringContaining('nothing') },
      { operation: 'b.graphql', fits: false, problem: expect.stringContaining('Syntax Error') },
    ],
  ]);
});

test('a manifest of persisted queries is priced as well', async () => {
  const manifest = await write('manifest.json', {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [{ id: 'f00', name: 'Listed', type: 'query', body: listed }],
  });
  expect(await priced(['--manifest', manifest])).toMatchObject({ code: 0, rows: [{ operation: 'Listed', price: 21 }] });
});

test('a gateway that asks to come back soon is asked again, one that says later is not', async () => {
  const waits = ['1', undefined, '3600'];
  let asked = 0;
  const quote = { requestedQueryCost: 21, maxQueryCost: 1_000, fits: true, admissibleNow: true, retryAfterSeconds: null };
  const refusal = { errors: [{ message: 'Come back later.', extensions: { code: 'RATE_LIMITED' } }] };
  const server = createServer((_, response) => {
    const wait = waits[asked++];
    response.writeHead(wait === undefined ? 200 : 429, wait === undefined ? {} : { 'retry-after': wait });
    response.end(JSON.stringify(wait === undefined ? quote : refusal));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const words = [
    'cost',
    await write('listed.graphql', listed),
    '--url',
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  ];
  expect(await runProgram('ops/cli/main.ts', words).ended).toMatchObject({ code: 0, stdout: expect.stringContaining('21') });
  expect(asked).toBe(2);
  expect(await runProgram('ops/cli/main.ts', words).ended).toMatchObject({ code: 2, stderr: expect.stringContaining('later') });
});

test('what cannot be asked is exit code 2, with one line that says why', async () => {
  const file = await write('listed.graphql', listed);
  const empty = join(folder, 'empty');
  await mkdir(empty, { recursive: true });
  const refused: readonly (readonly [readonly string[], string])[] = [
    [[], 'Which file?'],
    [['--manifest', empty], 'There is no .graphql or .gql file'],
    [['--manifest', file], 'neither a folder nor a manifest'],
    [[join(folder, 'missing.graphql')], 'cannot be read'],
    [[file, '--plan', 'gold'], 'There is no plan gold; there are anonymous, default, premium, enterprise.'],
    [[file, '--variables', file], '--variables is not a JSON object.'],
  ];
  for (const [words, said] of refused) {
    const failure = await cost.run(words, {}).catch((error: unknown) => error);
    expect([words, failure]).toEqual([
      words,
      expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(said) }),
    ]);
  }
  expect(await price([file], ['--token', 'wrong'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('valid credential'),
  });
  const elsewhere = await runProgram('ops/cli/main.ts', ['cost', file, '--url', 'http://127.0.0.1:1/graphql']).ended;
  expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no gateway') });
});

test('a gateway that limits nothing has no prices', async () => {
  await using unlimited = await testGateway({ sdl: composeForeign([books]) });
  const words = ['cost', await write('listed.graphql', listed), '--url', `${unlimited.url}/graphql`];
  expect(await runProgram('ops/cli/main.ts', words).ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no prices'),
  });
});

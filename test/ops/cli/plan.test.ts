import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { runProgram } from '#test/harness/process.ts';

const plan = (...words: string[]) => runProgram('ops/cli/main.ts', ['plan', ...words]).ended;

test('the plan of an operation over the built-in supergraph names the subgraphs in their order', async () => {
  const { code, stdout } = await plan('{ samples(first: 3) { nodes { name template { name } } } }');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^QueryPlan \{\n {2}Sequence \{\n {4}Fetch\(service: "samples"\)[\s\S]*Fetch\(service: "templates"\)/);
});

test('a program reads it as JSON, of a file and of another supergraph', async () => {
  await using books = await startForeign(bookshop.books);
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-plan-'));
  const [supergraph, operations] = [join(folder, 'supergraph.graphql'), join(folder, 'operations.graphql')];
  await writeFile(supergraph, composeForeign([books]));
  await writeFile(operations, 'query One { book(id: 1) { title } } query Two { books { id } }');
  const named = await plan(operations, '--supergraph', supergraph, '--operation', 'Two', '--json');
  expect(JSON.parse(named.stdout)).toMatchObject({ kind: 'QueryPlan', node: { kind: 'Fetch', serviceName: 'books' } });
  expect(named.stdout).not.toContain('title');
  expect(await plan(operations, '--supergraph', supergraph)).toMatchObject({
    code: 2,
    stderr: '--operation names one of: One, Two.\n',
  });
  await rm(folder, { recursive: true });
});

test('what the supergraph does not know is told line by line', async () => {
  expect(await plan('{ sampless other }')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Cannot query field "sampless".*\nCannot query field "other".*\n$/),
  });
  expect((await plan('nowhere.graphql')).code).toBe(2);
});

import { setTimeout as pause } from 'node:timers/promises';
import { expect, inject, test } from 'vitest';
import { partner } from '#test/harness/callers.ts';
import type { Branch } from './library.ts';
import { startLibrary } from './library.ts';

const redisUrl = inject('redisUrl');
const stores = [{ redisUrl: undefined, where: 'memory' }, ...(redisUrl === undefined ? [] : [{ redisUrl, where: 'Redis' }])];

const titleOf = async ({ gateway }: Branch, id = '1'): Promise<unknown> =>
  (await gateway.query(`{ book(id: "${id}") { title } }`)).body.data?.['book'];

test.each(stores)('a mutation invalidates the entities in its result before its answer leaves, in $where', async (options) => {
  await using library = await startLibrary();
  await using branch = await library.open(options);
  await titleOf(branch);
  await branch.gateway.query('{ books(first: 3) { title } }');
  await branch.gateway.query('mutation { rename(id: "1", title: "New") { id title } }');
  expect(await titleOf(branch)).toEqual({ title: 'New' });
  const { body } = await branch.gateway.query('{ books(first: 1) { title } }');
  expect(body.data).toEqual({ books: [{ title: 'New' }] });
});

test('a mutation that does not tell the key of its entity invalidates the type', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await branch.gateway.query('{ book(id: "1") { author { name } } }');
  await branch.gateway.query('mutation { renameAuthor(id: "a1", name: "New") { name } }');
  const { body } = await branch.gateway.query('{ book(id: "1") { author { name } } }');
  expect(body.data).toEqual({ book: { author: { name: 'New' } } });
});

test('of the entities of a type only the one in the result is fetched anew', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await branch.gateway.query('{ books(first: 3) { author { name } } }');
  await branch.gateway.query('mutation { renameAuthor(id: "a2", name: "New") { id name } }');
  library.asked.length = 0;
  await branch.gateway.query('{ books(first: 3) { author { name } } }');
  expect(library.asked).toEqual(['books 3', 'author a2']);
});

test('declared types and tags are invalidated where the result says nothing; without a declaration nothing is', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await titleOf(branch);
  await branch.gateway.query('mutation { renameSilently(id: "1", title: "Silent") }');
  expect(await titleOf(branch)).toEqual({ title: 'Book 1' });
  await branch.gateway.query('mutation { renameTagged(id: "2", title: "Other") }');
  expect(await titleOf(branch)).toEqual({ title: 'Book 1' });
  await branch.gateway.query('mutation { renameTagged(id: "1", title: "Tagged") }');
  expect(await titleOf(branch)).toEqual({ title: 'Tagged' });
  await branch.gateway.query('mutation { renameDeclared(id: "1", title: "Declared") }');
  expect(await titleOf(branch)).toEqual({ title: 'Declared' });
});

test.each([
  ['answers an error', { status: 500, body: '{"errors":[{"message":"broken"}]}' }],
  ['breaks', { status: 502, type: 'text/html', body: '<h1>' }],
  ['does not answer in time', { hang: true }],
])('E9: a mutation whose subgraph %s invalidates what it may have changed', async (_, fault) => {
  await using library = await startLibrary();
  await using branch = await library.open({ env: { SUBGRAPH_TIMEOUT_MS: '200' } });
  await titleOf(branch);
  library.titles.set('1', 'Written all the same');
  library.books.fault = fault;
  const { body } = await branch.gateway.query('mutation { rename(id: "1", title: "New") { id title } }');
  expect(body.errors).toHaveLength(1);
  library.books.fault = undefined;
  expect(await titleOf(branch)).toEqual({ title: 'Written all the same' });
});

test.each(stores)('E7: what was read before a write and arrives after it is never served, in $where', async (options) => {
  await using library = await startLibrary();
  await using branch = await library.open(options);
  library.delayMs = 200;
  const early = titleOf(branch);
  await expect.poll(() => library.asked).toEqual(['book 1']);
  library.delayMs = 0;
  await branch.gateway.query('mutation { rename(id: "1", title: "New") { id title } }');
  expect(await early).toEqual({ title: 'Book 1' });
  for (let reads = 0; reads < 3; reads++) expect(await titleOf(branch)).toEqual({ title: 'New' });
});

test.each([
  ['entity', { kind: 'entity', type: 'Author', key: { id: 'a1' } }, ['books 2', 'author a1']],
  ['type', { kind: 'type', type: 'Author' }, ['books 2', 'author a1', 'author a2']],
  ['tag', { kind: 'tag', tag: 'author-a2' }, ['author a2']],
  ['subgraph', { kind: 'subgraph', subgraph: 'authors' }, ['author a1', 'author a2']],
  ['organization', { kind: 'organization', organization: 'lab' }, ['books 2', 'author a1', 'author a2']],
  ['another organization', { kind: 'organization', organization: 'acme' }, []],
] as const)('an invalidation by %s lets exactly that be fetched anew', async (_, what, asked) => {
  await using library = await startLibrary();
  await using branch = await library.open({ redisUrl });
  const query = '{ books(first: 2) { author { name } } }';
  await branch.gateway.query(query);
  library.asked.length = 0;
  await branch.cache.invalidate(what);
  await branch.gateway.query(query);
  expect(library.asked).toEqual(asked);
});

test.skipIf(redisUrl === undefined)('a write through one gateway reaches the copies in another one', async () => {
  await using library = await startLibrary();
  await using one = await library.open({ redisUrl });
  await using other = await library.open({ redisUrl });
  expect(await titleOf(one)).toEqual({ title: 'Book 1' });
  expect(await titleOf(other)).toEqual({ title: 'Book 1' });
  expect(library.asked).toEqual(['book 1']);
  await one.gateway.query('mutation { rename(id: "1", title: "New") { id title } }');
  // Announcements take a moment; what is asked of Redis does not.
  await expect.poll(() => titleOf(other), { timeout: 1_000 }).toEqual({ title: 'New' });
});

test('a write of an organization reaches what was kept for the people of the laboratory, and the other way round', async () => {
  await using library = await startLibrary();
  await using laboratory = await library.open({ redisUrl });
  const acme = partner('acme-genomics', ['samples:read']);
  laboratory.caller = acme;
  await titleOf(laboratory);
  await using people = await library.open({ redisUrl });
  await titleOf(people);
  await people.gateway.query('mutation { rename(id: "1", title: "By people") { id } }');
  await expect.poll(() => titleOf(laboratory), { timeout: 1_000 }).toEqual({ title: 'By people' });
  await laboratory.gateway.query('mutation { rename(id: "1", title: "By acme") { id } }');
  await expect.poll(() => titleOf(people), { timeout: 1_000 }).toEqual({ title: 'By acme' });
});

test('who reads after a write does not share a fetch from before it', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  library.books.fault = { delayMs: 200 };
  const early = titleOf(branch);
  await pause(50);
  library.books.fault = undefined;
  await branch.gateway.query('mutation { rename(id: "1", title: "New") { id } }');
  library.asked.length = 0;
  expect(await titleOf(branch)).toEqual({ title: 'New' });
  expect(library.asked).toEqual(['book 1']);
  await early;
});

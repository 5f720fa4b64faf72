import { expect, inject, test } from 'vitest';
import { handClock } from '#test/harness/hand-clock.ts';
import type { Branch, Library } from './library.ts';
import { startLibrary } from './library.ts';

const redisUrl = inject('redisUrl');

const query = '{ book(id: "1") { title author { name } } }';

const ask = async ({ gateway }: Branch): Promise<unknown> => (await gateway.query(query)).body.data?.['book'];

/** Lets all comparisons end, since they are waited for at the end of a cache. */
const comparedBy = async (branch: Branch): Promise<readonly string[]> => {
  await branch.cache[Symbol.asyncDispose]();
  return branch.compared.toSorted();
};

const timesAsked = ({ asked }: Library, name: string): number => asked.filter((each) => each === name).length;

test('what the cache answers is compared with its subgraph, once its answer has left, and nothing else is', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ shadowRate: 1 });
  await ask(branch);
  expect(branch.compared).toEqual([]);
  const fetched = library.asked.length;
  library.delayMs = 200;
  const since = performance.now();
  expect(await ask(branch)).toEqual({ title: 'Book 1', author: { name: 'Author a1' } });
  expect(performance.now() - since).toBeLessThan(150);
  expect(await comparedBy(branch)).toEqual(['authors Author matches', 'books Query.book matches']);
  expect(library.asked.length).toBe(fetched + 2);
  expect(branch.statuses).toEqual(['books miss', 'authors miss', 'books hit', 'authors hit']);
});

test.each([
  ['memory', undefined],
  ['Redis', redisUrl],
] as const)('an entry in %s that is not what its subgraph says is counted, and gives way', async (_, url) => {
  await using library = await startLibrary();
  await using branch = await library.open({ shadowRate: 1, redisUrl: url });
  // Redis is written to on nobody's time.
  await expect.poll(() => ask(branch).then(() => branch.statuses.slice(-2))).toEqual(['books hit', 'authors hit']);
  library.titles.set('1', 'Another title');
  await expect.poll(() => ask(branch), { timeout: 5_000, interval: 50 }).toMatchObject({ title: 'Another title' });
  const found = await comparedBy(branch);
  expect(new Set(found)).toContain('books Query.book mismatches');
  expect(found).not.toContain('authors Author mismatches');
});

test('what a write, or its own time, has ended meanwhile is no mismatch', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ shadowRate: 1, clock });
  await ask(branch);
  library.titles.set('1', 'Changed by somebody who is about to tell');
  await ask(branch);
  await expect.poll(() => timesAsked(library, 'book 1')).toBe(2);
  await branch.cache.invalidate({ kind: 'type', type: 'Book' });
  await ask(branch);
  clock.advance(70_000);
  library.titles.set('1', 'Changed once its time was over');
  await ask(branch);
  expect((await comparedBy(branch)).filter((each) => each.includes('mismatches'))).toEqual([]);
});

test('what a subgraph cannot say is counted as failed, and what is kept stays', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ shadowRate: 1 });
  const right = await ask(branch);
  library.books.fault = { status: 503, body: '' };
  library.failing.set('author a1', 'broken');
  expect(await ask(branch)).toEqual(right);
  await expect.poll(() => branch.compared.toSorted()).toEqual(['authors Author failed', 'books Query.book failed']);
  expect(await ask(branch)).toEqual(right);
});

test('so large a share is compared as was asked for, and at most four reads at once', async () => {
  await using library = await startLibrary();
  let draws = 0;
  await using branch = await library.open({ shadowRate: 0.25, random: () => (draws++ % 4) / 4 });
  const title = async (): Promise<unknown> => (await branch.gateway.query('{ book(id: "1") { title } }')).body.data;
  await title();
  library.delayMs = 300;
  const before = library.asked.length;
  await Promise.all(Array.from({ length: 40 }, title));
  expect(await comparedBy(branch)).toHaveLength(4);
  expect(library.asked.length - before).toBeLessThanOrEqual(4);
});

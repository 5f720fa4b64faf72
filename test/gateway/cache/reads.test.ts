import { expect, test } from 'vitest';
import { handClock } from '#test/harness/hand-clock.ts';
import { startLibrary } from './library.ts';

test('a second read of what may be kept asks no subgraph', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  const query = '{ book(id: "1") { title shelf { name } author { name } } }';
  const first = await branch.gateway.query(query);
  const second = await branch.gateway.query(query);
  expect(first.body.data).toEqual({ book: { title: 'Book 1', shelf: { name: 'Shelf 1' }, author: { name: 'Author a1' } } });
  expect(second.body.data).toEqual(first.body.data);
  expect(library.asked).toEqual(['book 1', 'author a1']);
  expect(branch.statuses).toEqual(['books miss', 'authors miss', 'books hit', 'authors hit']);
});

test('only the entities that are missing are asked for, and each lands in its place', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await branch.gateway.query('{ author(id: "a2") { name } book(id: "2") { author { name } } }');
  library.asked.length = 0;
  const { body } = await branch.gateway.query('{ books(first: 3) { id author { name } } }');
  expect(body).toEqual({
    data: {
      books: [
        { id: '1', author: { name: 'Author a1' } },
        { id: '2', author: { name: 'Author a2' } },
        { id: '3', author: { name: 'Author a3' } },
      ],
    },
    extensions: expect.anything(),
  });
  expect(library.asked).toEqual(['books 3', 'author a1', 'author a3']);
});

test('an error among the missing entities is told at the path of its own entity, and it alone is asked for again', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await branch.gateway.query('{ book(id: "1") { author { name } } }');
  library.failing.set('author a3', 'lost');
  const query = '{ books(first: 3) { author { name } } }';
  const { body } = await branch.gateway.query(query);
  expect(body.data).toEqual({ books: [{ author: { name: 'Author a1' } }, { author: { name: 'Author a2' } }, { author: null }] });
  expect(body.errors?.map(({ path }) => path)).toEqual([['books', 2, 'author']]);
  library.failing.clear();
  library.asked.length = 0;
  await branch.gateway.query(query);
  expect(library.asked).toEqual(['author a3']);
});

test('while a subgraph is down, its kept entities are shown and each missing field has an error', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await branch.gateway.query('{ book(id: "1") { author { name } } }');
  library.authors.fault = { status: 503, body: 'no' };
  const { body } = await branch.gateway.query('{ books(first: 2) { author { name } } }');
  expect(body.data).toEqual({ books: [{ author: { name: 'Author a1' } }, { author: null }] });
  expect(body.errors?.map(({ path, extensions: { code } }) => ({ path, code }))).toEqual([
    { path: ['books', 1, 'author', 'name'], code: 'UPSTREAM_UNAVAILABLE' },
  ]);
});

test('root fields are kept one by one: what is not kept is asked for alone', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  const query = 'query ($id: ID!) { book(id: $id) { title } clock same: book(id: "1") { title } }';
  const first = await branch.gateway.query(query, { id: '1' });
  const second = await branch.gateway.query(query, { id: '2' });
  expect(first.body.data).toEqual({ book: { title: 'Book 1' }, clock: expect.any(String), same: { title: 'Book 1' } });
  expect(second.body.data).toEqual({ book: { title: 'Book 2' }, clock: expect.any(String), same: { title: 'Book 1' } });
  expect(library.asked.filter((asked) => asked === 'clock')).toHaveLength(2);
  expect(library.asked.filter((asked) => asked === 'book 2')).toHaveLength(1);
});

test('two selections of one entity never mix', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await branch.gateway.query('{ book(id: "1") { author { name } } }');
  const { body } = await branch.gateway.query('{ book(id: "1") { author { name mood } } }');
  expect(body.data).toEqual({ book: { author: { name: 'Author a1', mood: 'well' } } });
});

test('the least age of a selection holds: a field that is never kept keeps its entity from being kept', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  for (let reads = 0; reads < 2; reads++) await branch.gateway.query('{ book(id: "1") { author { name mood } } }');
  expect(library.asked).toEqual(['book 1', 'author a1', 'author a1']);
  expect(branch.statuses).toEqual(['books miss', 'authors bypass', 'books hit', 'authors bypass']);
});

test('an entity in two places of an answer is asked for once and is not one object', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  library.titles.set('2', 'Book 1');
  const query = '{ one: book(id: "1") { author { name } } two: book(id: "1") { id author { name } } }';
  for (let reads = 0; reads < 2; reads++) {
    const { body } = await branch.gateway.query(query);
    expect(body.data).toEqual({ one: { author: { name: 'Author a1' } }, two: { id: '1', author: { name: 'Author a1' } } });
  }
  expect(library.asked.filter((asked) => asked.startsWith('author'))).toHaveLength(1);
});

test('what an executor merges into an answer is not in the kept one', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  // The same fetch of books serves both: the author's name of the first must not appear in the second.
  await branch.gateway.query('{ book(id: "1") { title author { id name } } }');
  library.names.set('a1', 'Changed');
  await branch.cache.invalidate({ kind: 'type', type: 'Author' });
  const { body } = await branch.gateway.query('{ book(id: "1") { title author { id name } } }');
  expect(body.data).toEqual({ book: { title: 'Book 1', author: { id: 'a1', name: 'Changed' } } });
  for (let reads = 0; reads < 3; reads++) {
    const again = await branch.gateway.query('{ book(id: "1") { title author { id name } } }');
    expect(again.body.data).toEqual(body.data);
  }
});

test('an answer lives as long as declared, then serves once more while a newer one is fetched', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock });
  const title = async () => (await branch.gateway.query('{ book(id: "1") { title } }')).body.data?.['book'];
  await title();
  library.titles.set('1', 'Second edition');
  clock.advance(59_999);
  expect(await title()).toEqual({ title: 'Book 1' });
  clock.advance(1);
  expect(await title()).toEqual({ title: 'Book 1' });
  await expect.poll(() => library.asked.length).toBe(2);
  await expect.poll(title).toEqual({ title: 'Second edition' });
  expect(library.asked).toHaveLength(2);
  clock.advance(90_000);
  library.titles.set('1', 'Third edition');
  expect(await title()).toEqual({ title: 'Third edition' });
});

test('many stale reads at once fetch once', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock });
  await branch.gateway.query('{ book(id: "1") { title } }');
  clock.advance(61_000);
  library.delayMs = 50;
  await Promise.all(Array.from({ length: 50 }, () => branch.gateway.query('{ book(id: "1") { title } }')));
  await expect.poll(() => library.asked.length).toBe(2);
  expect(new Set(branch.statuses.slice(1))).toEqual(new Set(['books stale', 'books hit']));
});

test('what is asked for often is renewed shortly before its end', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  // A draw that is nearly 1 makes the renewal nearly certain.
  let draw = 0;
  await using branch = await library.open({ clock, random: () => draw });
  library.delayMs = 30;
  await branch.gateway.query('{ book(id: "1") { title } }');
  clock.advance(59_990);
  draw = 0.999;
  expect((await branch.gateway.query('{ book(id: "1") { title } }')).body.data).toEqual({ book: { title: 'Book 1' } });
  expect(branch.statuses).toEqual(['books miss', 'books hit']);
  await expect.poll(() => library.asked.length).toBe(2);
});

test('answers run out up to a tenth earlier than declared, never later', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock, random: () => 0.5, ages: { staleSeconds: 0 } });
  await branch.gateway.query('{ book(id: "1") { title } }');
  clock.advance(56_000);
  await branch.gateway.query('{ book(id: "1") { title } }');
  clock.advance(1_001);
  await branch.gateway.query('{ book(id: "1") { title } }');
  expect(branch.statuses).toEqual(['books miss', 'books hit', 'books miss']);
});

test('the answer says how long it holds; one with a part that is not kept does not', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ clock });
  await branch.gateway.query('{ book(id: "1") { title } }');
  clock.advance(10_000);
  const kept = await branch.gateway.query('{ book(id: "1") { title author { name } } }');
  expect(kept.headers.get('cache-control')).toBe('max-age=60, private');
  clock.advance(5_000);
  const older = await branch.gateway.query('{ book(id: "1") { title author { name } } }');
  expect(Object.fromEntries(older.headers)).toMatchObject({ 'cache-control': 'max-age=60, private', age: '5' });
  const mixed = await branch.gateway.query('{ clock book(id: "1") { title } }');
  expect(mixed.headers.get('cache-control')).toBe('no-store');
  const written = await branch.gateway.query('mutation { rename(id: "1", title: "New") { author { name } } }');
  expect(written.headers.get('cache-control')).toBe('no-store');
});

test('operators read in extensions.cache what each look-up was; others do not', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  await branch.gateway.query('{ book(id: "1") { title } }');
  const { text } = await branch.gateway.query('{ book(id: "1") { title } }');
  expect(JSON.parse(text).extensions.cache).toEqual([
    { subgraph: 'books', status: 'hit', age: 0, ttl: 60, tags: expect.arrayContaining(['{pub}:some:Book', '{pub}:tag:book-1']) },
  ]);
  branch.caller = { ...branch.caller, scopes: [] };
  const other = await branch.gateway.query('{ book(id: "1") { title } }');
  expect(other.text).not.toContain('extensions');
});

import { expect, test } from 'vitest';
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

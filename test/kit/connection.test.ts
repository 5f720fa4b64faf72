import { expect, test } from 'vitest';
import { connection, pagesFor, windowOf } from '#kit/connection.ts';

const rows = Array.from({ length: 53 }, (_, index) => index);
const page = (size: number, number: number): number[] => rows.slice((number - 1) * size, number * size);

/** Fetches a window as a client of a paging upstream does. */
function fetchWindow(window: { offset: number; limit: number }, maxPageSize: number): number[] {
  const { size, pages, skip } = pagesFor(window, maxPageSize);
  expect(size).toBeLessThanOrEqual(maxPageSize);
  return pages.flatMap((number) => page(size, number)).slice(skip, skip + window.limit);
}

test('every window comes out of the pages that cover it', () => {
  for (let offset = 0; offset < 60; offset++) {
    for (let limit = 1; limit <= 12; limit++) {
      for (const maxPageSize of [3, 10, 100])
        expect(fetchWindow({ offset, limit }, maxPageSize)).toEqual(rows.slice(offset, offset + limit));
    }
  }
});

test('walking in steps costs one page each', () => {
  for (let offset = 0; offset < 53; offset += 7) expect(pagesFor({ offset, limit: 7 }, 1_000).pages).toHaveLength(1);
});

test('walking by cursor meets every row once', () => {
  const met: number[] = [];
  let after: string | null = null;
  do {
    const window = windowOf({ first: 7, after }, { size: 50, max: 1_000 });
    const found = connection({ rows: rows.slice(window.offset, window.offset + window.limit), window, total: rows.length });
    met.push(...found.nodes);
    after = found.pageInfo.hasNextPage ? found.pageInfo.endCursor : null;
  } while (after !== null);
  expect(met).toEqual(rows);
});

test.each([-1, 1_001])('first: %i is refused with the allowed range', (first) => {
  expect(() => windowOf({ first }, { size: 50, max: 1_000 })).toThrow(`first: ${first} is not between 0 and 1000.`);
});

test.each(['', 'x', 'bzotMQ', Buffer.from('o:99999999999').toString('base64url')])('the cursor %j is refused', (after) => {
  expect(() => windowOf({ after }, { size: 50, max: 1_000 })).toThrow('after: is not a cursor of this list.');
});

test('the last page says so, and an empty window has no cursors', () => {
  const last = connection({ rows: [51, 52], window: { offset: 51, limit: 7 }, total: 53 });
  expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  expect(connection({ rows: [], window: { offset: 0, limit: 0 }, total: 53 }).pageInfo).toEqual({
    hasNextPage: true,
    hasPreviousPage: false,
    startCursor: null,
    endCursor: null,
  });
});

import type { Connection, Window } from './connection.ts';
import { toCursor } from './connection.ts';

/** Most pages of a service that are read to fill one page of a list. */
const maxPages = 20;

/** A list of which the caller may see some rows only, in a service that cannot be asked for these alone. */
type Source<Row> = {
  /** A page of the whole list; pages count from 1, `total` counts the rows of all. */
  readonly read: (page: { readonly page: number; readonly size: number }) => Promise<{
    readonly rows: readonly Row[];
    readonly total: number;
  }>;
  readonly isOwn: (row: Row) => boolean | Promise<boolean>;
  readonly maxPageSize: number;
};

type Found<Row> = { readonly offset: number; readonly node: Row };

/**
 * The caller's rows from the window's place on. Its place counts all rows of the service, so that a cursor stays where it was
 * whoever reads. When the bound is met first, the page is short, maybe empty, and its `endCursor` is the place to go on from.
 */
export async function ownPage<Row>(window: Window, { read, isOwn, maxPageSize }: Source<Row>): Promise<Connection<Row>> {
  const { offset, limit } = window;
  const size = Math.min(maxPageSize, Math.max(minPageSize, 4 * limit));
  const found: Found<Row>[] = [];
  let next = offset;
  let isAtEnd = false;
  for (let pages = 0; pages < maxPages && found.length <= limit && !isAtEnd; pages++) {
    const before = Math.floor(next / size);
    const { rows, total } = await read({ page: before + 1, size });
    found.push(...(await ownRows(rows, { first: before * size, next, isOwn })));
    next = (before + 1) * size;
    isAtEnd = next >= total || rows.length === 0;
  }
  return connectionOf(found, { window, nextToRead: isAtEnd ? null : next });
}

/** One row of many is the caller's, so a short page is not looked for in short pages. */
const minPageSize = 200;

type Place<Row> = Pick<Source<Row>, 'isOwn'> & { readonly first: number; readonly next: number };

async function ownRows<Row>(rows: readonly Row[], { first, next, isOwn }: Place<Row>): Promise<readonly Found<Row>[]> {
  const ahead = rows.map((node, index) => ({ offset: first + index, node })).filter(({ offset }) => offset >= next);
  const owned = await Promise.all(ahead.map(({ node }) => isOwn(node)));
  return ahead.filter((_, index) => owned[index]);
}

type End = { readonly window: Window; readonly nextToRead: number | null };

function connectionOf<Row>(found: readonly Found<Row>[], { window, nextToRead }: End): Connection<Row> {
  const edges = found.slice(0, window.limit).map(({ offset, node }) => ({ cursor: toCursor(offset), node }));
  const isFull = found.length > window.limit;
  const endCursor = isFull || nextToRead === null ? edges.at(-1)?.cursor : toCursor(nextToRead - 1);
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: isFull || nextToRead !== null,
      hasPreviousPage: window.offset > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: endCursor ?? null,
    },
    totalCount: null,
  };
}

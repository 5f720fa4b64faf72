import { ExpectedError } from './errors.ts';

/**
 * Relay connections over upstreams that page by number. A cursor is the row's offset, opaque to clients; rows shift
 * when new ones arrive at the front, which the SDL of each connection says.
 */
export type Connection<Node> = {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: number | null;
};

export type Window = { readonly offset: number; readonly limit: number };

type PageArguments = { readonly first?: number | null; readonly after?: string | null };

const cursorPattern = /^o:(\d{1,9})$/;

/** A place in a list, opaque to clients. */
export const toCursor = (offset: number): string => Buffer.from(`o:${offset}`).toString('base64url');

function offsetAfter(cursor: string): number {
  const match = cursorPattern.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw new ExpectedError('BAD_USER_INPUT', 'after: is not a cursor of this list.');
  return Number(match[1]) + 1;
}

/** Reads `first` and `after`; `first` must be within 0 and `max`. */
export function windowOf(
  { first, after }: PageArguments,
  { size, max }: { readonly size: number; readonly max: number },
): Window {
  const limit = first ?? size;
  if (limit < 0 || limit > max) throw new ExpectedError('BAD_USER_INPUT', `first: ${limit} is not between 0 and ${max}.`);
  return { offset: after == null ? 0 : offsetAfter(after), limit };
}

/**
 * The pages of an upstream that hold a window: one page where the window fits a page of some size up to `maxPageSize`,
 * else its two neighbours.
 */
export function pagesFor(
  { offset, limit }: Window,
  maxPageSize: number,
): { readonly size: number; readonly pages: readonly number[]; readonly skip: number } {
  const last = offset + Math.max(limit, 1) - 1;
  const size = sizeForOnePage(offset, last, maxPageSize) ?? Math.min(Math.max(limit, 1), maxPageSize);
  const firstPage = Math.floor(offset / size);
  const pages = Array.from({ length: Math.floor(last / size) - firstPage + 1 }, (_, index) => firstPage + index + 1);
  return { size, pages, skip: offset - firstPage * size };
}

/** The smallest page size up to twice the window with which first and last row share a page. */
function sizeForOnePage(first: number, last: number, maxPageSize: number): number | undefined {
  const limit = last - first + 1;
  for (let size = limit; size <= Math.min(limit * 2, maxPageSize); size++) {
    if (Math.floor(first / size) === Math.floor(last / size)) return size;
  }
  return undefined;
}

type Rows<Node> = {
  readonly rows: readonly Node[];
  readonly window: Window;
  readonly total: number | null;
  readonly hasNext?: boolean;
};

/** Shapes rows that start at the window's offset; without a total, `hasNext` says whether more follow. */
export function connection<Node>({ rows, window, total, hasNext }: Rows<Node>): Connection<Node> {
  const nodes = rows.slice(0, window.limit);
  const end = window.offset + nodes.length;
  const edges = nodes.map((node, index) => ({ cursor: toCursor(window.offset + index), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: hasNext ?? (total !== null && end < total),
      hasPreviousPage: window.offset > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: total,
  };
}

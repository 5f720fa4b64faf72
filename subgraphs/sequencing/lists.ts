import type { Connection, Window } from '#kit/connection.ts';
import { connection, pagesFor } from '#kit/connection.ts';
import { ownPage } from '#kit/own-page.ts';
import type { JobSummary, SampleSheet } from './answers.ts';
import type { Page, PageRequest } from './client.ts';
import { maxPageSize } from './client.ts';

type List<Row> = (window: Window) => Promise<Connection<Row>>;

/** Newest first, as far as the caller may see them. */
export type SequencingLists = { readonly jobs: List<JobSummary>; readonly sheets: List<SampleSheet> };

type Read<Row> = (request: PageRequest) => Promise<Page<Row>>;

/** All rows of the service. */
export const wholeList =
  <Row>(read: Read<Row>): List<Row> =>
  async (window) => {
    const { size, pages, skip } = pagesFor(window, maxPageSize);
    const answers = await Promise.all(pages.map((page) => read({ page, size })));
    const rows = answers.flatMap((answer) => answer.rows).slice(skip);
    return connection({ rows, window, total: answers[0]?.total ?? 0 });
  };

type Owned<Row> = { readonly read: Read<Row>; readonly isOwn: (row: Row) => boolean | Promise<boolean> };

/** Some rows of the service. */
export const ownList =
  <Row>({ read, isOwn }: Owned<Row>): List<Row> =>
  (window) =>
    ownPage(window, { read, isOwn, maxPageSize });

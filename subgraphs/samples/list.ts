import type { Connection, Window } from '#kit/connection.ts';
import { connection, pagesFor } from '#kit/connection.ts';
import type { Sample, SampleFilter } from './client.ts';
import { maxPageSize } from './client.ts';
import type { SampleLoaders } from './loaders.ts';

/** The samples that meet a filter, newest first, as far as the caller may see them. */
export type SampleList = (window: Window, filter: SampleFilter) => Promise<Connection<Sample>>;

/** For those who see all. */
export const wholeList =
  ({ page: read }: SampleLoaders): SampleList =>
  async (window, filter) => {
    const { size, pages, skip } = pagesFor(window, maxPageSize);
    const answers = await Promise.all(pages.map((page) => read({ page, size, filter })));
    const rows = answers.flatMap((answer) => answer.samples).slice(skip);
    return connection({ rows, window, total: answers[0]?.total ?? 0 });
  };

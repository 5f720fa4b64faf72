import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import { JobDetail, JobSummary, SampleSheet, SheetEntry } from './answers.ts';

/** Most rows of a page of the sequencing service. */
export const maxPageSize = 100;

const JobPage = z.object({ jobs: z.array(JobSummary), pagination: z.object({ total: z.number() }) });
const SheetPage = z.object({
  data: z.object({ sample_sheets: z.array(SampleSheet), pagination: z.object({ total_count: z.number() }) }),
});
const OneSheet = z
  .object({ data: z.object({ sample_sheet: SampleSheet, entries: z.array(SheetEntry) }) })
  .transform(({ data }) => ({ sheet: data.sample_sheet, entries: data.entries }));

export type SheetDetail = { readonly sheet: SampleSheet; readonly entries: readonly SheetEntry[] };

export type PageRequest = {
  /** Counts from 1. */
  readonly page: number;
  readonly size: number;
};

/** `total` counts the rows of all pages. */
export type Page<Row> = { readonly rows: readonly Row[]; readonly total: number };

/** Lists are newest first. */
export type SequencingClient = {
  readonly jobs: (request: PageRequest) => Promise<Page<JobSummary>>;
  readonly job: (id: string) => Promise<JobDetail | null>;
  readonly sheets: (request: PageRequest) => Promise<Page<SampleSheet>>;
  readonly sheet: (id: string) => Promise<SheetDetail | null>;
};

export function sequencingClient(rest: RestClient): SequencingClient {
  return {
    async jobs({ page, size }) {
      const { jobs, pagination } = await rest.get('/jobs', { answer: JobPage, query: { page, limit: size } });
      return { rows: jobs, total: pagination.total };
    },
    job: (id) => rest.find(path`/jobs/${id}`, { answer: JobDetail }),
    async sheets({ page, size }) {
      const { data } = await rest.get('/sample-sheets', { answer: SheetPage, query: { page, page_size: size } });
      return { rows: data.sample_sheets, total: data.pagination.total_count };
    },
    sheet: (id) => rest.find(path`/sample-sheets/${id}`, { answer: OneSheet }),
  };
}

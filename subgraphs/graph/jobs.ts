import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { Query } from './run.ts';

/* Statements that the graph service runs in its own time (graph contract sections 1.2 and 1.3). */

const statuses = {
  queued: 'QUEUED',
  scheduled: 'QUEUED',
  running: 'RUNNING',
  completed: 'COMPLETED',
  failed: 'FAILED',
  canceled: 'CANCELLED',
  cancelled: 'CANCELLED',
} as const;

export type JobStatus = (typeof statuses)[keyof typeof statuses];

const JobStatusWord = z
  .string()
  .toLowerCase()
  .pipe(z.enum(Object.keys(statuses) as (keyof typeof statuses)[]))
  .transform((word) => statuses[word]);

/** Seconds since 1970 as built, ISO 8601 in the documents. */
const moment = z
  .union([z.number().transform((seconds) => new Date(seconds * 1_000).toISOString()), z.string()])
  .nullish()
  .transform((time) => time ?? null);

const Job = z
  .object({
    job_id: z.union([z.int(), z.string()]).transform(String),
    status: JobStatusWord,
    query: z.string().nullish(),
    graph_name: z.string().nullish(),
    progress: z.number().nullish(),
    submitted_at: moment,
    start_time: moment,
    end_time: moment,
    processing_time_ms: z.number().nullish(),
  })
  .transform((job) => ({
    id: job.job_id,
    status: job.status,
    statement: job.query ?? null,
    graph: job.graph_name ?? null,
    progress: job.progress ?? null,
    submittedAt: job.submitted_at,
    startedAt: job.start_time,
    endedAt: job.end_time,
    processingTimeMs: job.processing_time_ms ?? null,
  }));

export type GraphJob = Readonly<z.infer<typeof Job>>;

const History = z.object({ jobs: z.array(Job), total_count: z.number(), has_more: z.boolean() });

type JobFilter = {
  readonly status?: JobStatus | null;
  readonly graph?: string | null;
  /** Counts from 1. */
  readonly page: number;
  readonly perPage: number;
};

export type GraphJobPage = {
  readonly nodes: readonly GraphJob[];
  readonly totalCount: number | null;
  readonly hasNextPage: boolean;
};

export type JobClient = {
  readonly submit: (graph: string, query: Query) => Promise<GraphJob>;
  readonly job: (id: string) => Promise<GraphJob>;
  /** Newest first. */
  readonly history: (filter: JobFilter) => Promise<GraphJobPage>;
};

export function jobClient(rest: RestClient): JobClient {
  return {
    submit: (graph, { text, parameters, limit }) =>
      rest.send('POST', path`/api/v1/public/graphs/${graph}/query`, {
        answer: Job,
        body: { query: text, parameters, format: 'json', limit },
      }),
    job: (id) => rest.get(path`/api/v1/public/query/${id}/status`, { answer: Job }),
    async history({ status, graph, page, perPage }) {
      // Over REST no job is ever cancelled, and the word is not known there.
      if (status === 'CANCELLED') return { nodes: [], totalCount: 0, hasNextPage: false };
      const query = { page, per_page: perPage, status: status?.toLowerCase(), graph_name: graph };
      const { jobs, total_count, has_more } = await rest.get('/api/v1/public/query/jobs', { answer: History, query });
      return { nodes: jobs, totalCount: total_count, hasNextPage: has_more };
    },
  };
}

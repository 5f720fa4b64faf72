import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { upstreamError } from '#kit/errors.ts';
import { path } from '#kit/path.ts';
import type { RunningQuery, RunWatch } from '#kit/query-watch.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { Statement } from './cypher.ts';
import { maxRows } from './cypher.ts';

/** Cells are found by their place: as built, the service names columns col_0, col_1 (graph contract section 1.3). */
export type Row = readonly unknown[];

const rows = z.array(z.array(z.unknown()));
const status = z.string().toLowerCase();

const columns = z.array(z.string()).nullish();
const milliseconds = z.number().nullish();

const Submitted = z.object({
  job_id: z.union([z.int(), z.string()]).transform(String),
  status,
  columns,
  data: rows.nullish(),
  execution_time_ms: milliseconds,
});
const JobState = z.object({ status, processing_time_ms: milliseconds });
const Results = z.object({
  columns,
  rows: rows.nullish(),
  result_metadata: z.object({ has_more_results: z.boolean().optional() }).nullish(),
});

export type RunOptions = {
  readonly rest: RestClient;
  /** Ends the wait for a job that takes long. */
  readonly signal: AbortSignal;
  /** Hears of every statement, where somebody wants to. */
  readonly watch?: RunWatch | undefined;
};

export type Query = Statement & {
  /** Most rows to give, 1 to 10,000. */
  readonly limit: number;
};

export type Table = {
  /** Null where the service does not name them. */
  readonly columns: readonly string[] | null;
  readonly rows: readonly Row[];
  readonly executionTimeMs: number | null;
};

/** Runs a statement and gives its first 10,000 rows, which may come at once or have to be waited for. */
export async function run(graph: string, statement: Statement, options: RunOptions): Promise<readonly Row[]> {
  const query = { ...statement, limit: maxRows };
  const { rows } = await watched({ graph, kind: 'built', length: query.text.length, limit: query.limit }, options, () =>
    tableOf(graph, query, options),
  );
  return rows;
}

/** Runs one statement and tells of its beginning and end. */
export async function watched<Answer>(
  query: RunningQuery,
  { watch }: Pick<RunOptions, 'watch'>,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const end = watch?.(query);
  try {
    const answer = await ask();
    end?.(true);
    return answer;
  } catch (error) {
    end?.(false);
    throw error;
  }
}

/** Some versions of the service do not heed `limit`, so there may be more rows. */
export async function tableOf(graph: string, query: Query, options: RunOptions): Promise<Table> {
  const submitted = await submit(graph, query, options.rest);
  const { data, columns = null, execution_time_ms: executionTimeMs = null } = submitted;
  if (data != null) return { columns, rows: data, executionTimeMs };
  const tookMs = await completion(submitted, options);
  return { ...(await results(submitted.job_id, { offset: 0, limit: query.limit }, options.rest)), executionTimeMs: tookMs };
}

function submit(graph: string, { text, parameters, limit }: Query, rest: RestClient): Promise<z.infer<typeof Submitted>> {
  const body = { query: text, parameters, format: 'json', limit };
  return rest.send('POST', path`/api/v1/public/graphs/${graph}/query`, { answer: Submitted, body });
}

type Job = { readonly job_id: string; readonly status: string };

const firstPauseMs = 25;
const longestPauseMs = 1_000;

/** How long the job took, where the service tells. */
async function completion(job: Job, { rest, signal }: RunOptions): Promise<number | null> {
  let state: z.infer<typeof JobState> = { status: job.status };
  for (let pauseMs = firstPauseMs; isUnderWay(state.status); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    await pause(pauseMs, signal);
    state = await rest.get(path`/api/v1/public/query/${job.job_id}/status`, { answer: JobState });
  }
  if (state.status === 'completed') return state.processing_time_ms ?? null;
  throw upstreamError('UPSTREAM_UNAVAILABLE', 'graph', { cause: new Error(`A job ended as ${state.status}.`) });
}

const isUnderWay = (state: string): boolean => state === 'queued' || state === 'scheduled' || state === 'running';

async function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(pauseMs, undefined, { signal });
  } catch (cause) {
    throw upstreamError('UPSTREAM_TIMEOUT', 'graph', { cause });
  }
}

type Part = { readonly offset: number; readonly limit: number };

/** Rows of a job that has completed. */
export async function results(job: string, { offset, limit }: Part, rest: RestClient): Promise<Omit<Table, 'executionTimeMs'>> {
  const all: Row[] = [];
  let columns: readonly string[] | null = null;
  while (all.length < limit) {
    const query = { offset: offset + all.length, limit: limit - all.length };
    const page = await rest.get(path`/api/v1/public/query/${job}/results`, { answer: Results, query });
    columns ??= page.columns ?? null;
    all.push(...(page.rows ?? []));
    if (page.result_metadata?.has_more_results !== true || !page.rows?.length) break;
  }
  return { columns, rows: all };
}

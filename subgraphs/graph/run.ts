import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { upstreamError } from '#kit/errors.ts';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { Statement } from './cypher.ts';
import { maxRows } from './cypher.ts';

/** Cells are found by their place: as built, the service names columns col_0, col_1 (graph contract section 1.3). */
export type Row = readonly unknown[];

const rows = z.array(z.array(z.unknown()));
const status = z.string().toLowerCase();

const Submitted = z.object({ job_id: z.union([z.int(), z.string()]).transform(String), status, data: rows.nullish() });
const JobState = z.object({ status });
const Results = z.object({
  rows: rows.nullish(),
  result_metadata: z.object({ has_more_results: z.boolean().optional() }).nullish(),
});

export type RunOptions = {
  readonly rest: RestClient;
  /** Ends the wait for a job that takes long. */
  readonly signal: AbortSignal;
};

/** Runs a statement and gives its first 10,000 rows, which may come at once or have to be waited for. */
export async function run(graph: string, { text, parameters }: Statement, options: RunOptions): Promise<readonly Row[]> {
  const body = { query: text, parameters, format: 'json', limit: maxRows };
  const submitted = await options.rest.send('POST', path`/api/v1/public/graphs/${graph}/query`, { answer: Submitted, body });
  if (submitted.data != null) return submitted.data;
  await completion(submitted, options);
  return results(submitted.job_id, options);
}

type Job = { readonly job_id: string; readonly status: string };

const firstPauseMs = 25;
const longestPauseMs = 1_000;

async function completion(job: Job, { rest, signal }: RunOptions): Promise<void> {
  let state = job.status;
  for (let pauseMs = firstPauseMs; isUnderWay(state); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    await pause(pauseMs, signal);
    state = (await rest.get(path`/api/v1/public/query/${job.job_id}/status`, { answer: JobState })).status;
  }
  if (state === 'completed') return;
  throw upstreamError('UPSTREAM_UNAVAILABLE', 'graph', { cause: new Error(`A job ended as ${state}.`) });
}

const isUnderWay = (state: string): boolean => state === 'queued' || state === 'scheduled' || state === 'running';

async function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(pauseMs, undefined, { signal });
  } catch (cause) {
    throw upstreamError('UPSTREAM_TIMEOUT', 'graph', { cause });
  }
}

async function results(job: string, { rest }: RunOptions): Promise<readonly Row[]> {
  const all: Row[] = [];
  while (all.length < maxRows) {
    const query = { offset: all.length, limit: maxRows - all.length };
    const page = await rest.get(path`/api/v1/public/query/${job}/results`, { answer: Results, query });
    all.push(...(page.rows ?? []));
    if (page.result_metadata?.has_more_results !== true || !page.rows?.length) break;
  }
  return all;
}

import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { requireGraph } from './catalog.ts';
import type { Engine } from './engine.ts';
import { maxRows } from './engine.ts';
import { readingQuery } from './guard.ts';
import { bodyOf, checked, count, queryOf } from './input.ts';
import type { Job, JobState } from './jobs.ts';
import { jobStore } from './jobs.ts';
import type { Tokens } from './tokens.ts';

/** How long a submit waits for its result before it answers with the job alone. */
const patienceMs = 2_000;

const Submission = z.object({
  query: z.string().min(1),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  format: z.literal('json').default('json'),
  limit: z.int().min(1).max(maxRows).default(1_000),
});
const JobPath = z.object({ job: count(0) });
const ResultsQuery = z.object({ offset: count(0).default(0), limit: count(1, maxRows).default(1_000) });
const HistoryQuery = z.object({
  page: count(1).default(1),
  per_page: count(1, 200).default(50),
  status: z.enum(['queued', 'running', 'completed', 'failed']).optional(),
  graph_name: z.string().optional(),
});

type Parts = { readonly clock: Clock; readonly tokens: Tokens; readonly engine: Engine };

type JobParams = { readonly Params: { readonly job: string } };

export function queryRoutes(app: FastifyInstance, { clock, tokens, engine }: Parts): void {
  const secured = { onRequest: tokens.guard };
  const jobs = jobStore(engine, clock);

  const jobOf = (params: JobParams['Params']): Job => {
    const job = jobs.byId(checked(JobPath, params, 'path').job);
    if (job === undefined) throw new ServiceFailure(404, `Job ${params.job} not found`, { code: 'JOB_NOT_FOUND' });
    return job;
  };

  app.post<{ Params: { readonly graph: string } }>('/api/v1/public/graphs/:graph/query', secured, async (request) => {
    const { graph } = request.params;
    requireGraph(graph);
    const { query, parameters, limit } = bodyOf(Submission, request);
    const statement = { query: readingQuery(query), parameters: parameters ?? {} };
    const { job, finished } = jobs.submit(statement, { graph, query });
    const outcome = (await within(waitMsOf(request.headers['prefer']), finished)) ?? jobs.byId(job.id) ?? job;
    const refusal = refusalOf(outcome.state);
    if (refusal === undefined) return { ...cardOf(outcome), estimated_completion: null, ...firstRows(outcome.state, limit) };
    jobs.forget(job.id);
    throw refusal;
  });

  app.get<JobParams>('/api/v1/public/query/:job/status', secured, async ({ params }) => {
    const { id, state } = jobOf(params);
    return { job_id: id, status: state.kind, progress: progressOf(state), ...timesOf(state), ...errorOf(state) };
  });

  app.get<JobParams>('/api/v1/public/query/:job/results', secured, async (request) => {
    const job = jobOf(request.params);
    return resultsOf(job, queryOf(ResultsQuery, request));
  });

  app.get('/api/v1/public/query/jobs', secured, async (request) => {
    const { page, per_page, status, graph_name } = queryOf(HistoryQuery, request);
    const matching = jobs
      .newestFirst()
      .filter(({ state, graph }) => (status ?? state.kind) === state.kind && (graph_name ?? graph) === graph);
    const listed = matching.slice((page - 1) * per_page, page * per_page);
    return {
      jobs: listed.map((job) => ({ ...cardOf(job), ...timesOf(job.state) })),
      total_count: matching.length,
      page,
      per_page,
      has_more: page * per_page < matching.length,
    };
  });
}

/** Of RFC 7240: `respond-async` asks for the job at once, `wait=<seconds>` for other patience than usual. */
function waitMsOf(preference: string | string[] | undefined): number {
  if (preference === 'respond-async') return 0;
  const seconds = /^wait=(\d{1,3})$/.exec(String(preference))?.[1];
  return seconds === undefined ? patienceMs : Number(seconds) * 1_000;
}

/** The value, or undefined when the time is up first; the timer never outlives the wait. */
async function within<Value>(waitMs: number, value: Promise<Value>): Promise<Value | undefined> {
  const done = new AbortController();
  const timeUp = setTimeout(waitMs, undefined, { signal: done.signal }).catch(() => undefined);
  try {
    return await Promise.race([value, timeUp]);
  } finally {
    done.abort();
  }
}

/** A statement that cannot run at all is no job that failed: it is refused like any other bad request. */
function refusalOf(state: JobState): ServiceFailure | undefined {
  if (state.kind !== 'failed') return undefined;
  const { code, message } = state.error;
  return code === 'INVALID_QUERY' || code === 'INVALID_QUERY_SYNTAX' ? new ServiceFailure(400, message, { code }) : undefined;
}

function cardOf({ id, state, query, graph, submittedAt }: Job) {
  return { job_id: id, status: state.kind, query, graph_name: graph, submitted_at: submittedAt / 1_000 };
}

function firstRows(state: JobState, limit: number) {
  if (state.kind !== 'completed') return {};
  const data = state.table.rows.slice(0, limit);
  const { columns } = state.table;
  return { columns, data, returned_rows: data.length, execution_time_ms: state.endedAt - state.startedAt };
}

function resultsOf({ id, state }: Job, { offset, limit }: z.infer<typeof ResultsQuery>) {
  const head = { job_id: id, status: state.kind, offset, limit };
  if (state.kind !== 'completed') {
    const nothing = { columns: null, rows: null, returned_rows: 0, total_rows: null };
    return { ...head, ...nothing, result_metadata: { query_execution_completed: false } };
  }
  const { columns, rows } = state.table;
  const page = rows.slice(offset, offset + limit);
  const more = offset + page.length < rows.length;
  return {
    ...head,
    columns,
    rows: page,
    returned_rows: page.length,
    total_rows: rows.length,
    result_metadata: { query_execution_completed: true, has_more_results: more },
  };
}

function progressOf(state: JobState): number {
  switch (state.kind) {
    case 'queued':
      return 0;
    case 'running':
      return 0.5;
    case 'completed':
    case 'failed':
      return 1;
  }
}

function timesOf(state: JobState) {
  switch (state.kind) {
    case 'queued':
      return {};
    case 'running':
      return { start_time: state.startedAt / 1_000 };
    case 'completed':
    case 'failed': {
      const { startedAt, endedAt } = state;
      return { start_time: startedAt / 1_000, end_time: endedAt / 1_000, processing_time_ms: endedAt - startedAt };
    }
  }
}

function errorOf(state: JobState) {
  return state.kind === 'failed' ? { error_message: `${state.error.code}: ${state.error.message}` } : {};
}

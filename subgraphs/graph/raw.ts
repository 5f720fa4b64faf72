import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { Freshness } from '#kit/freshness.ts';
import { checked } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import { GraphName, Limit, Offset, PageNumber, PageSize, Parameters, TimeoutMs } from './bounds.ts';
import { orNull } from './client.ts';
import { maxRows } from './cypher.ts';
import { StatementRefused } from './decode.ts';
import type { GraphJob, GraphJobPage, JobStatus } from './jobs.ts';
import { mustOnlyRead } from './read-only.ts';
import type { Query, Row, Table } from './run.ts';
import { results, tableOf, watched } from './run.ts';
import type { GraphContext } from './walk.ts';

/* Statements that callers write themselves. */

type Raw = {
  readonly graph: string;
  readonly statement: string;
  readonly parameters?: unknown;
  readonly limit?: number | null;
};

export type CypherResult = Omit<Table, 'columns'> & { readonly columns: readonly string[]; readonly truncated: boolean };

export async function cypherQuery(
  { timeoutMs, ...raw }: Raw & { readonly timeoutMs?: number | null },
  context: GraphContext,
): Promise<CypherResult> {
  const { graph, query } = readable(raw);
  const deadline = AbortSignal.timeout(checked(TimeoutMs, timeoutMs ?? 30_000, 'timeoutMs'));
  const signal = AbortSignal.any([context.call.signal, deadline]);
  return before(signal, async () => {
    await mustExist(graph, context);
    // One row more than wanted tells whether any is left.
    const wanted = { ...query, limit: Math.min(query.limit + 1, maxRows) };
    const { rest, watch } = context;
    const ask = () => tableOf(graph, wanted, { rest, signal });
    const running = { graph, kind: 'written', length: wanted.text.length, limit: wanted.limit } as const;
    const table = await blamingStatement(watched(running, { watch }, ask));
    return resultOf(table, query.limit);
  });
}

type Submission = Raw & { readonly idempotencyKey?: string | null };

export async function submitGraphQuery({ idempotencyKey, ...raw }: Submission, context: GraphContext): Promise<GraphJob> {
  const wanted = readable(raw);
  return context.once(idempotencyKey, ['submitGraphQuery', wanted], async () => {
    await mustExist(wanted.graph, context);
    return submitted(wanted, context);
  });
}

async function submitted({ graph, query }: Readable, { statements: { jobs }, clock }: GraphContext): Promise<GraphJob> {
  const since = clock.now();
  const job = await writeOnce({
    write: () => blamingStatement(jobs.submit(graph, query)),
    isCommitted: async () => {
      const { nodes } = await jobs.history({ graph, page: 1, perPage: 50 });
      return nodes.some(({ statement, submittedAt }) => statement === query.text && isSince(since, submittedAt));
    },
  });
  return { ...job, statement: query.text, graph };
}

/** How far the service's clock may be behind ours. */
const skewMs = 5_000;

const isSince = (since: number, time: string | null): boolean => time !== null && Date.parse(time) >= since - skewMs;

/** What is no number of a job is null without a call. */
const ended: ReadonlySet<JobStatus> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** The schema lets it be kept as long as the rows of a job that has ended; what is to come of it is not. */
const untilItEnds: Freshness = { maxAgeSeconds: 30, isPrivate: false };

export async function graphQueryJob(id: string, { statements: { jobs }, hear }: GraphContext): Promise<GraphJob | null> {
  const job = /^\d{1,19}$/.test(id) ? await orNull(jobs.job(id)) : null;
  if (job === null || !ended.has(job.status)) hear(untilItEnds);
  return job;
}

type Listing = {
  readonly status?: JobStatus | null;
  readonly graph?: string | null;
  readonly page?: number | null;
  readonly perPage?: number | null;
};

export async function graphQueryJobs(
  { status, graph, page, perPage }: Listing,
  { statements: { jobs } }: GraphContext,
): Promise<GraphJobPage> {
  const window = { page: checked(PageNumber, page ?? 1, 'page'), perPage: checked(PageSize, perPage ?? 50, 'perPage') };
  const named = graph == null ? null : checked(GraphName, graph, 'graph');
  return jobs.history({ status: status ?? null, graph: named, ...window });
}

type Window = { readonly offset?: number | null; readonly limit?: number | null };

/** Null for a job that has not completed, and for one whose rows are kept no longer. */
export async function resultsOfJob(
  { id, status }: GraphJob,
  given: Window,
  { rest }: GraphContext,
): Promise<CypherResult | null> {
  const offset = checked(Offset, given.offset ?? 0, 'offset');
  const limit = checked(Limit, given.limit ?? 1_000, 'limit');
  if (status !== 'COMPLETED') return null;
  const table = await orNull(results(id, { offset, limit: Math.min(limit + 1, maxRows) }, rest));
  return table && resultOf({ ...table, executionTimeMs: null }, limit);
}

type Readable = { readonly graph: string; readonly query: Query };

function readable({ graph, statement, parameters, limit }: Raw): Readable {
  mustOnlyRead(statement);
  const query = {
    text: statement,
    parameters: checked(Parameters, parameters ?? {}, 'parameters'),
    limit: checked(Limit, limit ?? 1_000, 'limit'),
  };
  return { graph, query };
}

async function mustExist(graph: string, { statements }: GraphContext): Promise<void> {
  if ((await statements.graph(graph)) !== null) return;
  throw new ExpectedError('NOT_FOUND', 'graph: there is no graph of that name.', { extensions: { service: 'graph' } });
}

/** Elsewhere every statement is ours; here the caller has to hear that his own cannot be read. */
async function blamingStatement<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ExpectedError) || !(error.cause instanceof StatementRefused)) throw error;
    const message = 'statement: the graph service cannot make sense of it, or of its parameters.';
    throw new ExpectedError('BAD_USER_INPUT', message, { cause: error, extensions: { field: 'statement' } });
  }
}

function resultOf({ columns, rows, executionTimeMs }: Table, limit: number): CypherResult {
  const kept = rows.slice(0, limit);
  // Of the longest answer nobody can tell whether it was cut.
  const truncated = rows.length > limit || rows.length >= maxRows;
  return { columns: columns ?? numbered(rows[0]), rows: kept, truncated, executionTimeMs };
}

const numbered = (row: Row = []): readonly string[] => row.map((_, index) => `col_${index}`);

/** The call under way ends by itself; nobody waits for it any longer. */
async function before<Value>(signal: AbortSignal, start: () => Promise<Value>): Promise<Value> {
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(upstreamError('UPSTREAM_TIMEOUT', 'graph', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([start(), timeUp]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import type { Engine, Statement, Table } from './engine.ts';
import { QueryError } from './engine.ts';

/** What became of a job so far; times are milliseconds since the Unix epoch. */
export type JobState =
  | { readonly kind: 'queued' }
  | { readonly kind: 'running'; readonly startedAt: number }
  | { readonly kind: 'completed'; readonly startedAt: number; readonly endedAt: number; readonly table: Table }
  | { readonly kind: 'failed'; readonly startedAt: number; readonly endedAt: number; readonly error: QueryError };

/** The query as the caller wrote it; what runs may be worded differently. */
type AsWritten = { readonly graph: string; readonly query: string };

export type Job = AsWritten & {
  readonly id: number;
  readonly submittedAt: number;
  readonly state: JobState;
};

const maxJobs = 1_000;
/** Of all results together; the oldest jobs go first when a few large ones fill it. */
const maxCells = 2_000_000;

/** Runs statements and remembers the last thousand with their results. Ids only grow. */
export function jobStore(engine: Engine, clock: Clock) {
  const jobs = new LRUCache<number, Job>({ max: maxJobs, maxSize: maxCells, sizeCalculation: ({ state }) => sizeOf(state) });
  let lastId = 0;

  const update = (job: Job, state: JobState): Job => {
    const updated = { ...job, state };
    jobs.set(job.id, updated);
    return updated;
  };

  const finish = async (job: Job, statement: Statement): Promise<Job> => {
    let startedAt = clock.now();
    try {
      const table = await engine.run(statement, () => {
        startedAt = clock.now();
        update(job, { kind: 'running', startedAt });
      });
      return update(job, { kind: 'completed', startedAt, endedAt: clock.now(), table });
    } catch (cause) {
      const error = cause instanceof QueryError ? cause : new QueryError('XGT_OPERATION_ERROR', String(cause));
      return update(job, { kind: 'failed', startedAt, endedAt: clock.now(), error });
    }
  };

  return {
    /** `finished` never rejects: a failure is a state of the job. */
    submit(statement: Statement, asWritten: AsWritten): { readonly job: Job; readonly finished: Promise<Job> } {
      lastId += 1;
      const job: Job = { ...asWritten, id: lastId, submittedAt: clock.now(), state: { kind: 'queued' } };
      jobs.set(job.id, job);
      return { job, finished: finish(job, statement) };
    },

    // Reading must not keep a job alive longer: the oldest one goes.
    byId: (id: number): Job | undefined => jobs.peek(id),

    newestFirst: (): readonly Job[] => [...jobs.values()].sort((a, b) => b.id - a.id),

    forget: (id: number): boolean => jobs.delete(id),
  };
}

function sizeOf(state: JobState): number {
  return state.kind === 'completed' ? 1 + state.table.rows.length * state.table.columns.length : 1;
}

import { isDeepStrictEqual } from 'node:util';
import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import type { JobSummary, SampleSheet } from './answers.ts';
import { Execution, Id, JobChange, NewJob, NewQueuedJob, NewSheet, Notes, SheetChange } from './bounds.ts';
import { isAmongNewest, jobIsAs, sheetIsAs } from './committed.ts';
import { queueForSequencing } from './queue-for-sequencing.ts';
import { notFound } from './refusals.ts';
import type { SequencingContext } from './resolvers.ts';
import { allowedTransitions } from './states.ts';
import type { JobStatus } from './words.ts';

type ById = { readonly id: string };
type Keyed = { readonly idempotencyKey?: string | null };
type Create = Keyed & { readonly input: unknown };
type Change = ById & { readonly input: unknown };
type Move = ById & { readonly to: JobStatus; readonly notes?: string | null };

export const mutations = {
  createSequencingJob: async (_: unknown, { input, idempotencyKey }: Create, context: SequencingContext) => {
    const job = checked(NewJob, input);
    return context.once(idempotencyKey, ['createSequencingJob', job], () => createJob(job, context));
  },
  queueForSequencing: async (_: unknown, { input, idempotencyKey }: Create, context: SequencingContext) => {
    const job = checked(NewQueuedJob, input);
    return context.once(idempotencyKey, ['queueForSequencing', job], () => queueForSequencing(job, context));
  },
  updateSequencingJob: async (_: unknown, { id: given, input }: Change, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    const change = checked(JobChange, input);
    const isCommitted = async () => jobIsAs(change, await context.client.job(id));
    return changing(context, { write: () => context.writes.changeJob(id, change), isCommitted });
  },
  transitionSequencingJob: async (_: unknown, { id: given, to, notes: noted }: Move, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    const notes = checked(Notes, noted, 'notes');
    const job = await context.client.job(id);
    if (job === null) throw notFound('There is no such job.');
    mustAllow(job.status, to);
    return changing(context, { write: () => context.writes.moveJob(id, to, notes), isCommitted: isIn(to, id, context) });
  },
  cancelSequencingJob: async (_: unknown, { id: given }: ById, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    return changing(context, { write: () => context.writes.cancelJob(id), isCommitted: isIn('CANCELLED', id, context) });
  },
  cloneSequencingJob: async (_: unknown, { id: given, idempotencyKey }: ById & Keyed, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    return context.once(idempotencyKey, ['cloneSequencingJob', id], () => cloneJob(id, context));
  },
  deleteSequencingJob: async (_: unknown, { id: given }: ById, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    const isCommitted = async () => (await context.client.job(id)) === null;
    await changing(context, { write: () => context.writes.deleteJob(id), isCommitted });
    return true;
  },
  createSampleSheet: async (_: unknown, { input, idempotencyKey }: Create, context: SequencingContext) => {
    const sheet = checked(NewSheet, input);
    return context.once(idempotencyKey, ['createSampleSheet', sheet], () => createSheet(sheet, context));
  },
  updateSampleSheet: async (_: unknown, { id: given, input }: Change, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    const change = checked(SheetChange, input);
    const isCommitted = async () => sheetIsAs(change, await context.client.sheet(id));
    return changing(context, { write: () => context.writes.changeSheet(id, change), isCommitted });
  },
  validateSampleSheet: async (_: unknown, { id: given }: ById, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    const found = await changing(context, { write: () => context.writes.validateSheet(id), isCommitted: cannotTell });
    return { ...found, sheetId: id };
  },
  deleteSampleSheet: async (_: unknown, { id: given }: ById, context: SequencingContext) => {
    const id = checked(Id, given, 'id');
    const isCommitted = async () => (await context.client.sheet(id)) === null;
    await changing(context, { write: () => context.writes.deleteSheet(id), isCommitted });
    return true;
  },
  executeWorkflow: async (_: unknown, { input, idempotencyKey }: Create, context: SequencingContext) => {
    const execution = checked(Execution, input);
    const write = () => context.writes.execute(execution);
    const run = () => changing(context, { write, isCommitted: cannotTell });
    return context.once(idempotencyKey, ['executeWorkflow', execution], run);
  },
};

/** The change may have happened whatever its answer was, so what was known before is forgotten in any case. */
async function changing<Value>(context: SequencingContext, write: Parameters<typeof writeOnce<Value>>[0]): Promise<Value> {
  try {
    return await writeOnce(write);
  } finally {
    context.index.drop();
    context.loaders.forget();
  }
}

const cannotTell = async (): Promise<boolean> => false;

const isIn =
  (status: JobStatus, id: string, { client }: SequencingContext) =>
  async (): Promise<boolean> =>
    (await client.job(id))?.status === status;

function createJob(job: NewJob, context: SequencingContext): Promise<JobSummary> {
  const { name, priority, platformId, workflowId } = job;
  return changing(context, {
    write: () => context.writes.createJob(job),
    isCommitted: addedSince(context)({ name, priority, platformId, workflowId }),
  });
}

function cloneJob(id: string, context: SequencingContext): Promise<JobSummary> {
  const added = addedSince(context);
  const isCommitted = async (): Promise<boolean> => {
    const job = await context.client.job(id);
    return job !== null && added({ ...headOf(job), name: `${job.name} (Copy)` })();
  };
  return changing(context, { write: () => context.writes.cloneJob(id), isCommitted });
}

type Head = Pick<JobSummary, 'name' | 'priority' | 'platformId' | 'workflowId'>;

const headOf = ({ name, priority, platformId, workflowId }: Head): Head => ({ name, priority, platformId, workflowId });

/** To be called before the write. */
function addedSince({ client, clock }: SequencingContext): (head: Head) => () => Promise<boolean> {
  const since = clock.now();
  return (head) => () =>
    isAmongNewest({ page: client.jobs, since, isIt: (job) => job.status === 'DRAFT' && isDeepStrictEqual(headOf(job), head) });
}

function createSheet(sheet: NewSheet, context: SequencingContext): Promise<SampleSheet> {
  const since = context.clock.now();
  const isIt = ({ name, platformId, sampleCount }: SampleSheet): boolean =>
    name === sheet.name && platformId === sheet.platformId && sampleCount === sheet.lines.length;
  return changing(context, {
    write: () => context.writes.createSheet(sheet),
    isCommitted: () => isAmongNewest({ page: context.client.sheets, since, isIt }),
  });
}

function mustAllow(from: JobStatus, to: JobStatus): void {
  const allowed = allowedTransitions(from);
  if (allowed.includes(to)) return;
  const next = allowed.length === 0 ? `${from} is the end of its life` : `from ${from} it may go to ${allowed.join(', ')}`;
  throw new ExpectedError('BAD_USER_INPUT', `to: a job cannot go from ${from} to ${to}; ${next}.`, {
    extensions: { field: 'to', allowed },
  });
}

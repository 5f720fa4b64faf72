import type { Call } from '#kit/call.ts';
import type { Clock } from '#kit/clock.ts';
import { windowOf } from '#kit/connection.ts';
import type { Once, SubgraphResolvers } from '#kit/define-subgraph.ts';
import { isUuid } from '#kit/ids.ts';
import { referenceTo } from '#kit/reference.ts';
import type { SampleStates } from '#kit/sample-states.ts';
import type { Job, JobDetail, SampleSheet, SheetEntry } from './answers.ts';
import { sampleIdsIn } from './answers.ts';
import type { SequencingClient } from './client.ts';
import type { JobIndex } from './job-index.ts';
import type { SequencingLists } from './lists.ts';
import { wholeList } from './lists.ts';
import type { SequencingLoaders } from './loaders.ts';
import { allowedTransitions, progressPercent } from './states.ts';
import type { WorkflowClient } from './workflows.ts';
import type { SequencingWrites, Validation, WorkflowExecution } from './writes.ts';

export type SequencingClients = {
  readonly client: SequencingClient;
  readonly writes: SequencingWrites;
  readonly samples: SampleStates;
};

export type SequencingContext = SequencingClients & {
  /** The same with a deadline of their own, for what must come to an end although the caller is gone. */
  readonly detached: () => SequencingClients;
  readonly onLeftBehind: (error: Error) => void;
  readonly loaders: SequencingLoaders;
  readonly lists: SequencingLists;
  readonly index: JobIndex;
  readonly workflows: WorkflowClient;
  readonly clock: Clock;
  readonly call: Call;
  readonly once: Once;
};

type ById = { readonly id: string };

/** Most rows of a page. */
const max = 500;

type Many = { readonly first?: number | null; readonly after?: string | null };

export const resolvers: SubgraphResolvers = {
  Query: {
    sequencingJob: (_: unknown, { id }: ById, { loaders }: SequencingContext) => loaders.job.load(id),
    sequencingJobs: (_: unknown, wanted: Many, { lists }: SequencingContext) => lists.jobs(windowOf(wanted, { size: 50, max })),
    sampleSheet: (_: unknown, { id }: ById, { loaders }: SequencingContext) => sheet(id, loaders),
    sampleSheets: (_: unknown, wanted: Many, { lists }: SequencingContext) => lists.sheets(windowOf(wanted, { size: 20, max })),
    workflow: (_: unknown, { id }: ById, { workflows }: SequencingContext) =>
      isUuid(id) ? workflows.one(id.toLowerCase()) : null,
    workflows: (_: unknown, wanted: Many, { workflows }: SequencingContext) =>
      wholeList(workflows.page)(windowOf(wanted, { size: 20, max })),
  },
  SequencingJob: {
    __resolveReference: ({ id }: ById, { loaders }: SequencingContext) => loaders.job.load(id),
    description: fromDetail((job) => job.description),
    allowedTransitions: ({ status }: Job) => allowedTransitions(status),
    progressPercent: ({ status }: Job) => progressPercent(status),
    sampleSheet: fromDetail(({ sheetId }, loaders) => (sheetId === null ? null : sheet(sheetId, loaders))),
    samples: fromDetail(samplesOf),
    createdBy: fromDetail((job) => referenceTo('User', job.createdBy)),
    assignedTo: fromDetail((job) => referenceTo('User', job.assignedTo)),
    estimatedStart: fromDetail((job) => job.estimatedStart),
    actualStart: fromDetail((job) => job.actualStart),
    actualCompletion: fromDetail((job) => job.actualCompletion),
    metadata: fromDetail((job) => job.metadata),
    updatedAt: fromDetail((job) => job.updatedAt),
  },
  SampleSheet: {
    __resolveReference: ({ id }: ById, { loaders }: SequencingContext) => sheet(id, loaders),
    entries: async ({ id }: SampleSheet, _: unknown, { loaders }: SequencingContext) =>
      (await loaders.sheet.load(id))?.entries ?? null,
  },
  SampleSheetEntry: {
    sample: ({ sampleIdRaw }: SheetEntry) => referenceTo('Sample', sampleIdRaw),
  },
  SampleSheetValidation: {
    sheet: ({ sheetId }: Validation & { readonly sheetId: string }, _: unknown, { loaders }: SequencingContext) =>
      sheet(sheetId, loaders),
  },
  WorkflowExecution: {
    workflow: ({ workflowId }: WorkflowExecution, _: unknown, { workflows }: SequencingContext) => workflows.one(workflowId),
    job: ({ jobId }: WorkflowExecution, _: unknown, { loaders }: SequencingContext) =>
      jobId === null ? null : loaders.job.load(jobId),
  },
  Sample: {
    __resolveReference: ({ id }: ById) => ({ id }),
    sequencingJobs: ({ id }: ById, _: unknown, { index }: SequencingContext) => (isUuid(id) ? index.jobsOf(id) : []),
  },
};

/** A field that lists do not tell. */
function fromDetail<Value>(field: (job: JobDetail, loaders: SequencingLoaders) => Value) {
  return async (job: Job, _: unknown, { loaders }: SequencingContext) => {
    const detail = job.kind === 'detail' ? job : await loaders.job.load(job.id);
    return detail === null ? null : field(detail, loaders);
  };
}

async function sheet(id: string, loaders: SequencingLoaders): Promise<SampleSheet | null> {
  return (await loaders.sheet.load(id))?.sheet ?? null;
}

async function samplesOf({ sheetId, metadata }: JobDetail, loaders: SequencingLoaders): Promise<readonly object[]> {
  const entries = sheetId === null ? [] : ((await loaders.sheet.load(sheetId))?.entries ?? []);
  const listed = entries.map((entry) => entry.sampleIdRaw);
  const ids = new Set(listed.length > 0 ? listed : sampleIdsIn(metadata));
  return [...ids].map((id) => referenceTo('Sample', id)).filter((sample) => sample !== null);
}

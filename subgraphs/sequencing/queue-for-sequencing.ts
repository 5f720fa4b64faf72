import { randomUUID } from 'node:crypto';
import { ExpectedError } from '#kit/errors.ts';
import type { Step, Write } from '#kit/saga.ts';
import { saga } from '#kit/saga.ts';
import type { SampleState } from '#kit/sample-states.ts';
import type { JobDetail } from './answers.ts';
import { attemptIn } from './answers.ts';
import type { NewQueuedJob } from './bounds.ts';
import type { SequencingClient } from './client.ts';
import { maxPageSize } from './client.ts';
import type { SequencingClients, SequencingContext } from './resolvers.ts';
import type { JobStatus } from './words.ts';

/**
 * No service couples the writes (contract section 5). The job is queued last, so that no machine starts it before every sample
 * is its own; until then it can be deleted.
 */
export async function queueForSequencing(wanted: NewQueuedJob, context: SequencingContext): Promise<JobDetail> {
  const [origins] = await Promise.all([originsOf(wanted, context), mustFitSheet(wanted, context)]);
  const { call, detached, onLeftBehind } = context;
  try {
    return await saga({ signal: call.signal, clients: context, detached, onLeftBehind }, async (step) => {
      const { id } = await step(jobCreated(wanted));
      await step(jobIn('SUBMITTED', id));
      await step(jobIn('VALIDATED', id));
      for (const [sampleId, origin] of origins) await step(sampleInSequencing(sampleId, origin));
      return step(jobIn('QUEUED', id));
    });
  } finally {
    context.index.drop();
    context.loaders.forget();
  }
}

/** From IN_SEQUENCING back to where a sample came from: the only way that its states allow (contract section 5). */
const waysBack = {
  VALIDATED: ['FAILED', 'PENDING', 'VALIDATED'],
  IN_STORAGE: ['FAILED', 'PENDING', 'VALIDATED', 'IN_STORAGE'],
} as const satisfies Partial<Record<SampleState, readonly SampleState[]>>;

type Origin = keyof typeof waysBack;

const isOrigin = (state: string): state is Origin => Object.hasOwn(waysBack, state);

/** The state of every sample, which has to be one that it may be sequenced from. */
async function originsOf({ sampleIds }: NewQueuedJob, { samples }: SequencingClients): Promise<ReadonlyMap<string, Origin>> {
  const states = await Promise.all(sampleIds.map(samples.stateOf));
  return new Map(sampleIds.map((id, index) => [id, originOf(states[index] ?? null, `sampleIds.${index}`)]));
}

function originOf(state: string | null, argument: string): Origin {
  if (state === null) throw refused('NOT_FOUND', argument, 'there is no such sample.');
  if (isOrigin(state)) return state;
  const allowed = Object.keys(waysBack).join(', ');
  throw refused(
    'BAD_USER_INPUT',
    argument,
    `a sample in state ${state} cannot change to IN_SEQUENCING; allowed from: ${allowed}.`,
  );
}

async function mustFitSheet({ sampleSheetId, sampleIds }: NewQueuedJob, { client }: SequencingClients): Promise<void> {
  if (sampleSheetId == null) return;
  const sheet = await client.sheet(sampleSheetId);
  if (sheet === null) throw refused('NOT_FOUND', 'sampleSheetId', 'there is no such sheet.');
  const listed = new Set(sheet.entries.map(({ sampleIdRaw }) => sampleIdRaw.toLowerCase()));
  if (listed.symmetricDifference(new Set(sampleIds)).size > 0)
    throw refused('BAD_USER_INPUT', 'sampleIds', 'are not the samples of the sheet.');
}

function refused(code: 'NOT_FOUND' | 'BAD_USER_INPUT', argument: string, sentence: string): ExpectedError {
  const field = `input.${argument}`;
  return new ExpectedError(code, `${field}: ${sentence}`, { extensions: { field } });
}

/** A job whose id was never told is known by the attempt that its metadata notes. */
function jobCreated(wanted: NewQueuedJob): Step<SequencingClients, { readonly id: string }> {
  const attempt = randomUUID();
  const job = { ...wanted, metadata: { ...wanted.metadata, attempt_id: attempt } };
  return {
    done: `job ${JSON.stringify(wanted.name)} created`,
    run: ({ writes }) => writes.createJob(job),
    find: ({ client }) => jobOf(attempt, wanted.name, client),
    undo: ({ id }) => [
      {
        run: ({ writes }) => writes.deleteJob(id),
        find: async ({ client }) => ((await client.job(id)) === null ? true : null),
      },
    ],
  };
}

async function jobOf(attempt: string, name: string, client: SequencingClient): Promise<JobDetail | null> {
  const { rows } = await client.jobs({ page: 1, size: maxPageSize });
  const jobs = await Promise.all(rows.filter((row) => row.name === name).map(({ id }) => client.job(id)));
  return jobs.find((job) => job !== null && attemptIn(job.metadata) === attempt) ?? null;
}

/** Has no undo: the job is deleted whole. */
const jobIn = (status: JobStatus, id: string): Step<SequencingClients, JobDetail> => ({
  done: `job ${id} ${status}`,
  run: ({ writes }) => writes.moveJob(id, status, null),
  find: async ({ client }) => {
    const job = await client.job(id);
    return job?.status === status ? job : null;
  },
});

const sampleInSequencing = (id: string, origin: Origin): Step<SequencingClients, string> => ({
  done: `sample ${id} IN_SEQUENCING`,
  ...sampleMoved(id, 'IN_SEQUENCING'),
  undo: () => waysBack[origin].map((state) => sampleMoved(id, state)),
});

const sampleMoved = (id: string, to: SampleState): Write<SequencingClients, string> => ({
  run: ({ samples }) => samples.move(id, to),
  find: async ({ samples }) => ((await samples.stateOf(id)) === to ? to : null),
});

import { ExpectedError } from '#kit/errors.ts';
import { isUuid } from '#kit/ids.ts';
import type { OwnSamples } from '#kit/own-samples.ts';
import { restamped, stamped } from '#kit/tenancy.ts';
import type { JobDetail } from './answers.ts';
import { sampleIdsIn } from './answers.ts';
import type { SheetLine } from './bounds.ts';
import type { SequencingClient } from './client.ts';
import { notFound } from './refusals.ts';
import type { SequencingWrites } from './writes.ts';

type Parts = {
  /** Sees only the tenant's own. */
  readonly client: SequencingClient;
  readonly samples: OwnSamples;
  readonly tenant: string;
};

/** What is created becomes the tenant's and holds none but its own samples; nothing of others can be changed. */
export function ownWrites(writes: SequencingWrites, { client, samples, tenant }: Parts): SequencingWrites {
  const job = async (id: string): Promise<JobDetail> => (await client.job(id)) ?? missing('There is no such job.');
  const sheet = async (id: string) => (await client.sheet(id)) ?? missing('There is no such sheet.');
  const mustBeOwn = async (ids: readonly string[]): Promise<void> => {
    const found = await Promise.all([...new Set(ids)].map((id) => samples.given.load(id)));
    if (found.includes(null)) missing('sampleIds: holds a sample that there is not.');
  };
  // What is no id names no sample of the gateway's; it is text for the machine.
  const mustList = (lines: readonly SheetLine[] | null | undefined): Promise<void> =>
    mustBeOwn((lines ?? []).map(({ sampleId }) => sampleId).filter(isUuid));
  return {
    async createJob(wanted) {
      await mustBeOwn([...(wanted.sampleIds ?? []), ...sampleIdsIn(wanted.metadata)]);
      if (wanted.sampleSheetId != null) await sheet(wanted.sampleSheetId);
      return writes.createJob({ ...wanted, metadata: stamped(wanted.metadata, tenant) });
    },
    async changeJob(id, change) {
      const { metadata } = await job(id);
      if (change.metadata == null) return writes.changeJob(id, change);
      await mustBeOwn(sampleIdsIn(change.metadata));
      return writes.changeJob(id, { ...change, metadata: restamped(change.metadata, metadata) });
    },
    moveJob: async (id, to, notes) => writes.moveJob((await job(id)).id, to, notes),
    cancelJob: async (id) => writes.cancelJob((await job(id)).id),
    async cloneJob(id) {
      const { metadata } = await job(id);
      const made = await writes.cloneJob(id);
      // Whether a copy takes the metadata along is not in the contract.
      if ((await client.job(made.id)) === null) await writes.changeJob(made.id, { metadata: { ...Object(metadata) } });
      return made;
    },
    deleteJob: async (id) => writes.deleteJob((await job(id)).id),
    async createSheet(wanted) {
      await mustList(wanted.lines);
      return writes.createSheet({ ...wanted, runParameters: stamped(wanted.runParameters, tenant) });
    },
    async changeSheet(id, change) {
      await sheet(id);
      await mustList(change.lines);
      if (change.runParameters == null) return writes.changeSheet(id, change);
      return writes.changeSheet(id, { ...change, runParameters: stamped(change.runParameters, tenant) });
    },
    validateSheet: async (id) => writes.validateSheet((await sheet(id)).sheet.id),
    deleteSheet: async (id) => writes.deleteSheet((await sheet(id)).sheet.id),
    async execute(execution) {
      if (execution.jobId == null)
        throw new ExpectedError('BAD_USER_INPUT', 'input.jobId: an organization starts workflows for its own jobs.', {
          extensions: { field: 'input.jobId' },
        });
      await job(execution.jobId);
      return writes.execute(execution);
    },
  };
}

function missing(message: string): never {
  throw notFound(message);
}

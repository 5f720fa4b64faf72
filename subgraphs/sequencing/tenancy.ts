import { organizationIn } from '#kit/tenancy.ts';
import type { JobDetail, JobSummary } from './answers.ts';
import type { SequencingClient } from './client.ts';
import type { JobIndex } from './job-index.ts';
import type { SequencingLists } from './lists.ts';
import { ownList } from './lists.ts';

/*
 * A job is the organization's that its metadata names, a sheet that of its run parameters; both are written when it is
 * created. Without one they are the laboratory's, whose samples soever they hold. Workflows are everybody's.
 */

/** Pages stay those of the service, for finding out what became of a write; what callers see of them stands in `ownLists`. */
export function ownClient(client: SequencingClient, tenant: string): SequencingClient {
  return {
    ...client,
    async job(id) {
      const job = await client.job(id);
      return job !== null && isOf(tenant, job) ? job : null;
    },
    async sheet(id) {
      const found = await client.sheet(id);
      return found?.sheet.organization === tenant ? found : null;
    },
  };
}

const isOf = (tenant: string, { metadata }: JobDetail): boolean => organizationIn(metadata) === tenant;

/** The index is everybody's; what comes out of it is not. */
export const ownIndex = (index: JobIndex, tenant: string): JobIndex => ({
  ...index,
  jobsOf: async (sampleId) => (await index.jobsOf(sampleId)).filter((job) => isOf(tenant, job)),
});

type ListParts = {
  readonly client: SequencingClient;
  readonly index: JobIndex;
  readonly tenant: string;
};

/** A list of jobs does not tell whose they are: the index does, and for a job that it has not met the job itself. */
export function ownLists({ client, index, tenant }: ListParts): SequencingLists {
  const isOwn = async ({ id }: JobSummary): Promise<boolean> => {
    const known = await index.job(id);
    return known === undefined ? (await client.job(id)) !== null : isOf(tenant, known);
  };
  return {
    jobs: ownList({ read: client.jobs, isOwn }),
    sheets: ownList({ read: client.sheets, isOwn: ({ organization }) => organization === tenant }),
  };
}

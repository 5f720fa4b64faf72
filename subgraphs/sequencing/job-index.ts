import type { Clock } from '#kit/clock.ts';
import { isUuid } from '#kit/ids.ts';
import type { JobDetail } from './answers.ts';
import { sampleIdsIn } from './answers.ts';
import type { SequencingClient } from './client.ts';
import { maxPageSize } from './client.ts';

const maxAgeMs = 30_000;
/** The 2,000 newest jobs; older ones are not found by their samples. */
const maxPages = 20;

/** Which jobs a sample is part of: the sequencing service has no route for it, so every job is read and turned round. */
export type JobIndex = {
  /** Newest first. */
  readonly jobsOf: (sampleId: string) => Promise<readonly JobDetail[]>;
  readonly job: (id: string) => Promise<JobDetail | undefined>;
  /** Forgets everything; to be called when a job has changed. */
  readonly drop: () => void;
};

type IndexOptions = {
  /** A client that belongs to no request, because the first one to ask reads for all others. */
  readonly client: () => SequencingClient;
  readonly clock: Clock;
};

type Index = {
  readonly bySample: ReadonlyMap<string, readonly JobDetail[]>;
  readonly byId: ReadonlyMap<string, JobDetail>;
};

export function jobIndex({ client, clock }: IndexOptions): JobIndex {
  let kept: { readonly index: Promise<Index>; readonly since: number } | undefined;
  const refresh = (): Promise<Index> => {
    const refreshed = { index: read(client()), since: clock.now() };
    kept = refreshed;
    // Whoever waits sees the failure; the next one to ask tries again.
    refreshed.index.catch(() => {
      if (kept === refreshed) kept = undefined;
    });
    return refreshed.index;
  };
  const current = (): Promise<Index> => (kept !== undefined && clock.now() - kept.since <= maxAgeMs ? kept.index : refresh());
  return {
    jobsOf: async (sampleId) => (await current()).bySample.get(sampleId.toLowerCase()) ?? [],
    job: async (id) => (await current()).byId.get(id),
    drop() {
      kept = undefined;
    },
  };
}

async function read(client: SequencingClient): Promise<Index> {
  const jobs = await Promise.all((await allIds(client)).map((id) => client.job(id)));
  // A job that was deleted meanwhile is null.
  const found = jobs.filter((job) => job !== null);
  const sampleIds = await Promise.all(found.map((job) => sampleIdsOf(job, client)));
  const bySample = new Map<string, JobDetail[]>();
  for (const [position, job] of found.entries()) {
    for (const sampleId of sampleIds[position] ?? []) {
      const jobsOfSample = bySample.get(sampleId);
      if (jobsOfSample === undefined) bySample.set(sampleId, [job]);
      else jobsOfSample.push(job);
    }
  }
  return { bySample, byId: new Map(found.map((job) => [job.id, job])) };
}

/** Rows shift while pages are read, so an id may come twice. */
async function allIds(client: SequencingClient): Promise<readonly string[]> {
  const first = await client.jobs({ page: 1, size: maxPageSize });
  const pages = Math.min(Math.ceil(first.total / maxPageSize), maxPages);
  const others = Array.from({ length: Math.max(pages - 1, 0) }, (_, index) =>
    client.jobs({ page: index + 2, size: maxPageSize }),
  );
  const rows = [first, ...(await Promise.all(others))].flatMap((page) => page.rows);
  return [...new Set(rows.map(({ id }) => id))];
}

/** The sheet is read only where the job's own note is missing: that saves a call for nearly every job. */
async function sampleIdsOf({ metadata, sheetId }: JobDetail, client: SequencingClient): Promise<ReadonlySet<string>> {
  const noted = sampleIdsIn(metadata);
  const sheet = noted.length === 0 && sheetId !== null && isUuid(sheetId) ? await client.sheet(sheetId) : null;
  return new Set([...noted, ...(sheet?.entries ?? []).map((entry) => entry.sampleIdRaw)].map((id) => id.toLowerCase()));
}

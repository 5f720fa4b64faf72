import { describe, expect, inject, test } from 'vitest';
import { jobId, sampleId } from '#ops/sandbox/data/facts.ts';
import { startReplicas } from './cached-replicas.ts';

/* Which jobs a sample is part of is told by an index that each process keeps for itself. */

const redisUrl = inject('redisUrl');

const job = (n: number): string =>
  `mutation { createSequencingJob(input: { name: "Job ${n}", platformId: "illumina_novaseq", workflowId: "3f100000-0000-4000-8000-000000000001", sampleIds: ["${sampleId(41)}"] }) { id } }`;

describe.skipIf(redisUrl === undefined)('two gateway processes with a cache in one Redis', () => {
  test('a job that one has made, renamed and deleted is at once in what the other tells of its sample', async () => {
    await using replicas = await startReplicas(`${redisUrl}/7`);
    const [one, other] = replicas.cached;
    const query = `{ sample(id: "${sampleId(41)}") { sequencingJobs { id name description } } }`;
    const jobsAt = async ({ ask }: typeof one): Promise<readonly Record<string, unknown>[]> => {
      const { data } = await ask(query);
      const { sample } = data as { sample: { sequencingJobs: readonly Record<string, unknown>[] } };
      return sample.sequencingJobs;
    };
    const before = (await jobsAt(other)).length;
    for (let round = 0; round < 5; round++) {
      const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
      const { data } = await writer.ask(job(round));
      const { id } = (data as { createSequencingJob: { id: string } }).createSequencingJob;
      expect(await jobsAt(reader)).toContainEqual(expect.objectContaining({ id, name: `Job ${round}` }));
      // No list of the service tells of a description.
      await writer.ask(`mutation { updateSequencingJob(id: "${id}", input: { description: "Round ${round}" }) { id } }`);
      expect(await jobsAt(reader)).toContainEqual({ id, name: `Job ${round}`, description: `Round ${round}` });
      await writer.ask(`mutation { deleteSequencingJob(id: "${id}") }`);
      expect(await jobsAt(reader)).toHaveLength(before);
    }
  });

  test('writes that are no change of a job leave the index as it is', async () => {
    await using replicas = await startReplicas(`${redisUrl}/7`, { CACHE_MAX_AGE_SECONDS: '0' });
    const [one, other] = replicas.cached;
    const read = () => other.ask(`{ sample(id: "${sampleId(42)}") { sequencingJobs { id } } }`);
    const detailsRead = () => replicas.calls.filter(({ path }) => path.endsWith(`/jobs/${jobId(1)}`)).length;
    await read();
    expect(detailsRead()).toBe(1);
    await one.ask(`mutation { updateSample(id: "${sampleId(43)}", input: { name: "Renamed" }) { id } }`);
    await read();
    expect(detailsRead()).toBe(1);
    await one.ask(job(9));
    await read();
    expect(detailsRead()).toBe(2);
  });
});

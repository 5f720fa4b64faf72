import type { OwnSample, OwnSamples } from '#kit/own-samples.ts';
import { forLaboratory } from '#kit/tenancy.ts';
import type { RagClient, Submission } from './client.ts';
import { submissionIn } from './submission-in.ts';
import type { RagWrites } from './writes.ts';

/*
 * A submission is the organization's whose sample it is about: the one with the barcode that was found in it, when its metadata
 * names the submission. A barcode alone would not do, since whoever records a sample chooses it; `rag_submission_id` is for the
 * laboratory to write. Without such a sample the submission is the laboratory's.
 */

export const ownClient = (client: RagClient, samples: OwnSamples): RagClient => ({
  async submissions() {
    const all = await client.submissions();
    const matched = await Promise.all(all.map(async (submission) => isAbout(submission, await sampleOf(submission, samples))));
    return all.filter((_, index) => matched[index]);
  },
});

const sampleOf = async ({ sampleLabel }: Submission, { toldByBarcode }: OwnSamples): Promise<OwnSample | null> =>
  sampleLabel === null ? null : toldByBarcode.load(sampleLabel);

const isAbout = ({ id }: Submission, sample: OwnSample | null): boolean => submissionIn(sample?.metadata) === id;

/** The service puts all documents into one answer and one heap, and would give them away. */
export const noWrites: RagWrites = { process: refuse, ask: refuse };

async function refuse(): Promise<never> {
  throw forLaboratory();
}

import { z } from 'zod';
import type { RestClient } from '#kit/rest-client.ts';

const Part = z.record(z.string(), z.unknown()).nullish();

export const Extraction = z.object({ administrative: Part, sample: Part, sequencing: Part, storage: Part });

/** Submissions that came with the service have every key; uploaded ones name the file otherwise and lack the rest. */
const Submission = z
  .object({
    id: z.string(),
    source_document: z.string().nullish(),
    filename: z.string().nullish(),
    submitter_name: z.string().nullish(),
    submitter_email: z.string().nullish(),
    sample_type: z.string().nullish(),
    confidence_score: z.number(),
    status: z
      .string()
      .toUpperCase()
      .pipe(z.enum(['PROCESSING', 'COMPLETED', 'FAILED'])),
    created_at: z.string(),
    processing_time: z.number().nullish(),
    extracted_data: Extraction.nullish(),
  })
  .transform((row) => {
    const { administrative, sample } = row.extracted_data ?? {};
    return {
      id: row.id,
      fileName: row.source_document ?? row.filename,
      submitterName: row.submitter_name ?? text(administrative, 'submitter_name'),
      submitterEmail: row.submitter_email ?? text(administrative, 'submitter_email'),
      sampleType: row.sample_type ?? text(sample, 'sample_type'),
      confidenceScore: row.confidence_score,
      status: row.status,
      createdAt: row.created_at,
      processingTimeSeconds: row.processing_time,
      extracted: row.extracted_data ?? {},
      /** The submitter's own label of the sample. */
      sampleLabel: text(sample, 'sample_id'),
    };
  });

const Submissions = z.object({ submissions: z.array(Submission) });

export type Submission = Readonly<z.infer<typeof Submission>>;

export type RagClient = {
  /** All of them: the service knows no pages. */
  readonly submissions: () => Promise<readonly Submission[]>;
};

export function ragClient(rest: RestClient): RagClient {
  return {
    submissions: async () => (await rest.get('/api/rag/submissions', { answer: Submissions })).submissions,
  };
}

function text(part: z.infer<typeof Part>, key: string): string | null {
  const found = part?.[key];
  return typeof found === 'string' && found !== '' ? found : null;
}

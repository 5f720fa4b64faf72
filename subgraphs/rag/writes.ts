import { FormData } from 'undici';
import { z } from 'zod';
import { fileOf } from '#kit/multipart-body.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { Upload } from '#kit/upload.ts';
import { Extraction } from './client.ts';
import { asInput } from './refusals.ts';

const Processed = z
  .object({
    success: z.boolean(),
    confidence_score: z.number(),
    samples_found: z.int(),
    processing_time: z.number(),
    extracted_data: Extraction.nullish(),
    submission_id: z.string().nullish(),
  })
  .transform((row) => ({
    success: row.success,
    confidenceScore: row.confidence_score,
    samplesFound: row.samples_found,
    processingTimeSeconds: row.processing_time,
    extracted: row.extracted_data,
    submissionId: row.submission_id,
  }));

const Answer = z
  .object({
    answer: z.string(),
    confidence_score: z.number(),
    processing_time: z.number(),
    sources: z.array(z.object({ title: z.string(), relevance: z.number() })),
  })
  .transform((row) => ({
    answer: row.answer,
    confidence: row.confidence_score,
    processingTimeSeconds: row.processing_time,
    sources: row.sources,
  }));

/** What a document gave; the service tells with a 200 also that it could not be read. */
export type Processed = Readonly<z.infer<typeof Processed>>;
export type Answer = Readonly<z.infer<typeof Answer>>;

/** `session` keeps apart what belongs to different conversations. */
type Question = { readonly query: string; readonly session: string };

/** None of these is ever repeated by itself: the service may fail after it has committed. */
export type RagWrites = {
  readonly process: (document: Upload) => Promise<Processed>;
  readonly ask: (question: Question) => Promise<Answer>;
};

export function ragWrites(rest: RestClient): RagWrites {
  return {
    process(document) {
      const form = new FormData();
      form.append('file', fileOf(document));
      return asInput(
        'The document service refuses this file.',
        rest.send('POST', '/api/rag/process', { answer: Processed, form }),
      );
    },
    ask({ query, session }) {
      const body = { query, session_id: session };
      return asInput(
        'The document service refuses this question.',
        rest.send('POST', '/api/samples/rag/query', { answer: Answer, body }),
      );
    },
  };
}

import { randomUUID } from 'node:crypto';
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { Extraction, UploadedSubmission } from '#ops/sandbox/data/submissions.ts';
import { withoutZone } from '#ops/sandbox/data/submissions.ts';
import type { Reading } from './extract.ts';
import { extract } from './extract.ts';
import { missing, unprocessable } from './question.ts';
import type { SubmissionStore } from './store.ts';

const maxFileBytes = 50 * 1024 * 1024;

/** What a document gave; the call answers 200 even when it could not be read. */
type Processed = {
  readonly success: boolean;
  readonly confidence_score: number;
  readonly samples_found: number;
  /** Seconds. */
  readonly processing_time: number;
  readonly extracted_data: Extraction;
  readonly message: string;
  readonly submission_id: string | null;
};

type Document = { readonly fileName: string; readonly content: Buffer };

/** The same handler under its three names. */
export function processRoutes(app: FastifyInstance, store: SubmissionStore, clock: Clock): void {
  app.register(multipart, { limits: { files: 1, fileSize: maxFileBytes } });
  for (const name of ['process', 'upload', 'process-document']) {
    app.post(`/api/rag/${name}`, async (request) => processDocument(store, await readDocument(request), clock));
  }
}

async function readDocument(request: FastifyRequest): Promise<Document> {
  if (!request.isMultipart()) throw unprocessable(missing(['body', 'file']));
  let document: Document | undefined;
  for await (const part of request.parts()) {
    if (part.type !== 'file') continue;
    // A file under another name is read to its end too, or the form never ends.
    const content = await part.toBuffer();
    if (part.fieldname === 'file') document = { fileName: part.filename, content };
  }
  if (!document) throw unprocessable(missing(['body', 'file']));
  return document;
}

/** Only a document that names a sample becomes a submission. */
function processDocument(store: SubmissionStore, document: Document, clock: Clock): Processed {
  const startedAt = clock.now();
  const text = decoded(document.content);
  if (text === null) return unreadable(seconds(startedAt, clock));
  const reading = extract(text);
  const isFound = reading.extraction.sample.sample_id !== undefined;
  const submission = isFound ? submissionFrom(document, reading, startedAt) : null;
  if (submission) store.add(submission);
  return {
    success: true,
    confidence_score: reading.confidence,
    samples_found: isFound ? 1 : 0,
    processing_time: seconds(startedAt, clock),
    extracted_data: reading.extraction,
    message: isFound ? 'Document processed successfully' : 'No sample was found in the document',
    submission_id: submission?.id ?? null,
  };
}

const seconds = (startedAt: number, clock: Clock): number => (clock.now() - startedAt) / 1_000;

function decoded(content: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return null;
  }
}

const unreadable = (processingTime: number): Processed => ({
  success: false,
  confidence_score: 0,
  samples_found: 0,
  processing_time: processingTime,
  extracted_data: { administrative: {}, sample: {}, sequencing: {}, storage: {} },
  message: 'The document is not text',
  submission_id: null,
});

function submissionFrom({ fileName }: Document, { extraction, confidence }: Reading, atMs: number): UploadedSubmission {
  return {
    id: randomUUID().slice(0, 8),
    filename: fileName,
    extracted_data: extraction,
    confidence_score: confidence,
    created_at: withoutZone(atMs),
    status: 'completed',
  };
}

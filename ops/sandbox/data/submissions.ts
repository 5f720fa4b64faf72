import { counts, range, sampleCreatedAt, submissionId } from './facts.ts';
import type { OwnerOf } from './owners.ts';
import { markedBarcode, seedOwners, withMark } from './owners.ts';
import { concentrationOfSample, confidenceOfSubmission, documentOfSubmission, typeOfSample, volumeOfSample } from './samples.ts';

export type SubmissionStatus = 'processing' | 'completed' | 'failed';

export type Extraction = {
  readonly administrative: { readonly submitter_name?: string; readonly submitter_email?: string };
  readonly sample: {
    readonly sample_id?: string;
    readonly sample_type?: string;
    /** With its unit, as written in the document: "50 ng/µL". */
    readonly concentration?: string;
    readonly volume?: string;
  };
  readonly sequencing: Readonly<Record<string, unknown>>;
  readonly storage: Readonly<Record<string, unknown>>;
};

/** What a submission made from an uploaded file carries: no submitter of its own, no sample type. */
export type UploadedSubmission = {
  readonly id: string;
  readonly filename: string;
  readonly extracted_data: Extraction;
  readonly confidence_score: number;
  /** Without a time zone (contract section 1.6); it is UTC. */
  readonly created_at: string;
  readonly status: SubmissionStatus;
};

/** The richer form of the submissions the service starts with. */
export type BuiltInSubmission = {
  readonly id: string;
  readonly submission_id: string;
  readonly source_document: string;
  readonly submitter_name: string;
  readonly submitter_email: string;
  readonly sample_type: string;
  readonly confidence_score: number;
  readonly status: SubmissionStatus;
  readonly created_at: string;
  /** Seconds. */
  readonly processing_time: number;
  readonly extracted_data: Extraction;
};

export type Submission = UploadedSubmission | BuiltInSubmission;

const submitters = ['Submitter One', 'Submitter Two', 'Submitter Three', 'Submitter Four'] as const;

const fiveMinutes = 300_000;

/** Submission n is about sample n; every fifth one has the uploaded form. */
export const seedSubmissions = (ownerOf: OwnerOf = seedOwners): Submission[] =>
  range(counts.submissions).map((n) => (n % 5 === 0 ? uploaded(n, ownerOf) : builtIn(n, ownerOf)));

/** The service writes local-looking time: no `Z`, six digits of a second. */
export const withoutZone = (atMs: number): string => `${new Date(atMs).toISOString().replace('Z', '')}000`;

function uploaded(n: number, ownerOf: OwnerOf): UploadedSubmission {
  return {
    id: submissionId(n),
    filename: withMark(documentOfSubmission(n), ownerOf(n).mark),
    extracted_data: extractionOfSample(n, ownerOf),
    confidence_score: confidenceOfSubmission(n),
    created_at: submittedAt(n),
    status: 'completed',
  };
}

function builtIn(n: number, ownerOf: OwnerOf): BuiltInSubmission {
  const { mark } = ownerOf(n);
  return {
    id: submissionId(n),
    submission_id: submissionId(n),
    source_document: withMark(documentOfSubmission(n), mark),
    submitter_name: withMark(submitterOf(n), mark),
    submitter_email: withMark(emailOf(n), mark),
    sample_type: typeOfSample(n),
    confidence_score: confidenceOfSubmission(n),
    status: statusOf(n),
    created_at: submittedAt(n),
    processing_time: 0.4 + (n % 7) / 10,
    extracted_data: extractionOfSample(n, ownerOf),
  };
}

function extractionOfSample(n: number, ownerOf: OwnerOf): Extraction {
  const concentration = concentrationOfSample(n);
  const volume = volumeOfSample(n);
  return {
    administrative: withMark({ submitter_name: submitterOf(n), submitter_email: emailOf(n) }, ownerOf(n).mark),
    sample: {
      sample_id: markedBarcode(n, ownerOf),
      sample_type: typeOfSample(n),
      ...(concentration === null ? {} : { concentration: `${concentration} ng/µL` }),
      ...(volume === null ? {} : { volume: `${volume} µL` }),
    },
    sequencing: {},
    storage: {},
  };
}

const submitterOf = (n: number): string => submitters[n % submitters.length] ?? submitters[0];

const emailOf = (n: number): string => `${submitterOf(n).toLowerCase().replace(' ', '.')}@partner.example`;

function statusOf(n: number): SubmissionStatus {
  if (n % 12 === 0) return 'failed';
  return n % 9 === 0 ? 'processing' : 'completed';
}

const submittedAt = (n: number): string => withoutZone(Date.parse(sampleCreatedAt(n)) - fiveMinutes);

import type { SampleStatus } from './facts.ts';
import {
  barcodeOfSample,
  counts,
  creatorOfSample,
  organizationOfSample,
  range,
  sampleCreatedAt,
  sampleId,
  sampleStatus,
  submissionId,
  submissionOfSample,
  templateId,
  templateOfSample,
  userId,
} from './facts.ts';

export const sampleTypes = [
  'DNA',
  'RNA',
  'Protein',
  'Cell Culture',
  'Tissue',
  'Blood',
  'Serum',
  'Plasma',
  'Urine',
  'Saliva',
  'Swab',
  'Environmental',
  'Other',
] as const;

export type SampleType = (typeof sampleTypes)[number];

/** One sample, as the service answers it and keeps it. */
export type Sample = {
  readonly id: string;
  readonly name: string;
  readonly barcode: string;
  readonly sample_type: string;
  readonly status: SampleStatus;
  readonly template_id: string | null;
  readonly source_type: string | null;
  readonly source_identifier: string | null;
  readonly collection_date: string | null;
  readonly collection_location: string | null;
  readonly collector: string | null;
  readonly concentration: number | null;
  readonly volume: number | null;
  readonly unit: string | null;
  readonly quality_score: number | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly notes: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by: string | null;
  readonly updated_by: string | null;
};

const sources = ['patient', 'cell line', 'soil', 'water', 'animal model'] as const;
const places = ['Clinic North', 'Clinic South', 'Field Station', 'Biobank'] as const;
const collectors = ['Collector One', 'Collector Two', 'Collector Three'] as const;

const hour = 3_600_000;

export const seedSamples = (): Sample[] => range(counts.samples).map(seedSample);

export const typeOfSample = (n: number): SampleType => pick(sampleTypes, n - 1);

/** Confidence of the document a sample was taken in from, 0–1. */
export const confidenceOfSubmission = (n: number): number => (60 + spread(n, 40)) / 100;

export const documentOfSubmission = (n: number): string => `intake-form-${String(n).padStart(3, '0')}.txt`;

/** ng/µL; null for what is not measured in solution, and for every ninth sample. */
export const concentrationOfSample = (n: number): number | null =>
  n % 9 === 0 || ['Tissue', 'Swab', 'Environmental'].includes(typeOfSample(n)) ? null : 5 + spread(n, 1_950) / 10;

/** µL; null for every eleventh sample. */
export const volumeOfSample = (n: number): number | null => (n % 11 === 0 ? null : 20 + spread(n + 3, 480));

function seedSample(n: number): Sample {
  const created = Date.parse(sampleCreatedAt(n));
  const concentration = concentrationOfSample(n);
  const volume = volumeOfSample(n);
  return {
    id: sampleId(n),
    name: `${typeOfSample(n)} sample ${String(n).padStart(3, '0')}`,
    barcode: barcodeOfSample(n),
    sample_type: typeOfSample(n),
    status: sampleStatus(n),
    template_id: templateId(templateOfSample(n)),
    ...originOfSample(n, created),
    concentration,
    volume,
    unit: concentration === null && volume === null ? null : 'ng/µL',
    quality_score: sampleStatus(n) === 'Pending' ? null : (50 + spread(n, 51)) / 100,
    metadata: metadataOfSample(n),
    notes: n % 5 === 0 ? 'Handle on ice.' : null,
    created_at: new Date(created).toISOString(),
    updated_at: new Date(created + (n % 24) * hour).toISOString(),
    created_by: userId(creatorOfSample(n)),
    updated_by: n % 2 === 0 ? userId(2) : null,
  };
}

function originOfSample(n: number, created: number) {
  const isKnown = n % 8 !== 0;
  return {
    source_type: isKnown ? pick(sources, n) : null,
    source_identifier: isKnown ? `SRC-${String(1_000 + n)}` : null,
    collection_date: isKnown ? new Date(created - ((n % 14) + 1) * 24 * hour).toISOString() : null,
    collection_location: isKnown ? pick(places, n) : null,
    collector: isKnown ? pick(collectors, n) : null,
  };
}

function metadataOfSample(n: number): Readonly<Record<string, unknown>> {
  const own = { organization_id: organizationOfSample(n), project_id: `PRJ-${String((n % 6) + 1).padStart(3, '0')}` };
  const submission = submissionOfSample(n);
  if (submission === null) return own;
  return {
    ...own,
    rag_submission_id: submissionId(submission),
    confidence_score: confidenceOfSubmission(submission),
    source_document: documentOfSubmission(submission),
  };
}

/** A number from 0 to size - 1 that looks unordered and is the same every time. */
const spread = (n: number, size: number): number => (n * 7_919 + 104_729) % size;

function pick<Item>(items: readonly [Item, ...Item[]], index: number): Item {
  return items[index % items.length] ?? items[0];
}

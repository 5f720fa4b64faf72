import type { SampleStatus } from './facts.ts';
import {
  counts,
  creatorOfSample,
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
import type { OwnerOf } from './owners.ts';
import { markedBarcode, seedOwners, withMark } from './owners.ts';

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

export const seedSamples = (ownerOf: OwnerOf = seedOwners): Sample[] => range(counts.samples).map((n) => seedSample(n, ownerOf));

export const typeOfSample = (n: number): SampleType => pick(sampleTypes, n - 1);

/** Confidence of the document a sample was taken in from, 0–1. */
export const confidenceOfSubmission = (n: number): number => (60 + spread(n, 40)) / 100;

export const documentOfSubmission = (n: number): string => `intake-form-${String(n).padStart(3, '0')}.txt`;

/** ng/µL; null for what is not measured in solution, and for every ninth sample. */
export const concentrationOfSample = (n: number): number | null =>
  n % 9 === 0 || ['Tissue', 'Swab', 'Environmental'].includes(typeOfSample(n)) ? null : 5 + spread(n, 1_950) / 10;

/** µL; null for every eleventh sample. */
export const volumeOfSample = (n: number): number | null => (n % 11 === 0 ? null : 20 + spread(n + 3, 480));

function seedSample(n: number, ownerOf: OwnerOf): Sample {
  const { mark } = ownerOf(n);
  const created = Date.parse(sampleCreatedAt(n));
  const concentration = concentrationOfSample(n);
  const volume = volumeOfSample(n);
  return {
    id: sampleId(n),
    name: withMark(`${typeOfSample(n)} sample ${String(n).padStart(3, '0')}`, mark),
    barcode: markedBarcode(n, ownerOf),
    sample_type: typeOfSample(n),
    status: sampleStatus(n),
    template_id: templateId(templateOfSample(n)),
    ...withMark(originOfSample(n), mark),
    collection_date: hasOrigin(n) ? new Date(created - ((n % 14) + 1) * 24 * hour).toISOString() : null,
    concentration,
    volume,
    unit: concentration === null && volume === null ? null : 'ng/µL',
    quality_score: sampleStatus(n) === 'Pending' ? null : (50 + spread(n, 51)) / 100,
    metadata: metadataOfSample(n, ownerOf),
    notes: n % 5 === 0 ? withMark('Handle on ice.', mark) : null,
    created_at: new Date(created).toISOString(),
    updated_at: new Date(created + (n % 24) * hour).toISOString(),
    created_by: userId(creatorOfSample(n)),
    updated_by: n % 2 === 0 ? userId(2) : null,
  };
}

const hasOrigin = (n: number): boolean => n % 8 !== 0;

function originOfSample(n: number) {
  const isKnown = hasOrigin(n);
  return {
    source_type: isKnown ? pick(sources, n) : null,
    source_identifier: isKnown ? `SRC-${String(1_000 + n)}` : null,
    collection_location: isKnown ? pick(places, n) : null,
    collector: isKnown ? pick(collectors, n) : null,
  };
}

function metadataOfSample(n: number, ownerOf: OwnerOf): Readonly<Record<string, unknown>> {
  const { id, mark } = ownerOf(n);
  const own = { organization_id: id, project_id: withMark(`PRJ-${String((n % 6) + 1).padStart(3, '0')}`, mark) };
  const submission = submissionOfSample(n);
  if (submission === null) return own;
  return {
    ...own,
    rag_submission_id: submissionId(submission),
    confidence_score: confidenceOfSubmission(submission),
    source_document: withMark(documentOfSubmission(submission), mark),
  };
}

/** A number from 0 to size - 1 that looks unordered and is the same every time. */
const spread = (n: number, size: number): number => (n * 7_919 + 104_729) % size;

function pick<Item>(items: readonly [Item, ...Item[]], index: number): Item {
  return items[index % items.length] ?? items[0];
}

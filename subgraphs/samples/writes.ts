import { z } from 'zod';
import { upstreamError } from '#kit/errors.ts';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { NewSample, SampleChanges } from './bounds.ts';
import type { Sample } from './client.ts';
import { OneSample, SampleRow } from './client.ts';
import { failureOf } from './refusals.ts';
import type { SampleStatus } from './words.ts';
import { sampleStatuses, sampleTypes } from './words.ts';

const Batch = z
  .object({
    data: z.object({
      created_samples: z.array(SampleRow),
      failed_samples: z.array(z.object({ index: z.number(), error: z.string() })),
    }),
  })
  .transform(({ data }) => ({
    created: data.created_samples,
    failed: data.failed_samples.map(({ index, error }) => ({ index, error: failureOf(error) })),
  }));

const Validation = z
  .object({
    sample_id: z.string(),
    is_valid: z.boolean(),
    errors: z.array(z.string()),
    warnings: z.array(z.string()),
    validated_at: z.string(),
  })
  .transform((row) => ({
    sampleId: row.sample_id,
    isValid: row.is_valid,
    errors: row.errors,
    warnings: row.warnings,
    validatedAt: row.validated_at,
  }));

const OneValidation = z.object({ data: Validation });
const ManyValidations = z.object({ data: z.object({ validation_results: z.array(Validation) }) });

/** What became of each sample of a batch; `index` counts from 0 in the order they were given. */
export type Batch = Readonly<z.infer<typeof Batch>>;
export type Validation = Readonly<z.infer<typeof Validation>>;

export type Transition = { readonly to: SampleStatus; readonly reason?: string | null };

/** None of these is ever repeated by itself: the service may fail after it has committed. */
export type SampleWrites = {
  readonly create: (sample: NewSample) => Promise<Sample>;
  readonly createMany: (samples: readonly NewSample[]) => Promise<Batch>;
  readonly update: (id: string, changes: SampleChanges) => Promise<Sample>;
  readonly transition: (id: string, transition: Transition) => Promise<Sample>;
  /** Changes nothing. */
  readonly validate: (id: string) => Promise<Validation>;
  /** Changes nothing. */
  readonly validateMany: (ids: readonly string[]) => Promise<readonly Validation[]>;
  readonly remove: (id: string) => Promise<void>;
};

export function sampleWrites(rest: RestClient): SampleWrites {
  return {
    create: async (sample) => (await rest.send('POST', '/samples', { answer: OneSample, body: bodyOf(sample) })).data,
    async createMany(samples) {
      const batch = await rest.send('POST', '/samples/batch', { answer: Batch, body: { samples: samples.map(bodyOf) } });
      return accountingFor(batch, samples.length);
    },
    update: async (id, changes) =>
      (await rest.send('PUT', path`/samples/${id}`, { answer: OneSample, body: bodyOf(changes) })).data,
    async transition(id, { to, reason }) {
      const body = { new_status: sampleStatuses[to], reason: reason ?? undefined };
      return (await rest.send('PUT', path`/samples/${id}/status`, { answer: OneSample, body })).data;
    },
    validate: async (id) => (await rest.send('POST', path`/samples/${id}/validate`, { answer: OneValidation })).data,
    async validateMany(ids) {
      const body = { sample_ids: ids };
      const { data } = await rest.send('POST', '/samples/batch/validate', { answer: ManyValidations, body });
      return oneForEach(ids, data.validation_results);
    },
    remove: async (id) => void (await rest.send('DELETE', path`/samples/${id}`, { answer: z.unknown() })),
  };
}

/** A batch tells of every sample once: created, or failed at its place. */
function accountingFor(batch: Batch, count: number): Batch {
  const isPlace = (index: number): boolean => Number.isInteger(index) && index >= 0 && index < count;
  const places = new Set(batch.failed.map(({ index }) => index).filter(isPlace));
  if (places.size === batch.failed.length && batch.created.length + places.size === count) return batch;
  throw incomplete();
}

/** In the order asked, whatever the order and number of what came. */
function oneForEach(ids: readonly string[], validations: readonly Validation[]): readonly Validation[] {
  const known = new Map(validations.map((validation) => [validation.sampleId.toLowerCase(), validation]));
  return ids.map((id) => {
    const found = known.get(id);
    if (found === undefined) throw incomplete();
    return found;
  });
}

const incomplete = (): Error =>
  upstreamError('UPSTREAM_INVALID_RESPONSE', 'samples', { cause: new Error('The batch does not tell of every sample.') });

/** The service reads null as absent, so what nobody gave may go along as it is. */
const bodyOf = (sample: NewSample | SampleChanges): object => ({
  name: sample.name,
  sample_type: sample.sampleType && sampleTypes[sample.sampleType],
  barcode: sample.barcode,
  ...('templateId' in sample && { template_id: sample.templateId }),
  source_type: sample.sourceType,
  source_identifier: sample.sourceIdentifier,
  collection_date: sample.collectionDate,
  collection_location: sample.collectionLocation,
  collector: sample.collector,
  concentration: sample.concentration,
  volume: sample.volume,
  unit: sample.unit,
  quality_score: sample.qualityScore,
  metadata: sample.metadata,
  notes: sample.notes,
});

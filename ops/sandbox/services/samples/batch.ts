import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { Sample } from '#ops/sandbox/data/samples.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { parseBody } from '#ops/sandbox/parse.ts';
import type { NewSample } from './bodies.ts';
import { BatchBody, BatchValidateBody } from './bodies.ts';
import { createSample } from './create.ts';
import { requireValidFields } from './rules.ts';
import type { SampleStore } from './store.ts';
import type { Validation } from './validation.ts';
import { validationOf } from './validation.ts';

const maxBatchSize = 100;

export function batchRoutes(app: FastifyInstance, store: SampleStore, clock: Clock): void {
  app.post('/samples/batch', async (request) => {
    const { samples } = parseBody(BatchBody, request);
    if (samples.length > maxBatchSize) throw tooMany(samples.length);
    // One item with impossible values refuses the whole call; one whose barcode is taken fails alone.
    samples.forEach(requireValidFields);
    const outcome = store.atOnce(() => createAll(store, samples, new Date(clock.now())));
    return { success: true, data: outcome, message: `Created ${outcome.total_created} of ${samples.length} samples` };
  });
  app.post('/samples/batch/validate', async (request) => validateAll(store, request, new Date(clock.now())));
}

type FailedSample = { readonly index: number; readonly sample_data: NewSample; readonly error: string };

function createAll(store: SampleStore, items: readonly NewSample[], now: Date) {
  const created: Sample[] = [];
  const failed: FailedSample[] = [];
  for (const [index, item] of items.entries()) {
    try {
      created.push(createSample(store, item, now));
    } catch (error) {
      if (!(error instanceof ServiceFailure)) throw error;
      failed.push({ index, sample_data: item, error: error.message });
    }
  }
  return { created_samples: created, failed_samples: failed, total_created: created.length, total_failed: failed.length };
}

function validateAll(store: SampleStore, request: FastifyRequest, now: Date) {
  const { sample_ids: ids } = parseBody(BatchValidateBody, request);
  const results = ids.map((id): Validation => validationOf({ id, sample: store.find(id) }, now));
  const valid = results.filter((result) => result.is_valid).length;
  return {
    success: valid === ids.length,
    data: {
      validation_results: results,
      overall_valid: valid === ids.length,
      total_samples: ids.length,
      valid_samples: valid,
      invalid_samples: ids.length - valid,
    },
    message: `${valid} of ${ids.length} samples are valid`,
  };
}

function tooMany(count: number): ServiceFailure {
  return new ServiceFailure(429, `A batch of ${count} samples is over the limit of ${maxBatchSize}`, {
    code: 'resource_limit_exceeded',
  });
}

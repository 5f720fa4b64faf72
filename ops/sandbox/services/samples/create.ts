import { randomUUID } from 'node:crypto';
import type { Sample } from '#ops/sandbox/data/samples.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import type { NewSample } from './bodies.ts';
import type { SampleStore } from './store.ts';

/** Stores a new sample in status Pending, under a barcode of its own when none is given. */
export function createSample(store: SampleStore, fields: NewSample, now: Date): Sample {
  const barcode = fields.barcode ?? freeBarcode(store, now);
  if (store.findByBarcode(barcode)) throw duplicateBarcode();
  const sample: Sample = {
    id: randomUUID(),
    name: fields.name,
    barcode,
    sample_type: fields.sample_type,
    status: 'Pending',
    template_id: fields.template_id ?? null,
    source_type: fields.source_type ?? null,
    source_identifier: fields.source_identifier ?? null,
    collection_date: fields.collection_date ?? null,
    collection_location: fields.collection_location ?? null,
    collector: fields.collector ?? null,
    concentration: fields.concentration ?? null,
    volume: fields.volume ?? null,
    unit: fields.unit ?? null,
    quality_score: fields.quality_score ?? null,
    metadata: fields.metadata ?? null,
    notes: fields.notes ?? null,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    created_by: fields.created_by ?? null,
    updated_by: null,
  };
  store.insert(sample);
  return sample;
}

export const duplicateBarcode = (): ServiceFailure =>
  new ServiceFailure(409, 'Barcode already exists', { code: 'duplicate_barcode' });

const maxTries = 10_000;

/** `LAB-<YYYYMMDDHHMMSS>-<4 digits>`, the lowest number that is free in this second. */
function freeBarcode(store: SampleStore, now: Date): string {
  const stamp = now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  for (let number = 1; number < maxTries; number += 1) {
    const barcode = `LAB-${stamp}-${String(number).padStart(4, '0')}`;
    if (!store.findByBarcode(barcode)) return barcode;
  }
  throw new ServiceFailure(500, 'No barcode is free in this second', { code: 'barcode_generation_error' });
}

import { z } from 'zod';
import { amount, list, text, uuid } from '#kit/input.ts';
import type { SampleType } from './words.ts';

/** Bounds of what a sample may be written with (contract section 1.2). GraphQL has checked the types and the words. */
const name = text(1, 255);
const sampleType = z.custom<SampleType>();
const words = z.string().nullish();
const quantity = z.number().min(0, 'must not be negative').nullish();

const details = {
  barcode: text(1, 100).nullish(),
  sourceType: words,
  sourceIdentifier: words,
  collectionDate: words,
  collectionLocation: words,
  collector: words,
  concentration: quantity,
  volume: quantity,
  unit: words,
  // The service keeps 0 to 1 or 0 to 100, depending on how its database was made.
  qualityScore: amount(0, 100).nullish(),
  metadata: z.record(z.string(), z.unknown(), 'must be an object').nullish(),
  notes: words,
};

export const NewSample = z.object({ ...details, name, sampleType, templateId: uuid().nullish() });

export const NewSamples = list(NewSample, { min: 1, max: 100 });

export const SampleChanges = z
  .object({ ...details, name: name.nullish(), sampleType: sampleType.nullish() })
  .refine((changes) => Object.values(changes).some((value) => value != null), 'must change at least one field');

export const SampleIds = list(uuid(), { min: 1, max: 100 });

export const Reason = text(0, 500).nullish();

export type NewSample = Readonly<z.infer<typeof NewSample>>;
export type SampleChanges = Readonly<z.infer<typeof SampleChanges>>;

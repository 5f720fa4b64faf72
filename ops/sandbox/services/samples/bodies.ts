import { z } from 'zod';
import type { SampleStatus } from '#ops/sandbox/data/facts.ts';
import { dateTime, jsonObject, uuid, wholeNumber } from '#ops/sandbox/parse.ts';
import { transitions } from './states.ts';

const text = z.string().nullish();
const number = z.number().nullish();

/** What a client may say about a sample, at creation and later. */
const details = {
  barcode: text,
  source_type: text,
  source_identifier: text,
  collection_date: dateTime.nullish(),
  collection_location: text,
  collector: text,
  concentration: number,
  volume: number,
  unit: text,
  quality_score: number,
  metadata: jsonObject.nullish(),
  notes: text,
};

const status = z.enum(Object.keys(transitions) as [SampleStatus, ...SampleStatus[]]);

export const CreateBody = z.object({
  ...details,
  name: z.string(),
  sample_type: z.string(),
  template_id: uuid.nullish(),
  created_by: text,
});

/** Absent and null both mean unchanged: a value can never be cleared. */
export const UpdateBody = z.object({ ...details, name: text, sample_type: text });

export const StatusBody = z.object({
  new_status: status,
  reason: text,
  metadata: z.unknown().optional(),
  notify: z.boolean().nullish(),
});

export const BatchBody = z.object({ samples: z.array(CreateBody) });

export const BatchValidateBody = z.object({ sample_ids: z.array(uuid) });

/** `limit`, `offset`, `created_by` and `barcode_prefix` are known to the real service and do nothing there. */
export const ListQuery = z.object({
  page: wholeNumber.default(1),
  page_size: wholeNumber.default(50),
  status: status.optional(),
  sample_type: z.string().optional(),
  template_id: uuid.optional(),
  created_after: dateTime.optional(),
  created_before: dateTime.optional(),
  search: z.string().optional(),
  sort_by: z.enum(['name', 'created_at', 'updated_at', 'status']).default('created_at'),
});

export type NewSample = z.infer<typeof CreateBody>;
export type SampleChanges = z.infer<typeof UpdateBody>;
export type SampleFields = NewSample | SampleChanges;
export type SampleList = z.infer<typeof ListQuery>;

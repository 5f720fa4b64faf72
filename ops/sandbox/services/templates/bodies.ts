import { z } from 'zod';
import { fieldTypes } from '#ops/sandbox/data/templates.ts';
import { jsonObject } from '#ops/sandbox/parse.ts';

const text = z.string().nullish();
const flag = z.boolean().nullish();

/** `form_config` is taken and never seen again, as in the real service. */
export const CreateBody = z.object({
  name: z.string(),
  template_type: z.string(),
  description: text,
  category: text,
  tags: z.array(z.string()).nullish(),
  is_public: flag,
  form_config: z.unknown().optional(),
  metadata: jsonObject.nullish(),
});

/** The other fields of a template are read over without effect. */
export const UpdateBody = z.object({ name: text, description: text, category: text, metadata: jsonObject.nullish() });

const fieldDetails = {
  field_description: text,
  is_required: flag,
  field_order: z.int().nullish(),
  validation_rules: z.unknown().optional(),
  default_value: text,
  field_options: z.unknown().optional(),
  field_metadata: z.unknown().optional(),
};

export const CreateFieldBody = z.object({
  field_name: z.string(),
  field_label: z.string(),
  field_type: z.enum(fieldTypes),
  ...fieldDetails,
});

export const UpdateFieldBody = z.object({
  field_name: text,
  field_label: text,
  field_type: z.enum(fieldTypes).nullish(),
  ...fieldDetails,
});

export type NewTemplate = z.infer<typeof CreateBody>;
export type TemplateChanges = z.infer<typeof UpdateBody>;
export type NewField = z.infer<typeof CreateFieldBody>;

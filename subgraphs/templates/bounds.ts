import { z } from 'zod';
import { text, whole } from '#kit/input.ts';
import { Upload } from '#kit/upload.ts';
import type { FieldType } from './client.ts';

/** Bounds of what a template may be written with (contract section 1.4). GraphQL has checked the types and the words. */
const name = text(1, 255);
const words = z.string().nullish();
const object = z.record(z.string(), z.unknown(), 'must be an object').nullish();
const fieldType = z.custom<FieldType>();
const isAnyGiven = (changes: object): boolean => Object.values(changes).some((value) => value != null);
const nothingGiven = 'must change at least one field';

export const NewTemplate = z.object({
  name,
  templateType: text(1, 255),
  description: words,
  category: words,
  tags: z.array(text(1, 255)).nullish(),
  isPublic: z.boolean().nullish(),
  formConfig: z.unknown().optional(),
  metadata: object,
});

const maxFileBytes = 2 * 1024 * 1024;

export const TemplateFile = z
  .instanceof(Upload)
  .refine(({ bytes }) => bytes.length <= maxFileBytes, `must have at most ${maxFileBytes} bytes`);

export const TemplateChanges = z
  .object({ name: name.nullish(), description: words, category: words, metadata: object })
  .refine(isAnyGiven, nothingGiven);

const fieldDetails = {
  description: words,
  required: z.boolean().nullish(),
  order: whole(0, 2_147_483_647).nullish(),
  validationRules: object,
  defaultValue: words,
  options: z.array(z.unknown(), 'must be a list').nullish(),
  metadata: object,
};

export const NewField = z.object({ ...fieldDetails, fieldName: name, label: name, fieldType });

export const FieldChanges = z
  .object({ ...fieldDetails, fieldName: name.nullish(), label: name.nullish(), fieldType: fieldType.nullish() })
  .refine(isAnyGiven, nothingGiven);

export type NewTemplate = Readonly<z.infer<typeof NewTemplate>>;
export type TemplateChanges = Readonly<z.infer<typeof TemplateChanges>>;
export type NewField = Readonly<z.infer<typeof NewField>>;
export type FieldChanges = Readonly<z.infer<typeof FieldChanges>>;

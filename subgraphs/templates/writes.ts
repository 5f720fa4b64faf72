import { FormData } from 'undici';
import { z } from 'zod';
import { fileOf } from '#kit/multipart-body.ts';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { Upload } from '#kit/upload.ts';
import type { FieldChanges, NewField, NewTemplate, TemplateChanges } from './bounds.ts';
import type { FieldType, Template, TemplateField } from './client.ts';
import { OneTemplate, TemplateFieldRow } from './client.ts';
import { asInput } from './refusals.ts';

const OneField = z.object({ field: TemplateFieldRow });

/** The service writes types of fields as its code names them. */
const fieldTypes: Readonly<Record<FieldType, string>> = {
  TEXT: 'Text',
  NUMBER: 'Number',
  DATE: 'Date',
  BOOLEAN: 'Boolean',
  SELECT: 'Select',
  MULTISELECT: 'Multiselect',
  FILE: 'File',
};

/** Every write of a template brings all of its metadata: the service empties it otherwise. */
type WholeChanges = TemplateChanges & { readonly metadata: Readonly<Record<string, unknown>> };

/** A field of a template by the ids of both. */
export type FieldPlace = { readonly templateId: string; readonly fieldId: string };

/** None of these is ever repeated by itself: the service may fail after it has committed. */
export type TemplateWrites = {
  readonly create: (template: NewTemplate) => Promise<Template>;
  readonly upload: (file: Upload, template: NewTemplate | null) => Promise<Template>;
  readonly update: (id: string, changes: WholeChanges) => Promise<Template>;
  readonly remove: (id: string) => Promise<void>;
  readonly addField: (templateId: string, field: NewField) => Promise<TemplateField>;
  readonly updateField: (place: FieldPlace, changes: FieldChanges) => Promise<TemplateField>;
  readonly removeField: (place: FieldPlace) => Promise<void>;
};

export function templateWrites(rest: RestClient): TemplateWrites {
  const send: RestClient['send'] = (method, where, write) => asInput(rest.send(method, where, write));
  const remove = async (where: string): Promise<void> => void (await send('DELETE', where, { answer: z.unknown() }));
  return {
    create: async (template) =>
      (await send('POST', '/templates', { answer: OneTemplate, body: templateBody(template) })).template,
    async upload(file, template) {
      const form = new FormData();
      if (template !== null) form.append('template', JSON.stringify(templateBody(template)));
      form.append('file', fileOf(file));
      return (await send('POST', '/templates/upload', { answer: OneTemplate, form })).template;
    },
    update: async (id, { name, description, category, metadata }) => {
      const body = { name, description, category, metadata };
      return (await send('PUT', path`/templates/${id}`, { answer: OneTemplate, body })).template;
    },
    remove: (id) => remove(path`/templates/${id}`),
    addField: async (templateId, field) =>
      (await send('POST', path`/templates/${templateId}/fields`, { answer: OneField, body: fieldBody(field) })).field,
    updateField: async (place, changes) =>
      (await send('PUT', fieldPath(place), { answer: OneField, body: fieldBody(changes) })).field,
    removeField: (place) => remove(fieldPath(place)),
  };
}

const fieldPath = ({ templateId, fieldId }: FieldPlace): string => path`/templates/${templateId}/fields/${fieldId}`;

const templateBody = ({ name, description, category, tags, metadata, ...template }: NewTemplate): object => ({
  name,
  description,
  category,
  tags,
  metadata,
  template_type: template.templateType,
  is_public: template.isPublic,
  form_config: template.formConfig,
});

/** Absent means unchanged; what is null is left out, since the service keeps a null in place of an object. */
const fieldBody = (field: NewField | FieldChanges): object => ({
  field_name: field.fieldName ?? undefined,
  field_type: field.fieldType ? fieldTypes[field.fieldType] : undefined,
  field_label: field.label ?? undefined,
  field_description: field.description ?? undefined,
  is_required: field.required ?? undefined,
  field_order: field.order ?? undefined,
  validation_rules: field.validationRules ?? undefined,
  default_value: field.defaultValue ?? undefined,
  field_options: field.options ?? undefined,
  field_metadata: field.metadata ?? undefined,
});

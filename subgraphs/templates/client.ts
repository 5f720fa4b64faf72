import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';

/** The service writes enums as its code names them (`Draft`, `Multiselect`), in one word each. */
const TemplateStatus = z
  .string()
  .toUpperCase()
  .pipe(z.enum(['DRAFT', 'PUBLISHED', 'ARCHIVED', 'DEPRECATED']));
const FieldType = z
  .string()
  .toUpperCase()
  .pipe(z.enum(['TEXT', 'NUMBER', 'DATE', 'BOOLEAN', 'SELECT', 'MULTISELECT', 'FILE']));

const Template = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullish(),
    template_type: z.string(),
    status: TemplateStatus,
    version: z.string(),
    category: z.string().nullish(),
    tags: z.array(z.string()),
    is_public: z.boolean(),
    is_system: z.boolean(),
    created_by: z.string().nullish(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    templateType: row.template_type,
    status: row.status,
    version: row.version,
    category: row.category,
    tags: row.tags,
    isPublic: row.is_public,
    isSystem: row.is_system,
    createdByRaw: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));

const Sheet = z
  .object({
    name: z.string(),
    headers: z.array(z.string()),
    rows: z.array(z.array(z.string())),
    total_rows: z.number(),
    total_columns: z.number(),
  })
  .transform(({ total_rows, total_columns, ...row }) => ({ ...row, totalRows: total_rows, totalColumns: total_columns }));

export const TemplateFieldRow = z
  .object({
    id: z.string(),
    field_name: z.string(),
    field_type: FieldType,
    field_label: z.string(),
    field_description: z.string().nullish(),
    is_required: z.boolean(),
    field_order: z.number(),
    validation_rules: z.unknown(),
    default_value: z.string().nullish(),
    field_options: z.unknown(),
    field_metadata: z.unknown(),
  })
  .transform((row) => ({
    id: row.id,
    fieldName: row.field_name,
    fieldType: row.field_type,
    label: row.field_label,
    description: row.field_description,
    required: row.is_required,
    order: row.field_order,
    validationRules: row.validation_rules,
    defaultValue: row.default_value,
    options: row.field_options,
    metadata: row.field_metadata,
  }));

export const OneTemplate = z.object({ template: Template });
const ManyTemplates = z.object({ data: z.array(Template) });
const Fields = z.object({ fields: z.array(TemplateFieldRow) });
const Content = z
  .object({ template: z.object({ metadata: z.unknown() }), data: z.object({ sheets: z.array(Sheet) }) })
  .transform(({ template, data }) => ({ metadata: template.metadata, sheets: data.sheets }));

export type Template = Readonly<z.infer<typeof Template>>;
export type FieldType = z.infer<typeof FieldType>;
export type TemplateField = Readonly<z.infer<typeof TemplateFieldRow>>;

/** What the file and the notes of a template hold. */
export type TemplateContent = Readonly<z.infer<typeof Content>>;

export type TemplatesClient = {
  /** The newest 50, which is all that the service lists. */
  readonly newest: () => Promise<readonly Template[]>;
  readonly byId: (id: string) => Promise<Template | null>;
  readonly content: (id: string) => Promise<TemplateContent | null>;
  readonly fields: (id: string) => Promise<readonly TemplateField[] | null>;
};

export function templatesClient(rest: RestClient): TemplatesClient {
  return {
    newest: async () => (await rest.get('/templates', { answer: ManyTemplates })).data,
    byId: async (id) => (await rest.find(path`/templates/${id}`, { answer: OneTemplate }))?.template ?? null,
    content: (id) => rest.find(path`/templates/${id}/data`, { answer: Content }),
    fields: async (id) => (await rest.find(path`/templates/${id}/fields`, { answer: Fields }))?.fields ?? null,
  };
}

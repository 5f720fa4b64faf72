import { counts, epoch, range, templateId } from './facts.ts';

export const fieldTypes = ['Text', 'Number', 'Date', 'Boolean', 'Select', 'Multiselect', 'File'] as const;

type FieldType = (typeof fieldTypes)[number];

export type Sheet = {
  readonly name: string;
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly total_rows: number;
  readonly total_columns: number;
};

export type SeedTemplate = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status: string;
  readonly version: string;
  readonly category: string;
  /** Holds type, tags and visibility too, as the real service keeps them (contract section 1.4). */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly sheets: readonly Sheet[];
  readonly is_system: number;
  readonly is_active: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by: string;
};

export type SeedField = {
  readonly id: string;
  readonly template_id: string;
  readonly field_name: string;
  readonly field_type: FieldType;
  readonly field_label: string;
  readonly field_description: string | null;
  readonly is_required: number;
  readonly field_order: number;
  readonly validation_rules: Readonly<Record<string, unknown>>;
  readonly default_value: string | null;
  readonly field_options: readonly string[];
  readonly field_metadata: Readonly<Record<string, unknown>>;
};

type Kind = readonly [name: string, category: string, type: string, status: string, tags: readonly string[]];

const kinds: readonly Kind[] = [
  ['DNA extraction', 'extraction', 'spreadsheet', 'Published', ['dna', 'wet-lab']],
  ['RNA extraction', 'extraction', 'spreadsheet', 'Published', ['rna', 'wet-lab']],
  ['Blood intake', 'intake', 'form', 'Published', ['blood', 'reception']],
  ['Tissue intake', 'intake', 'form', 'Published', ['tissue', 'reception']],
  ['Environmental swab', 'field', 'csv', 'Draft', ['field']],
  ['Library preparation', 'preparation', 'spreadsheet', 'Published', ['library', 'wet-lab']],
  ['Quality control', 'quality', 'form', 'Draft', ['quality']],
  ['Sequencing request', 'sequencing', 'form', 'Archived', []],
];

type FieldKind = Pick<SeedField, 'field_name' | 'field_type' | 'field_label'> & Partial<SeedField>;

/** Every template has the first four; the last two come and go. */
const fieldKinds: readonly FieldKind[] = [
  {
    field_name: 'sample_name',
    field_type: 'Text',
    field_label: 'Sample name',
    is_required: 1,
    validation_rules: { max_length: 255 },
  },
  { field_name: 'concentration', field_type: 'Number', field_label: 'Concentration (ng/µL)', validation_rules: { min: 0 } },
  { field_name: 'collected_on', field_type: 'Date', field_label: 'Collected on', is_required: 1 },
  {
    field_name: 'storage',
    field_type: 'Select',
    field_label: 'Storage',
    default_value: '-80C',
    field_options: ['-80C', '-20C', '4C', 'RT'],
  },
  { field_name: 'is_urgent', field_type: 'Boolean', field_label: 'Urgent', default_value: 'false' },
  {
    field_name: 'hazards',
    field_type: 'Multiselect',
    field_label: 'Hazards',
    field_options: ['biological', 'chemical', 'radioactive'],
  },
];

const day = 86_400_000;

/** Template 1 is the newest. */
export const seedTemplates = (): SeedTemplate[] => range(counts.templates).map(seedTemplate);

export const seedTemplateFields = (): SeedField[] => range(counts.templates).flatMap(fieldsOfTemplate);

function seedTemplate(n: number): SeedTemplate {
  const [name, category, type, status, tags] = kinds[n - 1] ?? [`Template ${n}`, 'general', 'form', 'Draft', []];
  return {
    id: templateId(n),
    name,
    description: `What the laboratory wants to know for: ${name.toLowerCase()}.`,
    status,
    version: '1.0',
    category,
    metadata: { template_type: type, tags, is_public: n % 2 === 1, department: n % 3 === 0 ? 'Bioinformatics' : 'Sequencing' },
    sheets: [sheetOfTemplate(n)],
    is_system: n === 1 ? 1 : 0,
    is_active: 1,
    created_at: new Date(epoch - n * 30 * day).toISOString(),
    updated_at: new Date(epoch - n * 10 * day).toISOString(),
    created_by: 'system',
  };
}

function fieldsOfTemplate(template: number): SeedField[] {
  return fieldKinds.slice(0, numberOfFields(template)).map((kind, index) => ({
    id: `f1e1d000-0000-4000-8000-${String(template * 100 + index + 1).padStart(12, '0')}`,
    template_id: templateId(template),
    field_description: null,
    is_required: 0,
    field_order: index + 1,
    validation_rules: {},
    default_value: null,
    field_options: [],
    field_metadata: {},
    ...kind,
  }));
}

/** Four to six. */
const numberOfFields = (template: number): number => 4 + (template % 3);

function sheetOfTemplate(template: number): Sheet {
  const headers = fieldsOfTemplate(template).map((field) => field.field_name);
  const rows = range(3).map((row) => headers.map((header) => cell(header, row)));
  return { name: 'Samples', headers, rows, total_rows: rows.length, total_columns: headers.length };
}

function cell(header: string, row: number): string {
  const example: Readonly<Record<string, string>> = {
    sample_name: `Example ${row}`,
    concentration: String(row * 25),
    collected_on: `2026-10-0${row}`,
    storage: '-80C',
    is_urgent: 'false',
  };
  return example[header] ?? '';
}

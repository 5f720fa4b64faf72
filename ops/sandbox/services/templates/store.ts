import { encode, insertInto, transaction } from '#ops/sandbox/data/table.ts';
import type { Sheet } from '#ops/sandbox/data/templates.ts';
import { seedTemplateFields, seedTemplates } from '#ops/sandbox/data/templates.ts';
import { openDatabase, prepare } from '#ops/sandbox/database.ts';

/** A template as it is kept: the wire form takes type, tags and visibility out of its metadata. */
export type StoredTemplate = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: string;
  readonly version: string;
  readonly category: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly is_system: boolean;
  readonly is_active: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by: string;
  readonly updated_by: string | null;
};

export type TemplateField = {
  readonly id: string;
  readonly template_id: string;
  readonly field_name: string;
  readonly field_type: string;
  readonly field_label: string;
  readonly field_description: string | null;
  readonly is_required: boolean;
  readonly field_order: number;
  readonly validation_rules: unknown;
  readonly default_value: string | null;
  readonly field_options: unknown;
  readonly field_metadata: unknown;
};

/** With the number of its fields, counted when read. */
export type CountedTemplate = StoredTemplate & { readonly field_count: number };

export type TemplateStore = Disposable & {
  /** Only templates that are not deleted. */
  readonly find: (id: string) => CountedTemplate | undefined;
  readonly newest: (limit: number) => readonly CountedTemplate[];
  readonly count: () => number;
  readonly save: (template: StoredTemplate) => void;
  readonly sheets: (id: string) => readonly Sheet[];
  readonly saveSheets: (id: string, sheets: readonly Sheet[]) => void;
  readonly fields: (template: string) => readonly TemplateField[];
  readonly findField: (template: string, field: string) => TemplateField | undefined;
  readonly saveField: (field: TemplateField) => void;
  readonly removeField: (field: TemplateField) => void;
};

const schema = `
  CREATE TABLE templates (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, status TEXT NOT NULL, version TEXT NOT NULL,
    category TEXT NOT NULL, metadata TEXT NOT NULL, is_system INTEGER NOT NULL, is_active INTEGER NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, created_by TEXT NOT NULL, updated_by TEXT
  ) WITHOUT ROWID;
  CREATE INDEX templates_by_age ON templates (is_active, created_at DESC);
  CREATE TABLE sheets (template_id TEXT PRIMARY KEY, sheets TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE fields (
    id TEXT PRIMARY KEY, template_id TEXT NOT NULL, field_name TEXT NOT NULL, field_type TEXT NOT NULL,
    field_label TEXT NOT NULL, field_description TEXT, is_required INTEGER NOT NULL, field_order INTEGER NOT NULL,
    validation_rules TEXT NOT NULL, default_value TEXT, field_options TEXT NOT NULL, field_metadata TEXT NOT NULL,
    UNIQUE (template_id, field_name)
  ) WITHOUT ROWID;
`;

const templateColumns = [
  'id',
  'name',
  'description',
  'status',
  'version',
  'category',
  'metadata',
  'is_system',
  'is_active',
  'created_at',
  'updated_at',
  'created_by',
  'updated_by',
] as const satisfies readonly (keyof StoredTemplate)[];

const fieldColumns = [
  'id',
  'template_id',
  'field_name',
  'field_type',
  'field_label',
  'field_description',
  'is_required',
  'field_order',
  'validation_rules',
  'default_value',
  'field_options',
  'field_metadata',
] as const satisfies readonly (keyof TemplateField)[];

const counted = 'SELECT *, (SELECT COUNT(*) FROM fields WHERE template_id = templates.id) AS field_count FROM templates';

/** Rows as SQLite has them: flags are numbers, JSON is text. */
type TemplateRow = Omit<CountedTemplate, 'metadata' | 'is_system' | 'is_active'> & {
  readonly metadata: string;
  readonly is_system: number;
  readonly is_active: number;
};
type FieldRow = Omit<TemplateField, 'is_required' | 'validation_rules' | 'field_options' | 'field_metadata'> & {
  readonly is_required: number;
  readonly validation_rules: string;
  readonly field_options: string;
  readonly field_metadata: string;
};

type Database = ReturnType<typeof openDatabase>;

export function openTemplateStore(): TemplateStore {
  const database = openDatabase(schema);
  transaction(database, () => seed(database));
  return { ...templateQueries(database), ...fieldQueries(database), [Symbol.dispose]: () => database.close() };
}

function seed(database: Database): void {
  const insertSheets = insertInto(database, 'sheets', ['template_id', 'sheets']);
  seedTemplates().forEach(insertInto(database, 'templates', templateColumns));
  for (const { id, sheets } of seedTemplates()) insertSheets({ template_id: id, sheets });
  seedTemplateFields().forEach(insertInto(database, 'fields', fieldColumns));
}

function templateQueries(database: Database) {
  const byId = prepare<TemplateRow>(database, `${counted} WHERE id = :id AND is_active = 1`);
  const newest = prepare<TemplateRow>(database, `${counted} WHERE is_active = 1 ORDER BY created_at DESC LIMIT :limit`);
  const total = prepare<{ total: number }>(database, 'SELECT COUNT(*) AS total FROM templates WHERE is_active = 1');
  const save = upsert(database, 'templates', templateColumns);
  const sheets = prepare<{ sheets: string }>(database, 'SELECT sheets FROM sheets WHERE template_id = :id');
  const saveSheets = upsert(database, 'sheets', ['template_id', 'sheets']);
  return {
    find: (id: string) => byId.all({ id }).map(templateOf).at(0),
    newest: (limit: number) => newest.all({ limit }).map(templateOf),
    count: () => total.one()?.total ?? 0,
    save,
    sheets: (id: string): readonly Sheet[] => JSON.parse(sheets.one({ id })?.sheets ?? '[]'),
    saveSheets: (id: string, content: readonly Sheet[]) => saveSheets({ template_id: id, sheets: content }),
  };
}

function fieldQueries(database: Database) {
  const ofTemplate = prepare<FieldRow>(
    database,
    'SELECT * FROM fields WHERE template_id = :template ORDER BY field_order, field_name',
  );
  const byId = prepare<FieldRow>(database, 'SELECT * FROM fields WHERE id = :field AND template_id = :template');
  const remove = prepare(database, 'DELETE FROM fields WHERE id = :id');
  return {
    fields: (template: string) => ofTemplate.all({ template }).map(fieldOf),
    findField: (template: string, field: string) => byId.all({ template, field }).map(fieldOf).at(0),
    saveField: upsert(database, 'fields', fieldColumns),
    removeField: ({ id }: TemplateField) => void remove.run({ id }),
  };
}

/** Inserts a record or overwrites the one of the same key; the first column is the key. */
function upsert(database: Database, table: string, columns: readonly string[]): (record: object) => void {
  const changes = columns.slice(1).map((name) => `${name} = excluded.${name}`);
  const statement = prepare(
    database,
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `:${name}`).join(', ')})
     ON CONFLICT (${columns[0]}) DO UPDATE SET ${changes.join(', ')}`,
  );
  return (record) => {
    const values = new Map(Object.entries(record));
    statement.run(Object.fromEntries(columns.map((name) => [name, encode(values.get(name))])));
  };
}

const templateOf = (row: TemplateRow): CountedTemplate => ({
  ...row,
  metadata: JSON.parse(row.metadata),
  is_system: row.is_system === 1,
  is_active: row.is_active === 1,
});

const fieldOf = (row: FieldRow): TemplateField => ({
  ...row,
  is_required: row.is_required === 1,
  validation_rules: JSON.parse(row.validation_rules),
  field_options: JSON.parse(row.field_options),
  field_metadata: JSON.parse(row.field_metadata),
});

import type { ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { Upload } from '#kit/upload.ts';
import { templateId } from '#ops/sandbox/data/facts.ts';
import { mergedMetadata } from '#subgraphs/templates/metadata.ts';
import { person, read, writesOf } from '#test/harness/mutations.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const fieldId = (n: number): string => `f1e1d000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const create = `mutation ($input: CreateTemplateInput!, $key: String) {
  createTemplate(input: $input, idempotencyKey: $key) { id name templateType status tags isPublic metadata }
}`;
const upload = `mutation ($file: Upload!, $input: CreateTemplateInput, $key: String) {
  uploadTemplate(file: $file, input: $input, idempotencyKey: $key) { id name templateType status sheets { headers rows totalRows } }
}`;
const update = `mutation ($id: ID!, $input: UpdateTemplateInput!) {
  updateTemplate(id: $id, input: $input) { id name description templateType tags isPublic metadata }
}`;
const remove = 'mutation ($id: ID!) { deleteTemplate(id: $id) }';
const addField = `mutation ($of: ID!, $input: CreateTemplateFieldInput!, $key: String) {
  addTemplateField(templateId: $of, input: $input, idempotencyKey: $key) { id fieldName fieldType order }
}`;
const updateField = `mutation ($of: ID!, $id: ID!, $input: UpdateTemplateFieldInput!) {
  updateTemplateField(templateId: $of, fieldId: $id, input: $input) { id fieldName label required }
}`;
const removeField = 'mutation ($of: ID!, $id: ID!) { deleteTemplateField(templateId: $of, fieldId: $id) }';
const sheet = (content = 'well,volume\nA1,50\nA2,40\n', filename = 'Plate 7.csv'): Upload =>
  new Upload({ filename, mimetype: 'text/csv', bytes: Buffer.from(content) });
const form = { name: 'Swabs', templateType: 'form' };
const depth = { fieldName: 'depth', label: 'Depth', fieldType: 'MULTISELECT' };

type Template = Readonly<Record<string, unknown>> & { readonly metadata: object };
type Field = Readonly<Record<string, unknown>>;

const templateOf = async (templates: SubgraphUnderTest, id: string): Promise<Template> =>
  (await read<{ template: Template }>(templates, `/templates/${id}/data`)).template;
const fieldOf = async (templates: SubgraphUnderTest, of: string, id: string): Promise<Field> =>
  (await read<{ field: Field }>(templates, `/templates/${of}/fields/${id}`)).field;
const statusOf = async ({ upstream }: SubgraphUnderTest, path: string): Promise<number> => (await fetch(upstream + path)).status;
const answerOf = <Value>({ data }: ExecutionResult, field: string): Value => data?.[field] as Value;

test('a new template is kept with all that was said of it', async () => {
  await using templates = await startSubgraph('templates');
  const input = {
    ...form,
    description: 'For swabs',
    category: 'intake',
    tags: ['swab', 'nose'],
    isPublic: true,
    formConfig: { columns: 2 },
    metadata: { department: 'Sequencing' },
  };
  const answer = await templates.askLocally(create, { input }, person);
  expect(answer.errors).toBeUndefined();
  const { id } = answerOf<{ id: string }>(answer, 'createTemplate');
  expect(writesOf(templates)).toEqual(['POST /templates']);
  expect(answer.data).toMatchObject({
    createTemplate: { name: 'Swabs', status: 'DRAFT', metadata: { department: 'Sequencing' } },
  });
  expect(await templateOf(templates, id)).toMatchObject({
    name: 'Swabs',
    description: 'For swabs',
    category: 'intake',
    template_type: 'form',
    tags: ['swab', 'nose'],
    is_public: true,
    metadata: { department: 'Sequencing' },
  });
});

test.for([
  [{ name: '' }, 'input.name: must have 1 to 255 characters.'],
  [{ name: 'x'.repeat(256) }, 'input.name: must have 1 to 255 characters.'],
  [{ templateType: '' }, 'input.templateType: must have 1 to 255 characters.'],
  [{ tags: ['a', ''] }, 'input.tags.1: must have 1 to 255 characters.'],
  [{ metadata: [1] }, 'input.metadata: must be an object.'],
] as const)('a new template with %j is refused without a call', async ([given, message]) => {
  await using templates = await startSubgraph('templates');
  const { data, errors } = await templates.askLocally(create, { input: { ...form, ...given } }, person);
  expect(data).toEqual({ createTemplate: null });
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' }, path: ['createTemplate'] }]);
  expect(templates.calls).toEqual([]);
});

test.for(['askLocally', 'askServed'] as const)('a file becomes a template with its rows (%s)', async (way) => {
  await using templates = await startSubgraph('templates');
  const answer = await templates[way](upload, { file: sheet() }, person);
  expect(answer.errors).toBeUndefined();
  const { id } = answerOf<{ id: string }>(answer, 'uploadTemplate');
  expect(writesOf(templates)).toEqual(['POST /templates/upload']);
  expect(answer.data).toMatchObject({
    uploadTemplate: {
      name: 'Plate 7',
      templateType: 'csv',
      status: 'DRAFT',
      sheets: [
        {
          headers: ['well', 'volume'],
          rows: [
            ['A1', '50'],
            ['A2', '40'],
          ],
          totalRows: 2,
        },
      ],
    },
  });
  expect(await templateOf(templates, id)).toMatchObject({ name: 'Plate 7', template_type: 'csv' });
});

test('what is said of an uploaded template goes along with its file', async () => {
  await using templates = await startSubgraph('templates');
  const input = { ...form, category: 'intake', tags: ['swab'], isPublic: true, metadata: { department: 'Sequencing' } };
  const answer = await templates.askLocally(upload, { file: sheet(), input }, person);
  expect(answer.errors).toBeUndefined();
  const { id } = answerOf<{ id: string }>(answer, 'uploadTemplate');
  expect(await templateOf(templates, id)).toMatchObject({
    name: 'Swabs',
    category: 'intake',
    template_type: 'form',
    tags: ['swab'],
    is_public: true,
    metadata: { department: 'Sequencing' },
  });
});

test('a file that is too large, and one with a bad description, are refused without a call', async () => {
  await using templates = await startSubgraph('templates');
  const large = await templates.askLocally(upload, { file: sheet('x'.repeat(2 * 1024 * 1024 + 1)) }, person);
  expect(large.errors).toMatchObject([
    { message: 'file: must have at most 2097152 bytes.', extensions: { code: 'BAD_USER_INPUT', field: 'file' } },
  ]);
  const nameless = await templates.askLocally(upload, { file: sheet(), input: { ...form, name: '' } }, person);
  expect(nameless.errors).toMatchObject([{ message: 'input.name: must have 1 to 255 characters.' }]);
  expect(templates.calls).toEqual([]);
});

test('a file of 2 MiB goes through', async () => {
  await using templates = await startSubgraph('templates');
  const { errors } = await templates.askLocally(upload, { file: sheet('x'.repeat(2 * 1024 * 1024), 'large.txt') }, person);
  expect(errors).toBeUndefined();
});

test('the same key and file twice makes one template; another file with that key is refused', async () => {
  await using templates = await startSubgraph('templates');
  const first = await templates.askLocally(upload, { file: sheet(), key: 'attempt-1' }, person);
  const second = await templates.askLocally(upload, { file: sheet(), key: 'attempt-1' }, person);
  expect(first.errors).toBeUndefined();
  expect(second).toEqual(first);
  const other = await templates.askLocally(upload, { file: sheet('a\n1\n'), key: 'attempt-1' }, person);
  expect(other.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(writesOf(templates)).toEqual(['POST /templates/upload']);
});

test('the same idempotency key twice makes one template and answers alike', async () => {
  await using templates = await startSubgraph('templates');
  const first = await templates.askLocally(create, { input: form, key: 'attempt-1' }, person);
  const second = await templates.askLocally(create, { input: form, key: 'attempt-1' }, person);
  expect(first.errors).toBeUndefined();
  expect(second).toEqual(first);
  expect(writesOf(templates)).toEqual(['POST /templates']);
});

test('a change leaves kind, tags, visibility and the rest of the metadata alone', async () => {
  await using templates = await startSubgraph('templates');
  const before = await templateOf(templates, templateId(1));
  const answer = await templates.askLocally(update, { id: templateId(1), input: { description: 'New words' } }, person);
  expect(answer.errors).toBeUndefined();
  const after = await templateOf(templates, templateId(1));
  expect(after).toEqual({ ...before, description: 'New words', updated_at: after['updated_at'], updated_by: 'system' });
  expect(answer.data).toMatchObject({
    updateTemplate: { description: 'New words', tags: before['tags'], metadata: before.metadata },
  });
});

test('given metadata goes over what is there, key by key', async () => {
  await using templates = await startSubgraph('templates');
  const { metadata: before } = await templateOf(templates, templateId(2));
  const input = { metadata: { department: 'Virology', floor: 3, tags: 'stolen', template_type: 7 } };
  const { errors } = await templates.askLocally(update, { id: templateId(2), input }, person);
  expect(errors).toBeUndefined();
  const { metadata } = await templateOf(templates, templateId(2));
  expect(metadata).toEqual({ ...before, department: 'Virology', floor: 3 });
});

test('metadata that is no object counts as none', () => {
  expect(mergedMetadata(null, undefined)).toEqual({});
  expect(mergedMetadata(['a'], { a: 1, tags: ['t'] })).toEqual({ a: 1 });
});

test('every change of one operation sees what the one before has done', async () => {
  await using templates = await startSubgraph('templates');
  const { data, errors } = await templates.askLocally(
    `mutation ($id: ID!) {
      a: updateTemplate(id: $id, input: { metadata: { floor: 1 } }) { metadata fields { fieldName } }
      b: addTemplateField(templateId: $id, input: { fieldName: "depth", label: "Depth", fieldType: TEXT }) { fieldName }
      c: updateTemplate(id: $id, input: { metadata: { floor: 2 } }) { metadata fields { fieldName } }
    }`,
    { id: templateId(1) },
    person,
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ a: { metadata: { floor: 1 } }, c: { metadata: { floor: 2 } } });
  const { a, c } = data as Record<'a' | 'c', { fields: object[] }>;
  expect(c.fields).toEqual([...a.fields, { fieldName: 'depth' }]);
});

test.for([
  [{ id: templateId(1), input: {} }, 'input: must change at least one field.'],
  [{ id: templateId(1), input: { name: '' } }, 'input.name: must have 1 to 255 characters.'],
  [{ id: '7', input: { name: 'x' } }, 'id: must be a UUID.'],
] as const)('a change with %j is refused without a call', async ([given, message]) => {
  await using templates = await startSubgraph('templates');
  const { errors } = await templates.askLocally(update, given, person);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(templates.calls).toEqual([]);
});

test('a deleted template is not found any more', async () => {
  await using templates = await startSubgraph('templates');
  expect(await templates.askLocally(remove, { id: templateId(1) }, person)).toEqual({ data: { deleteTemplate: true } });
  expect(await statusOf(templates, `/templates/${templateId(1)}`)).toBe(404);
});

test('a new field is kept with all that was said of it', async () => {
  await using templates = await startSubgraph('templates');
  const input = {
    ...depth,
    description: 'How deep',
    required: true,
    order: 0,
    validationRules: { max: 3 },
    defaultValue: '1',
    options: ['1', '2'],
    metadata: { unit: 'm' },
  };
  const answer = await templates.askLocally(addField, { of: templateId(1), input, key: 'add-depth' }, person);
  expect(answer.errors).toBeUndefined();
  const { id } = answerOf<{ id: string }>(answer, 'addTemplateField');
  expect(await fieldOf(templates, templateId(1), id)).toEqual({
    id,
    template_id: templateId(1),
    field_name: 'depth',
    field_type: 'Multiselect',
    field_label: 'Depth',
    field_description: 'How deep',
    is_required: true,
    field_order: 0,
    validation_rules: { max: 3 },
    default_value: '1',
    field_options: ['1', '2'],
    field_metadata: { unit: 'm' },
  });
  expect(await templates.askLocally(addField, { of: templateId(1), input, key: 'add-depth' }, person)).toEqual(answer);
  expect(writesOf(templates)).toEqual([`POST /templates/${templateId(1)}/fields`]);
});

test.for([
  [{ of: templateId(1), input: { ...depth, fieldName: '' } }, 'input.fieldName: must have 1 to 255 characters.'],
  [{ of: templateId(1), input: { ...depth, order: -1 } }, 'input.order: must be a whole number from 0 to 2147483647.'],
  [{ of: templateId(1), input: { ...depth, options: 'a' } }, 'input.options: must be a list.'],
  [{ of: templateId(1), input: { ...depth, validationRules: 'a' } }, 'input.validationRules: must be an object.'],
  [{ of: '7', input: depth }, 'templateId: must be a UUID.'],
] as const)('a new field out of its bounds is refused without a call (%#)', async ([given, message]) => {
  await using templates = await startSubgraph('templates');
  const { errors } = await templates.askLocally(addField, given, person);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(templates.calls).toEqual([]);
});

test('two fields of a template do not share a name, neither new nor changed', async () => {
  await using templates = await startSubgraph('templates');
  const { field_name: fieldName } = await fieldOf(templates, templateId(1), fieldId(101));
  const added = await templates.askLocally(addField, { of: templateId(1), input: { ...depth, fieldName } }, person);
  const changed = await templates.askLocally(updateField, { of: templateId(1), id: fieldId(102), input: { fieldName } }, person);
  for (const { errors } of [added, changed])
    expect(errors).toMatchObject([
      { message: 'input.fieldName: is already used in this template.', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  expect(writesOf(templates)).toEqual([]);
});

test('a changed field keeps what was not given', async () => {
  await using templates = await startSubgraph('templates');
  const before = await fieldOf(templates, templateId(1), fieldId(101));
  const input = { fieldName: before['field_name'], label: 'Other', required: false, metadata: null };
  const { data, errors } = await templates.askLocally(updateField, { of: templateId(1), id: fieldId(101), input }, person);
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ updateTemplateField: { id: fieldId(101), label: 'Other', required: false } });
  expect(await fieldOf(templates, templateId(1), fieldId(101))).toEqual({ ...before, field_label: 'Other', is_required: false });
});

test('a deleted field is gone', async () => {
  await using templates = await startSubgraph('templates');
  const answer = await templates.askLocally(removeField, { of: templateId(1), id: fieldId(101) }, person);
  expect(answer).toEqual({ data: { deleteTemplateField: true } });
  expect(await statusOf(templates, `/templates/${templateId(1)}/fields/${fieldId(101)}`)).toBe(404);
});

test.for([
  'updateTemplate(id: $id, input: { name: "x" }) { id }',
  'deleteTemplate(id: $id)',
  'addTemplateField(templateId: $id, input: { fieldName: "x", label: "x", fieldType: TEXT }) { id }',
  'updateTemplateField(templateId: $id, fieldId: $id, input: { label: "x" }) { id }',
  `updateTemplateField(templateId: "${templateId(1)}", fieldId: $id, input: { label: "x" }) { id }`,
  `deleteTemplateField(templateId: "${templateId(1)}", fieldId: $id)`,
])('%s of what is not there is NOT_FOUND', async (field) => {
  await using templates = await startSubgraph('templates');
  const { data, errors } = await templates.askLocally(`mutation ($id: ID!) { ${field} }`, { id: unknownId }, person);
  expect(Object.values(data ?? {})).toEqual([null]);
  expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
});

test.for([
  'createTemplate(input: { name: "x", templateType: "form" }) { id }',
  `updateTemplate(id: "${templateId(1)}", input: { name: "x" }) { id }`,
  `deleteTemplate(id: "${templateId(1)}")`,
  `addTemplateField(templateId: "${templateId(1)}", input: { fieldName: "x", label: "x", fieldType: TEXT }) { id }`,
  `updateTemplateField(templateId: "${templateId(1)}", fieldId: "${fieldId(101)}", input: { label: "x" }) { id }`,
  `deleteTemplateField(templateId: "${templateId(1)}", fieldId: "${fieldId(101)}")`,
])('%s needs a token', async (field) => {
  await using templates = await startSubgraph('templates');
  const { data, errors } = await templates.ask(`mutation { ${field} }`, {}, { caller: stranger });
  expect(Object.values(data ?? {})).toEqual([null]);
  expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(templates.calls).toEqual([]);
});

test.for([
  [400, 'BAD_USER_INPUT', 'The template service refuses these values.'],
  [404, 'NOT_FOUND', 'The templates service does not know this.'],
  [422, 'BAD_USER_INPUT', 'The template service refuses these values.'],
  [500, 'UPSTREAM_UNAVAILABLE', 'The templates service cannot be reached or failed.'],
] as const)('a bare %s is read by its status', async ([status, code, message]) => {
  await using upstream = await startUpstream((_, response) => void response.writeHead(status).end());
  await using templates = await startSubgraph('templates', { url: upstream.url });
  const { data, errors } = await templates.askLocally(create, { input: form }, person);
  expect(data).toEqual({ createTemplate: null });
  expect(errors).toMatchObject([{ message, extensions: { code } }]);
  expect(upstream.seen).toEqual(['POST /templates']);
});

const template = {
  id: templateId(1),
  name: 'Swabs',
  template_type: 'form',
  status: 'Draft',
  version: '1',
  tags: [],
  is_public: false,
  is_system: false,
  metadata: { template_type: 'form', tags: [] },
  created_at: '2026-11-01T00:00:00Z',
  updated_at: '2026-11-01T00:00:00Z',
};
const field = {
  id: fieldId(101),
  field_name: 'old',
  field_type: 'Multiselect',
  field_label: 'Depth',
  is_required: false,
  field_order: 1,
  validation_rules: {},
  field_options: [],
  field_metadata: {},
};

type Kept = { readonly template?: object; readonly fields?: readonly object[] };

/** Fails every write; `after` stands in the service from then on, `before` until then. */
function failing(before: Kept, after: Kept) {
  let isWritten = false;
  return startUpstream((request, response) => {
    if (request.method !== 'GET') {
      isWritten = true;
      response.writeHead(500).end();
      return;
    }
    const { template: row, fields = [] } = isWritten ? after : before;
    if (row === undefined) {
      response.writeHead(404).end();
      return;
    }
    const body = { template: row, data: { sheets: [] }, fields };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}

const old = { template, fields: [field] };
const renamed = { ...template, name: 'New', metadata: { ...template.metadata, a: 1 } };
const change = { id: template.id, input: { name: 'New', metadata: { a: 1 } } };
const place = { of: template.id, id: field.id };

test.for([
  ['createTemplate', create, { input: form }, old, old, 'UNKNOWN'],
  ['uploadTemplate', upload, { file: sheet() }, old, old, 'UNKNOWN'],
  ['updateTemplate', update, change, old, { template: renamed }, 'COMMITTED'],
  ['updateTemplate', update, change, old, old, 'UNKNOWN'],
  ['deleteTemplate', remove, { id: template.id }, old, {}, 'COMMITTED'],
  ['deleteTemplate', remove, { id: template.id }, old, old, 'UNKNOWN'],
  [
    'addTemplateField',
    addField,
    { of: template.id, input: depth },
    old,
    { template, fields: [field, { ...field, id: unknownId, field_name: 'depth' }] },
    'COMMITTED',
  ],
  ['addTemplateField', addField, { of: template.id, input: depth }, old, old, 'UNKNOWN'],
  [
    'updateTemplateField',
    updateField,
    { ...place, input: { required: true, order: 2 } },
    old,
    { template, fields: [{ ...field, is_required: true, field_order: 2 }] },
    'COMMITTED',
  ],
  ['updateTemplateField', updateField, { ...place, input: { required: true } }, old, old, 'UNKNOWN'],
  ['deleteTemplateField', removeField, place, old, { template }, 'COMMITTED'],
  ['deleteTemplateField', removeField, place, old, old, 'UNKNOWN'],
] as const)(
  '%s that fails is written once and its outcome read again (%#)',
  async ([name, text, given, before, after, outcome]) => {
    await using upstream = await failing(before, after);
    await using templates = await startSubgraph('templates', { url: upstream.url });
    const { data, errors } = await templates.askLocally(text, given, person);
    expect(data).toEqual({ [name]: null });
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: false, outcome } }]);
    expect(upstream.seen.filter((line) => !line.startsWith('GET'))).toHaveLength(1);
  },
);

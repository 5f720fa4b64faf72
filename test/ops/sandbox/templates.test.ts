import { expect, test } from 'vitest';
import { counts, range, templateId } from '#ops/sandbox/data/facts.ts';
import type { Sheet } from '#ops/sandbox/data/templates.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

type Template = { readonly id: string; readonly name: string; readonly field_count: number; readonly template_type: string };
type One = { readonly template: Template };
type Field = { readonly id: string; readonly field_name: string; readonly field_type: string; readonly field_order: number };
type Data = {
  readonly template: { readonly metadata: unknown };
  readonly data: { readonly sheet_names: string[]; readonly sheets: Sheet[] };
};

const unknownId = '99999999-0000-4000-8000-000000000000';

async function startTemplates() {
  const sandbox = await startSandbox({ services: ['templates'], ports: 'any' });
  return { url: `${sandbox.urls.get('templates')}/templates`, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

const post = (body: unknown) => ({ method: 'POST', body });
const put = (body: unknown) => ({ method: 'PUT', body });

async function upload(url: string, parts: Readonly<Record<string, string | File>>) {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) form.append(name, value);
  const response = await fetch(`${url}/upload`, { method: 'POST', body: form });
  const text = await response.text();
  return { status: response.status, text, body: text === '' ? null : JSON.parse(text) };
}

test('the list holds every template, the newest first, whatever page is asked for', async () => {
  await using templates = await startTemplates();
  const { status, body } = await call<{ data: Template[] }>(`${templates.url}?page=2&page_size=1`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    success: true,
    pagination: { total_count: counts.templates, page: 1, page_size: 50, total_pages: 1 },
  });
  expect(body.data.map(({ id }) => id)).toEqual(range(counts.templates).map(templateId));
});

test('a template shows its type, tags and visibility, and keeps its metadata to itself', async () => {
  await using templates = await startTemplates();
  const { body } = await call<One>(`${templates.url}/${templateId(1)}`);
  expect(body.template).toMatchInlineSnapshot(`
    {
      "category": "extraction",
      "created_at": "2026-10-02T08:00:00.000Z",
      "created_by": "system",
      "description": "What the laboratory wants to know for: dna extraction.",
      "field_count": 5,
      "id": "7e000000-0000-4000-8000-000000000001",
      "is_public": true,
      "is_system": true,
      "name": "DNA extraction",
      "status": "Published",
      "tags": [
        "dna",
        "wet-lab",
      ],
      "template_type": "spreadsheet",
      "updated_at": "2026-10-22T08:00:00.000Z",
      "updated_by": null,
      "usage_count": 0,
      "version": "1.0",
    }
  `);
});

test('the data of a template holds its metadata and its sheets', async () => {
  await using templates = await startTemplates();
  const { body } = await call<Data>(`${templates.url}/${templateId(1)}/data`);
  expect(body.template.metadata).toMatchObject({ template_type: 'spreadsheet', is_public: true });
  expect(body.data.sheet_names).toEqual(['Samples']);
  expect(body.data.sheets[0]).toMatchObject({ total_rows: 3, total_columns: 5 });
  expect(body.data.sheets[0]?.rows.every((row) => row.length === 5)).toBe(true);
});

test('a new template is a draft and can be read back', async () => {
  await using templates = await startTemplates();
  const fields = { name: 'Plasma intake', template_type: 'form', tags: ['plasma'], is_public: true };
  const { status, body } = await call<One>(
    templates.url,
    post({ ...fields, form_config: { a: 1 }, metadata: { owner: 'intake' } }),
  );
  expect(status).toBe(200);
  expect(body.template).toMatchObject({ ...fields, status: 'Draft', category: 'general', created_by: 'system', field_count: 0 });
  expect((await call<One>(`${templates.url}/${body.template.id}`)).body.template).toEqual(body.template);
  const { body: data } = await call<Data>(`${templates.url}/${body.template.id}/data`);
  expect(data.template.metadata).toEqual({ owner: 'intake', template_type: 'form', tags: ['plasma'], is_public: true });
  expect(data.data).toEqual({ sheet_names: [], sheets: [] });
});

test('an update with metadata keeps them, one without wipes type, tags and visibility', async () => {
  await using templates = await startTemplates();
  const one = `${templates.url}/${templateId(1)}`;
  const { body: before } = await call<Data>(`${one}/data`);
  const kept = await call<One>(one, put({ name: 'Renamed', metadata: before.template.metadata, status: 'Archived' }));
  expect(kept.body.template).toMatchObject({
    name: 'Renamed',
    template_type: 'spreadsheet',
    status: 'Published',
    field_count: 5,
  });
  const wiped = await call<One>(one, put({ description: 'Changed' }));
  expect(wiped.body.template).toMatchObject({ name: 'Renamed', template_type: 'form', tags: [], is_public: false });
  expect((await call<Data>(`${one}/data`)).body.template.metadata).toEqual({});
});

test('a deleted template is gone from list and look-up', async () => {
  await using templates = await startTemplates();
  const one = `${templates.url}/${templateId(2)}`;
  expect((await call(one, { method: 'DELETE' })).body).toMatchObject({ success: true });
  expect(await call(one)).toMatchObject({ status: 404, text: '' });
  expect((await call<{ data: Template[] }>(templates.url)).body.data).toHaveLength(counts.templates - 1);
});

test('fields can be listed, read, added, changed and removed', async () => {
  await using templates = await startTemplates();
  const fields = `${templates.url}/${templateId(1)}/fields`;
  const { body: list } = await call<{ fields: Field[]; count: number }>(fields);
  expect(list).toMatchObject({ success: true, count: 5 });
  expect(list.fields.map((field) => field.field_order)).toEqual([1, 2, 3, 4, 5]);
  const added = await call<{ field: Field }>(fields, post({ field_name: 'ph', field_label: 'pH', field_type: 'Number' }));
  expect(added.body.field).toMatchObject({
    template_id: templateId(1),
    field_order: 6,
    is_required: false,
    validation_rules: {},
    default_value: null,
    field_options: [],
  });
  const one = `${fields}/${added.body.field.id}`;
  const changed = await call<{ field: Field }>(one, put({ is_required: true, validation_rules: { max: 14 } }));
  expect(changed.body.field).toMatchObject({ field_name: 'ph', is_required: true, validation_rules: { max: 14 } });
  expect((await call<{ field: Field }>(one)).body).toEqual({ success: true, field: changed.body.field });
  expect((await call<One>(`${templates.url}/${templateId(1)}`)).body.template.field_count).toBe(6);
  expect((await call(one, { method: 'DELETE' })).body).toMatchObject({ success: true });
  expect(await call(one)).toMatchObject({ status: 404, text: '' });
});

test('a field name that is taken is an empty 500, by contract', async () => {
  await using templates = await startTemplates();
  const fields = `${templates.url}/${templateId(1)}/fields`;
  const copy = { field_name: 'sample_name', field_label: 'Again', field_type: 'Text' };
  expect(await call(fields, post(copy))).toMatchObject({ status: 500, text: '' });
  expect((await call(fields, post({ ...copy, field_type: 'text' }))).status).toBe(422);
});

test('a CSV file becomes a template whose rows can be read', async () => {
  await using templates = await startTemplates();
  const csv = 'name,notes\r\nOne,"Quoted, with a ""word"""\r\nTwo,\r\n';
  const form = JSON.stringify({ name: 'From a file', template_type: 'csv', tags: ['uploaded'] });
  const { status, body } = await upload(templates.url, { file: new File([csv], 'plate.csv'), template: form });
  expect(status).toBe(200);
  expect(body.template).toMatchObject({ name: 'From a file', template_type: 'csv', tags: ['uploaded'] });
  const { body: data } = await call<Data>(`${templates.url}/${body.template.id}/data`);
  expect(data.data.sheets).toEqual([
    {
      name: 'plate',
      headers: ['name', 'notes'],
      rows: [
        ['One', 'Quoted, with a "word"'],
        ['Two', ''],
      ],
      total_rows: 2,
      total_columns: 2,
    },
  ]);
});

test('a workbook is stored without sheets and a long table is cut to a hundred rows', async () => {
  await using templates = await startTemplates();
  const workbook = await upload(templates.url, { file: new File(['PK'], 'plan.xlsx') });
  expect(workbook.body.template).toMatchObject({ name: 'plan', template_type: 'spreadsheet' });
  expect((await call<Data>(`${templates.url}/${workbook.body.template.id}/data`)).body.data.sheets).toEqual([]);
  const long = ['id', ...range(150).map(String)].join('\n');
  const table = await upload(templates.url, { file: new File([long], 'long.csv') });
  const { body } = await call<Data>(`${templates.url}/${table.body.template.id}/data`);
  expect(body.data.sheets[0]?.rows).toHaveLength(100);
  expect(body.data.sheets[0]?.total_rows).toBe(150);
});

test('an upload without a file, over 2 MiB or with an unreadable description is an empty 400', async () => {
  await using templates = await startTemplates();
  const refused = { status: 400, text: '' };
  const file = new File(['a'], 'a.csv');
  expect(await upload(templates.url, { template: '{}' })).toMatchObject(refused);
  expect(await upload(templates.url, { file: new File(['x'.repeat(2 * 1024 * 1024 + 1)], 'big.csv') })).toMatchObject(refused);
  expect(await upload(templates.url, { file, template: '{"name":' })).toMatchObject(refused);
  expect(await upload(templates.url, { file, template: '{"name":7}' })).toMatchObject(refused);
  expect(await call(`${templates.url}/upload`, post({}))).toMatchObject(refused);
});

test('what the service only plans to do answers with a sentence', async () => {
  await using templates = await startTemplates();
  const one = `${templates.url}/${templateId(1)}`;
  const sentence = { status: 200, body: { message: expect.any(String) } };
  expect(await call(`${one}/clone`, { method: 'POST' })).toMatchObject(sentence);
  expect(await call(`${one}/download`)).toMatchObject(sentence);
  expect(await call(`${one}/export`)).toMatchObject(sentence);
  expect(await call(`${templates.url}/import`, { method: 'POST' })).toMatchObject(sentence);
});

test('errors are a status and nothing else', async () => {
  await using templates = await startTemplates();
  expect(await call(`${templates.url}/7`)).toMatchObject({ status: 400, text: '' });
  expect(await call(`${templates.url}/${unknownId}`)).toMatchObject({ status: 404, text: '' });
  expect(await call(`${templates.url}/${unknownId}/fields`)).toMatchObject({ status: 404, text: '' });
});

test('health answers in three forms', async () => {
  await using templates = await startTemplates();
  const health = templates.url.replace(/templates$/, 'health');
  expect((await call(health)).body).toEqual({ status: 'healthy', service: 'template_service' });
  expect((await call(`${health}/ready`)).body).toMatchObject({ status: 'ready' });
  expect((await call(`${health}/metrics`)).body).toEqual({ metrics: {} });
});

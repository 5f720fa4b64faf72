import { expect, test } from 'vitest';
import { barcodeOfSample, counts, range, sampleId, sampleStatus, templateId, userId } from '#ops/sandbox/data/facts.ts';
import type { Sample } from '#ops/sandbox/data/samples.ts';
import { sampleTypes } from '#ops/sandbox/data/samples.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

type One = { readonly success: boolean; readonly data: Sample; readonly message?: string };
type Page = {
  readonly data: {
    readonly samples: readonly Sample[];
    readonly total_count: number;
    readonly page: number;
    readonly page_size: number;
    readonly total_pages: number;
  };
};
type Validation = { readonly is_valid: boolean; readonly errors: readonly string[]; readonly warnings: readonly string[] };

const unknownId = '99999999-0000-4000-8000-000000000000';
const pending = sampleId(10);

async function startSamples() {
  const sandbox = await startSandbox({ services: ['samples'], ports: 'any' });
  return { url: `${sandbox.urls.get('samples')}`, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

const post = (body: unknown) => ({ method: 'POST', body });
const put = (body: unknown) => ({ method: 'PUT', body });

test('a sample is found by id and by barcode, with all its fields', async () => {
  await using samples = await startSamples();
  const byId = await call<One>(`${samples.url}/samples/${sampleId(1)}`);
  const byBarcode = await call<One>(`${samples.url}/samples/barcode/${barcodeOfSample(1)}`);
  expect(byId.status).toBe(200);
  expect(byBarcode.body).toEqual(byId.body);
  expect(byId.body).toMatchInlineSnapshot(`
    {
      "data": {
        "barcode": "LAB-20261101080000-0001",
        "collection_date": "2026-10-30T07:23:00.000Z",
        "collection_location": "Clinic South",
        "collector": "Collector Two",
        "concentration": 154.8,
        "created_at": "2026-11-01T07:23:00.000Z",
        "created_by": "05e70000-0000-4000-8000-000000000001",
        "id": "5a000000-0000-4000-8000-000000000001",
        "metadata": {
          "confidence_score": 0.68,
          "organization_id": "acme-genomics",
          "project_id": "PRJ-002",
          "rag_submission_id": "RAG-001",
          "source_document": "intake-form-001.txt",
        },
        "name": "DNA sample 001",
        "notes": null,
        "quality_score": 0.9,
        "sample_type": "DNA",
        "source_identifier": "SRC-1001",
        "source_type": "cell line",
        "status": "InStorage",
        "template_id": "7e000000-0000-4000-8000-000000000001",
        "unit": "ng/µL",
        "updated_at": "2026-11-01T08:23:00.000Z",
        "updated_by": null,
        "volume": 105,
      },
      "success": true,
    }
  `);
});

test('the list holds 500 samples of all types and states, the newest first', async () => {
  await using samples = await startSamples();
  const { body } = await call<Page>(`${samples.url}/samples?page_size=1000`);
  const found = body.data.samples;
  expect(body.data).toMatchObject({ total_count: counts.samples, page: 1, page_size: 1_000, total_pages: 1 });
  expect(found.map(({ id }) => id)).toEqual(range(counts.samples).map(sampleId));
  expect(new Set(found.map((sample) => sample.sample_type)).size).toBe(sampleTypes.length);
  expect(new Set(found.map(({ status }) => status)).size).toBe(10);
});

test('pages follow one another, hold 50 by default and never more than 1000', async () => {
  await using samples = await startSamples();
  const first = await call<Page>(`${samples.url}/samples`);
  expect(first.body.data).toMatchObject({ page: 1, page_size: 50, total_pages: 10 });
  const third = await call<Page>(`${samples.url}/samples?page=3&page_size=20`);
  expect(third.body.data.samples.map(({ id }) => id)).toEqual(range(20).map((n) => sampleId(n + 40)));
  expect((await call<Page>(`${samples.url}/samples?page_size=5000`)).body.data.page_size).toBe(1_000);
  expect((await call<Page>(`${samples.url}/samples?page_size=0&page=0`)).body.data).toMatchObject({ page: 1, page_size: 1 });
  expect((await call<Page>(`${samples.url}/samples?page=99`)).body.data.samples).toEqual([]);
});

test('filters work alone and together, and the total counts what they let through', async () => {
  await using samples = await startSamples();
  const list = async (query: string) => (await call<Page>(`${samples.url}/samples?page_size=1000&${query}`)).body.data;
  const archived = await list('status=Archived');
  expect(archived.total_count).toBe(range(counts.samples).filter((n) => sampleStatus(n) === 'Archived').length);
  expect(archived.samples.every(({ status }) => status === 'Archived')).toBe(true);
  const cells = await list('sample_type=Cell%20Culture&status=Completed');
  expect(cells.samples.length).toBeGreaterThan(0);
  expect(cells.samples.every((sample) => sample.sample_type === 'Cell Culture' && sample.status === 'Completed')).toBe(true);
  const ofTemplate = await list(`template_id=${templateId(3)}`);
  expect(ofTemplate.samples.every((sample) => sample.template_id === templateId(3))).toBe(true);
  expect((await list('search=lab-20261101080000-0042')).samples.map(({ id }) => id)).toEqual([sampleId(42)]);
  expect((await list('search=100%25')).total_count).toBe(0);
});

test('filters on the time of creation take any zone', async () => {
  await using samples = await startSamples();
  const query = new URLSearchParams({ created_after: '2026-11-01T08:09:00+02:00', created_before: '2026-11-01T07:00:00Z' });
  const { body } = await call<Page>(`${samples.url}/samples?${query}`);
  expect(body.data.samples.map(({ id }) => id)).toEqual([sampleId(2), sampleId(3)]);
});

test('a list can be sorted by name, by status and by the last change', async () => {
  await using samples = await startSamples();
  const list = async (sort: string) =>
    (await call<Page>(`${samples.url}/samples?page_size=1000&sort_by=${sort}`)).body.data.samples;
  const names = (await list('name')).map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
  const states = (await list('status')).map(({ status }) => status);
  expect(states).toEqual(states.toSorted());
  const changes = (await list('updated_at')).map((sample) => sample.updated_at);
  expect(changes).toEqual(changes.toSorted().toReversed());
});

test('a new sample is pending, has a generated barcode and can be read back', async () => {
  await using samples = await startSamples();
  const fields = {
    name: 'New one',
    sample_type: 'Cell Culture',
    quality_score: 0.5,
    metadata: { a: [1] },
    created_by: userId(2),
  };
  const created = await call<One>(`${samples.url}/samples`, post({ ...fields, collection_date: '2026-10-01T10:00:00+02:00' }));
  expect(created.status).toBe(200);
  expect(created.body.data).toMatchObject({
    ...fields,
    status: 'Pending',
    collection_date: '2026-10-01T08:00:00.000Z',
    notes: null,
  });
  expect(created.body.data.barcode).toMatch(/^LAB-\d{14}-\d{4}$/);
  expect((await call<One>(`${samples.url}/samples/${created.body.data.id}`)).body.data).toEqual(created.body.data);
  expect((await call<Page>(`${samples.url}/samples`)).body.data.total_count).toBe(counts.samples + 1);
});

test('a barcode belongs to one sample', async () => {
  await using samples = await startSamples();
  const taken = { name: 'Copy', sample_type: 'DNA', barcode: barcodeOfSample(1) };
  const { status, body } = await call(`${samples.url}/samples`, post(taken));
  expect(status).toBe(409);
  expect(body).toEqual({
    error: 'duplicate_barcode',
    message: 'Barcode already exists',
    details: null,
    timestamp: expect.stringMatching(/Z$/),
    request_id: null,
  });
  expect((await call(`${samples.url}/samples/${sampleId(2)}`, put({ barcode: barcodeOfSample(1) }))).status).toBe(409);
  expect((await call(`${samples.url}/samples/${sampleId(1)}`, put({ barcode: barcodeOfSample(1) }))).status).toBe(200);
});

test.for([
  ['no name', { name: '', sample_type: 'DNA' }],
  ['a name of 256 characters', { name: 'x'.repeat(256), sample_type: 'DNA' }],
  ['a type in lower case', { name: 'A', sample_type: 'dna' }],
  ['a barcode of 101 characters', { name: 'A', sample_type: 'DNA', barcode: 'x'.repeat(101) }],
  ['a quality score over 1', { name: 'A', sample_type: 'DNA', quality_score: 1.5 }],
  ['a negative volume', { name: 'A', sample_type: 'DNA', volume: -1 }],
] as const)('a sample with %s is refused', async ([, fields]) => {
  await using samples = await startSamples();
  const { status, body } = await call(`${samples.url}/samples`, post(fields));
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: 'validation_error' });
});

test('an update changes what it names; null and absent leave a value alone', async () => {
  await using samples = await startSamples();
  const before = await call<One>(`${samples.url}/samples/${sampleId(1)}`);
  const change = put({ name: 'Renamed', notes: 'Thawed once', unit: null, template_id: templateId(5), status: 'Archived' });
  const { body } = await call<One>(`${samples.url}/samples/${sampleId(1)}`, change);
  const expected = { ...before.body.data, name: 'Renamed', notes: 'Thawed once', updated_by: 'user' };
  expect(body.data).toEqual({ ...expected, updated_at: body.data.updated_at });
  expect((await call<One>(`${samples.url}/samples/${sampleId(1)}`)).body.data).toEqual(body.data);
});

test('a sample goes the happy path step by step', async () => {
  await using samples = await startSamples();
  for (const status of ['Validated', 'InStorage', 'InSequencing', 'Completed', 'Archived']) {
    const moved = await call<One>(`${samples.url}/samples/${pending}/status`, put({ new_status: status, reason: 'Next step' }));
    expect(moved.body).toMatchObject({ success: true, data: { status } });
  }
  expect((await call<One>(`${samples.url}/samples/${pending}`)).body.data.status).toBe('Archived');
});

test.for(['Pending', 'Completed', 'InStorage', 'Archived'])('a pending sample cannot become %s', async (status) => {
  await using samples = await startSamples();
  const refused = await call(`${samples.url}/samples/${pending}/status`, put({ new_status: status }));
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({ error: 'invalid_workflow_transition', message: 'Invalid workflow transition' });
  expect((await call<One>(`${samples.url}/samples/${pending}`)).body.data.status).toBe('Pending');
});

test('a deleted sample stays to be seen, and one in sequencing cannot be deleted', async () => {
  await using samples = await startSamples();
  const [completed, sequenced] = [sampleId(4), sampleId(3)];
  expect((await call(`${samples.url}/samples/${completed}`, { method: 'DELETE' })).body).toMatchObject({ success: true });
  expect((await call<One>(`${samples.url}/samples/${completed}`)).body.data.status).toBe('Deleted');
  expect((await call<Page>(`${samples.url}/samples`)).body.data.total_count).toBe(counts.samples);
  const refused = await call(`${samples.url}/samples/${sequenced}`, { method: 'DELETE' });
  expect(refused).toMatchObject({ status: 400, body: { error: 'business_rule_violation' } });
});

test('validating tells what is wrong and changes nothing', async () => {
  await using samples = await startSamples();
  const good = await call<{ success: boolean; data: Validation }>(`${samples.url}/samples/${pending}/validate`, {
    method: 'POST',
  });
  expect(good.status).toBe(200);
  expect(good.body).toMatchObject({
    success: true,
    data: { id: 0, sample_id: pending, rule_id: null, is_valid: true, errors: [] },
  });
  expect(good.body.data.warnings).toEqual(['quality_score is missing']);
  await call(`${samples.url}/samples/${pending}`, put({ collection_date: '2099-01-01T00:00:00Z' }));
  const bad = await call(`${samples.url}/samples/${pending}/validate`, { method: 'POST' });
  expect(bad.status).toBe(200);
  const errors = ['collection_date lies in the future'];
  expect(bad.body).toMatchObject({ success: false, data: { validation_passed: false, error_message: errors[0], errors } });
  expect((await call<One>(`${samples.url}/samples/${pending}`)).body.data.status).toBe('Pending');
});

test('a batch creates what it can and names what it cannot', async () => {
  await using samples = await startSamples();
  const items = [
    { name: 'First', sample_type: 'DNA' },
    { name: 'Taken', sample_type: 'DNA', barcode: barcodeOfSample(1) },
    { name: 'Third', sample_type: 'RNA' },
  ];
  type Batch = { data: { created_samples: Sample[]; failed_samples: unknown[] } };
  const { status, body } = await call<Batch>(`${samples.url}/samples/batch`, post({ samples: items, batch_name: 'B' }));
  expect(status).toBe(200);
  expect(body).toMatchObject({ success: true, data: { total_created: 2, total_failed: 1 } });
  expect(body.data.created_samples.map(({ name }) => name)).toEqual(['First', 'Third']);
  expect(new Set(body.data.created_samples.map(({ barcode }) => barcode)).size).toBe(2);
  expect(body.data.failed_samples).toEqual([{ index: 1, sample_data: items[1], error: 'Barcode already exists' }]);
});

test('a batch is refused as a whole over 100 items or with one impossible item', async () => {
  await using samples = await startSamples();
  const item = { name: 'A', sample_type: 'DNA' };
  const tooMany = await call(`${samples.url}/samples/batch`, post({ samples: Array.from({ length: 101 }, () => item) }));
  expect(tooMany).toMatchObject({ status: 429, body: { error: 'resource_limit_exceeded' } });
  const oneBad = await call(`${samples.url}/samples/batch`, post({ samples: [item, { ...item, name: '' }] }));
  expect(oneBad).toMatchObject({ status: 400, body: { error: 'validation_error' } });
  expect((await call<Page>(`${samples.url}/samples`)).body.data.total_count).toBe(counts.samples);
});

test('a batch of validations answers for every id, known or not', async () => {
  await using samples = await startSamples();
  const { body } = await call(`${samples.url}/samples/batch/validate`, post({ sample_ids: [pending, unknownId] }));
  expect(body).toMatchObject({
    success: false,
    data: {
      overall_valid: false,
      total_samples: 2,
      valid_samples: 1,
      invalid_samples: 1,
      validation_results: [{ is_valid: true }, { sample_id: unknownId, errors: ['Sample not found'] }],
    },
  });
});

test('a missing sample is a 404 with a code of its own', async () => {
  await using samples = await startSamples();
  expect(await call(`${samples.url}/samples/${unknownId}`)).toMatchObject({ status: 404, body: { error: 'sample_not_found' } });
  expect(await call(`${samples.url}/samples/barcode/none`)).toMatchObject({ status: 404, body: { error: 'barcode_not_found' } });
  expect((await call(`${samples.url}/samples/${unknownId}`, { method: 'DELETE' })).status).toBe(404);
});

test('enums are written as the service writes them, or refused', async () => {
  await using samples = await startSamples();
  const inBody = await call(`${samples.url}/samples/${pending}/status`, put({ new_status: 'validated' }));
  expect(inBody).toMatchObject({ status: 422, body: null });
  expect((await call(`${samples.url}/samples?status=in_storage`)).status).toBe(400);
  expect((await call(`${samples.url}/samples?page=first`)).status).toBe(400);
});

test('health names its checks and metrics count what is there', async () => {
  await using samples = await startSamples();
  expect((await call(`${samples.url}/health`)).body).toEqual({
    status: 'healthy',
    service: 'sample_service',
    version: '1.0.0',
    timestamp: expect.any(String),
    checks: { database: { status: 'healthy', response_time_ms: expect.any(Number) } },
  });
  const checks = ['database', 'auth_service', 'storage_service', 'configuration'];
  type Ready = { status: string; checks: Record<string, unknown> };
  const ready = await call<Ready>(`${samples.url}/health/ready`);
  expect([ready.body.status, Object.keys(ready.body.checks)]).toEqual(['ready', checks]);
  const metrics = await call(`${samples.url}/health/metrics`);
  const pendingCount = range(counts.samples).filter((n) => sampleStatus(n) === 'Pending').length;
  expect(metrics.body).toMatchObject({ metrics: { samples: { total: counts.samples, by_status: { pending: pendingCount } } } });
});

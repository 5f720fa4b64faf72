import { expect, test } from 'vitest';
import type { ServiceName } from '#kit/service-names.ts';
import { jobId, sampleId, templateId } from '#ops/sandbox/data/facts.ts';
import { sandboxGraphKey } from '#ops/sandbox/data/graph-key.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

async function startQuirky(name: ServiceName) {
  const sandbox = await startSandbox({ services: [name], ports: 'any', quirks: [name] });
  const url = `${sandbox.urls.get(name)}`;
  const headers = name === 'graph' ? { authorization: `Bearer ${sandboxGraphKey}` } : {};
  return {
    get: <Body = Record<string, unknown>>(path: string) => call<Body>(url + path, { headers }),
    post: <Body = Record<string, unknown>>(path: string, body: unknown) =>
      call<Body>(url + path, { method: 'POST', headers, body }),
    put: <Body = Record<string, unknown>>(path: string, body: unknown) =>
      call<Body>(url + path, { method: 'PUT', headers, body }),
    url,
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

test('quirks are off by default and switched while the service runs', async () => {
  await using sandbox = await startSandbox({ services: ['storage'], ports: 'any' });
  const url = `${sandbox.urls.get('storage')}`;
  const status = async () => (await call(`${url}/storage/utilization`)).status;
  expect([await status(), (await call(`${url}/sandbox/quirks`)).body]).toEqual([200, { on: false, poisonedRows: false }]);
  const put = await call(`${url}/sandbox/quirks`, { method: 'PUT', body: { on: true } });
  expect([put.body, await status()]).toEqual([{ on: true, poisonedRows: false }, 500]);
  await call(`${url}/sandbox/quirks`, { method: 'DELETE' });
  expect(await status()).toBe(200);
  sandbox.quirks('storage', { on: true });
  expect(await status()).toBe(500);
});

test.for(['status=Pending', 'sample_type=DNA', `template_id=${templateId(1)}`, 'search=x', 'created_after=2026-01-01T00:00:00Z'])(
  'samples: a list with %s fails',
  async (filter) => {
    await using samples = await startQuirky('samples');
    const { status, body } = await samples.get(`/samples?${filter}`);
    expect([status, body]).toEqual([500, expect.objectContaining({ error: 'database_error' })]);
    expect((await samples.get('/samples?page=2&sort_by=name')).status).toBe(200);
    expect((await samples.get('/samples?status=nonsense')).status).toBe(400);
  },
);

test('samples: a page of no size closes the connection', async () => {
  await using samples = await startQuirky('samples');
  await expect(samples.get('/samples?page_size=0')).rejects.toThrow('fetch failed');
});

test('samples: a create with a decimal number is stored and fails', async () => {
  await using samples = await startQuirky('samples');
  const sample = { name: 'New', sample_type: 'DNA' };
  expect((await samples.post('/samples', { ...sample, barcode: 'PLAIN', created_by: 'me' })).body).toMatchObject({
    data: { created_by: null, updated_by: 'user' },
  });
  const { status, body } = await samples.post('/samples', { ...sample, barcode: 'MEASURED', volume: 1 });
  expect([status, body['error']]).toEqual([500, 'database_error']);
  expect((await samples.get('/samples/barcode/MEASURED')).body).toMatchObject({ data: { volume: 1 } });
});

test('samples: poisoned rows fail their list, once that is asked for', async () => {
  await using samples = await startQuirky('samples');
  expect((await samples.get('/samples')).status).toBe(200);
  await samples.put('/sandbox/quirks', { on: true, poisonedRows: true });
  expect((await samples.get('/samples')).status).toBe(500);
  expect((await samples.get('/samples?page=999')).status).toBe(200);
});

test('samples: a change of status is kept and fails', async () => {
  await using samples = await startQuirky('samples');
  const path = `/samples/${sampleId(10)}`;
  expect((await samples.put(`${path}/status`, { new_status: 'Validated' })).status).toBe(500);
  expect((await samples.get(path)).body).toMatchObject({ data: { status: 'Validated' } });
  expect((await samples.put(`${path}/status`, { new_status: 'Completed' })).status).toBe(400);
});

test('samples: nobody is known to have made one, and health is always 200', async () => {
  await using samples = await startQuirky('samples');
  expect((await samples.get(`/samples/${sampleId(1)}`)).body).toMatchObject({ data: { created_by: null, updated_by: 'user' } });
  expect((await samples.get('/health')).status).toBe(200);
});

test.for([
  `/storage/samples/${sampleId(1)}/location-detailed`,
  `/storage/containers/${sampleId(1)}/hierarchy`,
  '/storage/capacity/summary',
  '/storage/utilization',
])('storage: %s fails', async (path) => {
  await using storage = await startQuirky('storage');
  const { status, body } = await storage.get(path);
  expect([status, body]).toEqual([500, { error: 'Database error', timestamp: expect.stringContaining('+00:00') }]);
});

test('storage: nothing counts as occupied', async () => {
  await using storage = await startQuirky('storage');
  type Listed = { readonly data: { readonly data: readonly { readonly id: string; readonly occupied_count: number }[] } };
  const { body } = await storage.get<Listed>('/storage/containers?per_page=500');
  expect(new Set(body.data.data.map((container) => container.occupied_count))).toEqual(new Set([0]));
  const one = await storage.get(`/storage/containers/${body.data.data[0]?.id}`);
  expect(one.body).toMatchObject({
    data: { capacity_info: { occupied_count: 0, utilization_percentage: 0, capacity_status: 'normal' } },
  });
  const locations = await storage.get<{ readonly data: readonly object[] }>('/storage/locations');
  expect(locations.body.data[0]).toMatchObject({ current_capacity: 0, status: 'active' });
});

test('templates: fields are not counted, and a create answers otherwise than a read', async () => {
  await using templates = await startQuirky('templates');
  expect((await templates.get(`/templates/${templateId(1)}`)).body).toMatchObject({ template: { field_count: 0, version: '1' } });
  type Created = { readonly template: { readonly id: string; readonly version: string; readonly category: string | null } };
  const { body } = await templates.post<Created>('/templates', { name: 'New', template_type: 'form' });
  expect(body.template).toMatchObject({ version: '1.0', category: null });
  expect((await templates.get(`/templates/${body.template.id}`)).body).toMatchObject({
    template: { version: '1', category: 'general' },
  });
});

test('templates: an error has no body', async () => {
  await using templates = await startQuirky('templates');
  const { status, text } = await templates.get('/templates/nothing');
  expect([status, text]).toEqual([400, '']);
});

test('sequencing: a new job is stored and fails', async () => {
  await using sequencing = await startQuirky('sequencing');
  const job = { name: 'Kept', priority: 'Normal', platform_id: 'nanopore', workflow_id: 'w' };
  const { status, body } = await sequencing.post('/jobs', job);
  expect([status, body]).toEqual([500, { error: { message: 'Database error', timestamp: expect.any(String) } }]);
  expect((await sequencing.get('/jobs?limit=1')).body).toMatchObject({ jobs: [{ name: 'Kept' }] });
  expect((await sequencing.get(`/jobs/${jobId(1)}`)).status).toBe(200);
});

test('sequencing: workflows fail, and sheets cannot be made', async () => {
  await using sequencing = await startQuirky('sequencing');
  expect((await sequencing.get('/workflows')).status).toBe(500);
  expect((await sequencing.get(`/workflows/${jobId(1)}`)).status).toBe(500);
  const sheet = { name: 'Sheet', platform: 'nanopore', run_parameters: {}, samples: [{ Sample_ID: 's', Sample_Name: 's' }] };
  expect((await sequencing.post('/sample-sheets', sheet)).status).toBe(500);
});

test('auth: the audit log closes the connection of those who may read it', async () => {
  await using auth = await startQuirky('auth');
  const login = await auth.post<{ data: { access_token: string } }>('/auth/login', {
    email: 'admin@lab.example',
    password: 'sandbox',
  });
  const headers = { authorization: `Bearer ${login.body.data.access_token}` };
  await expect(call(`${auth.url}/admin/audit-log`, { headers })).rejects.toThrow('fetch failed');
  expect((await auth.get('/admin/audit-log')).status).toBe(401);
});

test('rag: health is elsewhere', async () => {
  await using rag = await startQuirky('rag');
  expect([(await rag.get('/health')).status, (await rag.get('/api/v1/health')).status]).toEqual([404, 200]);
});

const api = '/api/v1/public';

test('graph: a query is answered at once, without the names of its columns, its parameters and its limit', async () => {
  await using graph = await startQuirky('graph');
  const { body } = await graph.post(`${api}/graphs/lab/query`, { query: 'UNWIND [1, 2] AS n RETURN n, n AS m', limit: 1 });
  expect(body).toMatchObject({
    status: 'completed',
    columns: ['col_0', 'col_1'],
    data: [
      [1, 1],
      [2, 2],
    ],
    job_id: expect.any(Number),
  });
  const withParameter = { query: 'RETURN $p AS p', parameters: { p: 1 } };
  expect((await graph.post(`${api}/graphs/lab/query`, withParameter)).status).toBeGreaterThanOrEqual(400);
});

test('graph: every job is completed, without results and history', async () => {
  await using graph = await startQuirky('graph');
  expect((await graph.get(`${api}/query/12345/status`)).body).toMatchObject({ job_id: 12345, status: 'completed', progress: 1 });
  expect((await graph.get(`${api}/query/12345/results`)).status).toBe(500);
  expect((await graph.get(`${api}/query/jobs`)).body).toMatchObject({ jobs: [], total_count: 0 });
});

test('graph: the error is inside the message', async () => {
  await using graph = await startQuirky('graph');
  expect((await graph.get(`${api}/graphs/none`)).body).toEqual({
    error: {
      code: 'HTTP_404',
      message: { error: 'GRAPH_NOT_FOUND', message: 'Graph "none" not found', details: { graph_name: 'none' } },
      details: {},
    },
  });
});

test('graph: health carries versions in a text, and rows are single vertices', async () => {
  await using graph = await startQuirky('graph');
  expect((await graph.get(`${api}/health`)).body).toMatchObject({
    status: 'healthy',
    timestamp: expect.any(String),
    services: { api: 'healthy', xgt: expect.stringContaining('healthy (') },
  });
  expect((await graph.get(`${api}/ready`)).body).toMatchObject({ status: 'ready', ready: true });
  const { body } = await graph.get<{ columns: unknown[]; rows: unknown[][] }>(`${api}/frames/Sample/data?limit=1`);
  expect([body.columns, body.rows]).toEqual([[], [[expect.any(Object)]]]);
});

test('what the quirks leave alone is as the contract says', async () => {
  await using samples = await startQuirky('samples');
  expect((await samples.put(`/samples/${sampleId(1)}`, { notes: 'kept' })).body).toMatchObject({
    success: true,
    data: { notes: 'kept' },
  });
});

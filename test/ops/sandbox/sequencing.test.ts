import { expect, test } from 'vitest';
import { counts, jobId, sampleId, samplesOfJob, sheetId } from '#ops/sandbox/data/facts.ts';
import { statusOfJob } from '#ops/sandbox/data/jobs.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

type Summary = { readonly id: string; readonly name: string; readonly status: string };
type JobList = { readonly jobs: readonly Summary[]; readonly pagination: { readonly total: number } };
type Refusal = { readonly error: { readonly message: string } };
type SheetAnswer = { readonly data: { readonly id: string; readonly status: string } };
type Workflows = { readonly data: { readonly workflows: readonly { readonly id: string }[] } };

const unknownId = '99999999-0000-4000-8000-000000000000';
const newJob = { name: 'New job', priority: 'High', platform_id: 'nanopore', workflow_id: 'wgs' };
const newSheet = {
  name: 'New sheet',
  platform: 'nanopore',
  run_parameters: { read_length: 100 },
  samples: [
    { Sample_ID: sampleId(401), Sample_Name: 'One', Well: 'A01', Index: 'ACGT' },
    { Sample_ID: sampleId(402), Sample_Name: 'Two', Sample_Well: 'A02', I7_Index_ID: 'D701', I5_Index_ID: 'D501' },
  ],
};

async function startSequencing() {
  const sandbox = await startSandbox({ services: ['sequencing'], ports: 'any' });
  return { url: `${sandbox.urls.get('sequencing')}`, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

test('jobs are listed newest first, bare, with a summary of each', async () => {
  await using sequencing = await startSequencing();
  const { body } = await call<JobList>(`${sequencing.url}/jobs?limit=2`);
  expect(body).toEqual({
    jobs: [
      {
        id: jobId(1),
        name: 'Sequencing job 01',
        status: 'Running',
        priority: 'Normal',
        platform_id: 'illumina_novaseq',
        workflow_id: '3f100000-0000-4000-8000-000000000001',
        progress_percentage: 50,
        estimated_completion: '2026-11-02T08:00:00.000Z',
        created_at: '2026-11-01T02:00:00.000Z',
      },
      expect.objectContaining({ id: jobId(2), status: 'Completed', progress_percentage: 100 }),
    ],
    pagination: { page: 1, limit: 2, total: counts.jobs, pages: 20 },
  });
});

test('a page of jobs holds at most 100, and the filters of the list work', async () => {
  await using sequencing = await startSequencing();
  const { body: all } = await call<JobList>(`${sequencing.url}/jobs?limit=1000`);
  expect(all).toMatchObject({ jobs: { length: 40 }, pagination: { limit: 100 } });
  const { body: drafts } = await call<JobList>(`${sequencing.url}/jobs?status=Draft&sort=name&order=asc`);
  expect(drafts.jobs.map(({ id }) => id)).toEqual([6, 15, 24, 33].map(jobId));
  const { body: some } = await call<JobList>(`${sequencing.url}/jobs?priority=Urgent&platform=nanopore`);
  expect(some.pagination.total).toBe(2);
  expect((await call(`${sequencing.url}/jobs?status=draft`)).status).toBe(400);
});

test('the detail of a job has its samples, its sheet and the four echoes', async () => {
  await using sequencing = await startSequencing();
  const { body } = await call(`${sequencing.url}/jobs/${jobId(2)}`);
  expect(body).toMatchObject({
    sample_sheet_id: sheetId(2),
    run_id: '4a000000-0000-4000-8000-000000000002',
    metadata: { sample_ids: samplesOfJob(2).map(sampleId) },
    platform: 'illumina_hiseq',
    job_name: 'Sequencing job 02',
    started_at: '2026-10-31T22:00:00.000Z',
    completed_at: '2026-11-01T01:00:00.000Z',
  });
});

test('a new job starts as a draft at the head of the list and can be changed', async () => {
  await using sequencing = await startSequencing();
  const body = { ...newJob, sample_sheet_id: sheetId(1), metadata: { sample_ids: [sampleId(7)] } };
  const created = await call<Summary>(`${sequencing.url}/jobs`, { method: 'POST', body });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ ...newJob, status: 'Draft', progress_percentage: 0, estimated_completion: null });
  expect(created.body).not.toHaveProperty('metadata');
  const { body: list } = await call<JobList>(`${sequencing.url}/jobs`);
  expect(list.jobs[0]?.id).toBe(created.body.id);
  const one = `${sequencing.url}/jobs/${created.body.id}`;
  const change = { name: 'Renamed', description: null, metadata: { sample_ids: [] } };
  expect((await call(one, { method: 'PUT', body: change })).body).toMatchObject({
    name: 'Renamed',
    metadata: { sample_ids: [] },
  });
  expect((await call(one)).body).toMatchObject({ job_name: 'Renamed', priority: 'High', sample_sheet_id: sheetId(1) });
});

test('a job is refused with a wrong platform, a wrong word or without a name', async () => {
  await using sequencing = await startSequencing();
  const add = (change: object) => call<Refusal>(`${sequencing.url}/jobs`, { method: 'POST', body: { ...newJob, ...change } });
  const platform = await add({ platform_id: 'typewriter' });
  expect([platform.status, platform.body]).toEqual([
    404,
    { error: { message: 'Platform not found', timestamp: expect.stringMatching(/Z$/) } },
  ]);
  const priority = await add({ priority: 'high' });
  expect([priority.status, priority.headers.get('content-type')]).toEqual([422, 'text/plain; charset=utf-8']);
  expect((await add({ name: ' ' })).status).toBe(400);
  expect((await call(`${sequencing.url}/jobs/${unknownId}`)).status).toBe(404);
});

test('a job passes through its states in order and keeps the times', async () => {
  await using sequencing = await startSequencing();
  const { body } = await call<Summary>(`${sequencing.url}/jobs`, { method: 'POST', body: newJob });
  const one = `${sequencing.url}/jobs/${body.id}`;
  const become = (status: string) => call(`${one}/status`, { method: 'PUT', body: { status, notes: 'dropped' } });
  for (const status of ['Submitted', 'Validated', 'OnHold', 'Queued', 'Running', 'Failed', 'Queued', 'Running', 'Completed']) {
    const step = await become(status);
    expect([step.status, step.body]).toEqual([200, expect.objectContaining({ status })]);
  }
  const { body: done } = await call(one);
  expect(done).toMatchObject({ actual_start: expect.stringMatching(/Z$/), completed_at: expect.stringMatching(/Z$/) });
});

test('a step the machine does not have is refused, naming both states', async () => {
  await using sequencing = await startSequencing();
  const body = { status: 'Completed' };
  const refused = await call<Refusal>(`${sequencing.url}/jobs/${jobId(6)}/status`, { method: 'PUT', body });
  expect([refused.status, refused.body.error.message]).toEqual([400, 'Invalid status transition from "Draft" to "Completed"']);
  expect((await call(`${sequencing.url}/jobs/${jobId(6)}`)).body).toMatchObject({ status: 'Draft' });
});

test('every job can be cancelled until it is completed or cancelled', async () => {
  await using sequencing = await startSequencing();
  for (const job of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    const { status, body } = await call(`${sequencing.url}/jobs/${jobId(job)}/cancel`, { method: 'POST' });
    const isOver = ['Completed', 'Cancelled'].includes(statusOfJob(job));
    expect([job, status]).toEqual([job, isOver ? 400 : 200]);
    if (!isOver) expect(body).toMatchObject({ status: 'Cancelled', actual_completion: expect.any(String) });
  }
});

test('a clone is a draft of the same work under a new name', async () => {
  await using sequencing = await startSequencing();
  const { status, body } = await call<Summary>(`${sequencing.url}/jobs/${jobId(2)}/clone`, { method: 'POST' });
  expect([status, body]).toEqual([201, expect.objectContaining({ name: 'Sequencing job 02 (Copy)', status: 'Draft' })]);
  const { body: clone } = await call(`${sequencing.url}/jobs/${body.id}`);
  expect(clone).toMatchObject({ metadata: { sample_ids: samplesOfJob(2).map(sampleId) }, run_id: null, actual_start: null });
});

test('a job can be deleted unless it is queued or running', async () => {
  await using sequencing = await startSequencing();
  const remove = (job: number) => call(`${sequencing.url}/jobs/${jobId(job)}`, { method: 'DELETE' });
  const statuses = [await remove(1), await remove(3), await remove(6), await remove(6)].map(({ status }) => status);
  expect(statuses).toEqual([400, 400, 204, 404]);
});

test('the sheet of a job lists its ten samples by their ids', async () => {
  await using sequencing = await startSequencing();
  const { body } = await call(`${sequencing.url}/sample-sheets/${sheetId(3)}`);
  expect(body).toMatchObject({
    success: true,
    data: {
      sample_sheet: { id: sheetId(3), platform_id: 'ion_torrent', status: 'InUse', sample_count: 10 },
      entries: samplesOfJob(3).map((n) => ({ sample_id: sampleId(n), sample_sheet_id: sheetId(3) })),
      validation: null,
      entry_count: 10,
    },
  });
});

test('sample sheets are listed in pages, with filters', async () => {
  await using sequencing = await startSequencing();
  const { body } = await call(`${sequencing.url}/sample-sheets?page_size=3&page=2`);
  expect(body).toMatchObject({
    success: true,
    data: { sample_sheets: { length: 3 }, pagination: { page: 2, page_size: 3, total_count: counts.sheets, total_pages: 4 } },
  });
  const filtered = await call(`${sequencing.url}/sample-sheets?platform=nanopore&status=Draft`);
  expect(filtered.body).toMatchObject({ data: { sample_sheets: [{ id: sheetId(4) }, { id: sheetId(8) }] } });
});

test('a sample sheet can be created, judged, changed and deleted', async () => {
  await using sequencing = await startSequencing();
  const sheets = `${sequencing.url}/sample-sheets`;
  const created = await call<SheetAnswer>(sheets, { method: 'POST', body: newSheet });
  expect([created.status, created.body.data]).toEqual([200, expect.objectContaining({ status: 'Draft', sample_count: 2 })]);
  const one = `${sheets}/${created.body.data.id}`;
  expect((await call(one)).body).toMatchObject({
    data: {
      entries: [
        { sample_id: sampleId(401), sample_well: 'A01', index1: 'ACGT', index2: null },
        { sample_id: sampleId(402), sample_well: 'A02', index1: 'D701', index2: 'D501' },
      ],
    },
  });
  const good = await call(`${one}/validate`, { method: 'POST' });
  expect(good.body).toMatchObject({ success: true, data: { is_valid: true, errors: [], warnings: [] } });
  const twice = [newSheet.samples[0], newSheet.samples[0]];
  const changed = await call<SheetAnswer>(one, { method: 'PUT', body: { name: 'Twice', samples: twice } });
  expect(changed.body.data).toMatchObject({ name: 'Twice', status: 'Draft', platform_id: 'nanopore' });
  const bad = await call(`${one}/validate`, { method: 'POST' });
  expect(bad.body).toMatchObject({ success: false, data: { is_valid: false, errors: { length: 3 } } });
  expect((await call(one)).body).toMatchObject({
    data: { sample_sheet: { status: 'Invalid' }, validation: { is_valid: false } },
  });
  expect((await call(one, { method: 'DELETE' })).body).toMatchObject({ success: true });
  expect((await call(one)).status).toBe(404);
});

test('a sample sheet is refused with a wrong platform or without samples', async () => {
  await using sequencing = await startSequencing();
  const add = (change: object) => call(`${sequencing.url}/sample-sheets`, { method: 'POST', body: { ...newSheet, ...change } });
  expect([(await add({ platform: 'typewriter' })).status, (await add({ samples: [] })).status]).toEqual([404, 400]);
});

test('a sample sheet stays as long as an active job uses it', async () => {
  await using sequencing = await startSequencing();
  const remove = (sheet: number) => call<Refusal>(`${sequencing.url}/sample-sheets/${sheetId(sheet)}`, { method: 'DELETE' });
  const inUse = await remove(1);
  expect([inUse.status, inUse.body.error.message]).toEqual([409, 'Sample sheet is in use by an active job']);
  await call(`${sequencing.url}/jobs/${jobId(1)}/cancel`, { method: 'POST' });
  expect((await remove(1)).status).toBe(200);
});

test('workflows can be listed, read and executed while they are active', async () => {
  await using sequencing = await startSequencing();
  const { body: list } = await call<Workflows>(`${sequencing.url}/workflows?is_active=true`);
  expect(list.data.workflows).toHaveLength(4);
  const [active] = list.data.workflows;
  const one = `${sequencing.url}/workflows/${active?.id}`;
  expect((await call(one)).body).toMatchObject({ success: true, data: { name: 'Whole genome', is_active: true } });
  const execute = (url: string, body: object) => call(`${url}/execute`, { method: 'POST', body });
  const started = await execute(one, { job_id: jobId(1), parameters: { lanes: 2 } });
  expect(started.body).toMatchObject({
    success: true,
    data: { workflow_id: active?.id, job_id: jobId(1), parameters: { lanes: 2 } },
  });
  expect((await execute(one, { job_id: unknownId, parameters: {} })).status).toBe(404);
  const { body: retired } = await call<Workflows>(`${sequencing.url}/workflows?is_active=false`);
  expect((await execute(`${sequencing.url}/workflows/${retired.data.workflows[0]?.id}`, { parameters: {} })).status).toBe(400);
  expect((await call(`${sequencing.url}/workflows/${unknownId}`)).status).toBe(404);
});

test('health, readiness and metrics tell about the service', async () => {
  await using sequencing = await startSequencing();
  const health = await call(`${sequencing.url}/health`);
  expect(health.body).toMatchObject({ status: 'healthy', service: 'sequencing-service', database: 'connected' });
  expect((await call(`${sequencing.url}/health/ready`)).body).toMatchObject({ status: 'ready' });
  expect((await call(`${sequencing.url}/health/metrics`)).body).toMatchObject({ metrics: { jobs: { Running: 5, Draft: 4 } } });
});

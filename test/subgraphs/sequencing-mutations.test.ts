import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { jobId, range, sampleId, samplesOfJob, sheetId, userId } from '#ops/sandbox/data/facts.ts';
import { seedJobs, seedWorkflows } from '#ops/sandbox/data/jobs.ts';
import { person, refusal, told, writesOf } from '#test/harness/mutations.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const [workflow] = seedWorkflows;
const running = jobId(1);
const completed = jobId(2);
const validated = jobId(4);
const submitted = jobId(5);
const draft = jobId(6);

type Json = Record<string, unknown>;

async function rest({ upstream }: SubgraphUnderTest, path: string): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${upstream}${path}`);
  return { status: response.status, body: (await response.json()) as Json };
}

const createJob = `mutation ($input: CreateSequencingJobInput!, $key: String) {
  it: createSequencingJob(input: $input, idempotencyKey: $key) { id name status priority samples { id } metadata } }`;
const newJob = { name: 'New job', platformId: 'nanopore', workflowId: 'w-1' };
const createSheet = `mutation ($input: CreateSampleSheetInput!, $key: String) {
  it: createSampleSheet(input: $input, idempotencyKey: $key) { id name status sampleCount entries { sampleIdRaw well } } }`;
const newSheet = {
  name: 'New sheet',
  platformId: 'nanopore',
  lines: [{ sampleId: sampleId(3), sampleName: 'three', well: 'A01' }],
};

test('a created job is a draft that notes its samples', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const input = {
    ...newJob,
    priority: 'URGENT',
    description: 'why',
    sampleSheetId: null,
    sampleIds: [sampleId(1), sampleId(2).toUpperCase()],
    estimatedStart: '2026-12-01T09:00:00Z',
    metadata: { project: 'P', sample_ids: ['old'] },
  };
  const job = await told(sequencing, createJob, { input });
  expect(job).toMatchObject({ status: 'DRAFT', priority: 'URGENT', samples: [{ id: sampleId(1) }, { id: sampleId(2) }] });
  const { body } = await rest(sequencing, `/jobs/${job['id']}`);
  expect(body).toMatchObject({
    name: 'New job',
    priority: 'Urgent',
    platform_id: 'nanopore',
    workflow_id: 'w-1',
    description: 'why',
    metadata: { project: 'P', sample_ids: [sampleId(1), sampleId(2)] },
  });
  expect(Date.parse(String(body['estimated_start']))).toBe(Date.parse('2026-12-01T09:00:00Z'));
});

test('a job is as urgent as usual when nothing is said', async () => {
  await using sequencing = await startSubgraph('sequencing');
  expect(await told(sequencing, createJob, { input: newJob })).toMatchObject({ priority: 'NORMAL', metadata: {} });
});

test('a changed job keeps what was not mentioned', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const input = { name: 'Renamed', priority: 'LOW', assignedTo: userId(3), metadata: { note: 1 }, description: null };
  const text = `mutation ($input: UpdateSequencingJobInput!) {
    it: updateSequencingJob(id: "${running}", input: $input) { name description priority assignedTo { id } metadata } }`;
  expect(await told(sequencing, text, { input })).toEqual({
    name: 'Renamed',
    description: 'Samples 1 to 10',
    priority: 'LOW',
    assignedTo: { id: userId(3) },
    metadata: { note: 1 },
  });
  expect((await rest(sequencing, `/jobs/${running}`)).body).toMatchObject({ name: 'Renamed', description: 'Samples 1 to 10' });
});

test('a job moves along its states, and one answer never shows an older one', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data, errors } = await sequencing.askLocally(
    `mutation { a: transitionSequencingJob(id: "${validated}", to: QUEUED, notes: "go") { status allowedTransitions }
       b: transitionSequencingJob(id: "${validated}", to: RUNNING) { status actualStart }
       c: updateSampleSheet(id: "${sheetId(4)}", input: { name: "one" }) { name entries { id } }
       d: updateSampleSheet(id: "${sheetId(4)}", input: { lines: [{ sampleId: "x", sampleName: "x" }] }) { entries { sampleIdRaw } } }`,
    {},
    person,
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    a: { status: 'QUEUED', allowedTransitions: ['RUNNING', 'ON_HOLD', 'CANCELLED'] },
    b: { status: 'RUNNING', actualStart: expect.any(String) },
    c: { name: 'one', entries: { length: 10 } },
    d: { entries: [{ sampleIdRaw: 'x' }] },
  });
  expect((await rest(sequencing, `/jobs/${validated}`)).body).toMatchObject({ status: 'Running' });
});

test.for([
  [running, 'QUEUED', 'to: a job cannot go from RUNNING to QUEUED; from RUNNING it may go to COMPLETED, FAILED, CANCELLED.'],
  [completed, 'RUNNING', 'to: a job cannot go from COMPLETED to RUNNING; COMPLETED is the end of its life.'],
  [draft, 'DRAFT', 'to: a job cannot go from DRAFT to DRAFT; from DRAFT it may go to SUBMITTED.'],
] as const)('%s does not become %s, and nothing is written', async ([id, to, message]) => {
  await using sequencing = await startSubgraph('sequencing');
  const error = await refusal(sequencing, `mutation { it: transitionSequencingJob(id: "${id}", to: ${to}) { id } }`);
  expect(error).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT', field: 'to' } });
  expect(writesOf(sequencing)).toEqual([]);
});

test('a draft can be cancelled, a completed job cannot', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const cancel = (id: string) => `mutation { it: cancelSequencingJob(id: "${id}") { status actualCompletion } }`;
  expect(await told(sequencing, cancel(draft))).toMatchObject({ status: 'CANCELLED' });
  expect((await rest(sequencing, `/jobs/${draft}`)).body).toMatchObject({ status: 'Cancelled' });
  expect(await refusal(sequencing, cancel(completed))).toMatchObject({
    message: 'A job that is COMPLETED or CANCELLED cannot be cancelled.',
    extensions: { code: 'BAD_USER_INPUT', service: 'sequencing' },
  });
});

test('a clone is a draft of its own, and one key makes one', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const text = `mutation { it: cloneSequencingJob(id: "${running}", idempotencyKey: "clone-0001") { id name status samples { id } } }`;
  const clone = await told(sequencing, text);
  expect(clone).toMatchObject({ name: 'Sequencing job 01 (Copy)', status: 'DRAFT' });
  expect(await told(sequencing, text)).toEqual(clone);
  expect(writesOf(sequencing)).toEqual([`POST /jobs/${running}/clone`]);
  expect((await rest(sequencing, `/jobs/${clone['id']}`)).body).toMatchObject({ status: 'Draft' });
});

test('a deleted job is gone, a running one stays', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const remove = (id: string) => `mutation { it: deleteSequencingJob(id: "${id}") }`;
  expect(await told<boolean>(sequencing, remove(draft))).toBe(true);
  expect((await rest(sequencing, `/jobs/${draft}`)).status).toBe(404);
  expect(await refusal(sequencing, remove(running))).toMatchObject({
    message: 'A job that is QUEUED or RUNNING cannot be deleted; it has to be cancelled first.',
  });
  expect((await rest(sequencing, `/jobs/${running}`)).status).toBe(200);
});

test('a sheet is created, changed, checked and deleted', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const sheet = await told(sequencing, createSheet, { input: { ...newSheet, runParameters: { read_length: 75 } } });
  expect(sheet).toMatchObject({ status: 'DRAFT', sampleCount: 1, entries: [{ sampleIdRaw: sampleId(3), well: 'A01' }] });
  const at = `/sample-sheets/${sheet['id']}`;
  expect((await rest(sequencing, at)).body).toMatchObject({
    data: { sample_sheet: { metadata: { run_parameters: { read_length: 75 } } } },
  });

  const input = { name: 'Other', status: 'VALIDATED', runParameters: { read_length: 150 } };
  const change = `mutation ($input: UpdateSampleSheetInput!) { it: updateSampleSheet(id: "${sheet['id']}", input: $input) { name status } }`;
  expect(await told(sequencing, change, { input })).toEqual({ name: 'Other', status: 'VALIDATED' });
  expect((await rest(sequencing, at)).body).toMatchObject({ data: { sample_sheet: { name: 'Other', status: 'Validated' } } });

  const check = `mutation { it: validateSampleSheet(id: "${sheet['id']}") { isValid errors warnings validatedAt sheet { status } } }`;
  expect(await told(sequencing, check)).toMatchObject({
    isValid: true,
    errors: [],
    warnings: [expect.stringContaining('no index')],
    sheet: { status: 'VALID' },
  });
  expect((await rest(sequencing, at)).body).toMatchObject({ data: { sample_sheet: { status: 'Valid' } } });

  expect(await told<boolean>(sequencing, `mutation { it: deleteSampleSheet(id: "${sheet['id']}") }`)).toBe(true);
  expect((await rest(sequencing, at)).status).toBe(404);
});

test('a sheet with faults is told as invalid, without failing', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const lines = [1, 2].map(() => ({ sampleId: 'twice', sampleName: 'twice' }));
  const { id } = await told(sequencing, createSheet, { input: { ...newSheet, lines } });
  const check = `mutation { it: validateSampleSheet(id: "${id}") { isValid errors sheet { status } } }`;
  expect(await told(sequencing, check)).toMatchObject({ isValid: false, errors: { length: 1 }, sheet: { status: 'INVALID' } });
});

test('a sheet that a job needs cannot be deleted', async () => {
  await using sequencing = await startSubgraph('sequencing');
  expect(await refusal(sequencing, `mutation { it: deleteSampleSheet(id: "${sheetId(1)}") }`)).toMatchObject({
    message: 'The sheet is in use by a job that is not finished.',
    extensions: { code: 'BAD_USER_INPUT' },
  });
});

test('a workflow is found, listed and started', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data } = await sequencing.ask(
    `{ workflow(id: "${workflow?.id}") { id name description workflowType platformId version isActive steps parameters }
       none: workflow(id: "x") { id } workflows(first: 2) { nodes { name } totalCount pageInfo { hasNextPage } } }`,
  );
  expect(data).toMatchObject({
    workflow: { id: workflow?.id, workflowType: 'wgs', isActive: true, platformId: 'illumina_novaseq' },
    none: null,
    workflows: { nodes: [{ name: 'Whole genome' }, { name: 'Exome' }], totalCount: 5, pageInfo: { hasNextPage: true } },
  });
  sequencing.calls.length = 0;
  const text = `mutation ($input: ExecuteWorkflowInput!, $key: String) {
    it: executeWorkflow(input: $input, idempotencyKey: $key) { id status startedAt workflow { name } job { name } } }`;
  const variables = { input: { workflowId: workflow?.id, jobId: running }, key: 'execute-1' };
  const execution = await told(sequencing, text, variables);
  expect(execution).toMatchObject({ status: 'Queued', workflow: { name: 'Whole genome' }, job: { name: 'Sequencing job 01' } });
  expect(await told(sequencing, text, variables)).toEqual(execution);
  expect(writesOf(sequencing)).toHaveLength(1);
  const inactive = await refusal(sequencing, text, { input: { workflowId: seedWorkflows[4]?.id } });
  expect(inactive).toMatchObject({ message: 'The workflow is not active.', extensions: { code: 'BAD_USER_INPUT' } });
});

test('the same key and input create one job and give one answer', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const variables = { input: newJob, key: 'create-0001' };
  const [first, second] = await Promise.all([told(sequencing, createJob, variables), told(sequencing, createJob, variables)]);
  expect(second).toEqual(first);
  expect(writesOf(sequencing)).toEqual(['POST /jobs']);
  const other = await refusal(sequencing, createJob, { input: { ...newJob, name: 'Other' }, key: 'create-0001' });
  expect(other).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  const sheets = { input: newSheet, key: 'create-0002' };
  expect(await told(sequencing, createSheet, sheets)).toEqual(await told(sequencing, createSheet, sheets));
  expect(writesOf(sequencing)).toEqual(['POST /jobs', 'POST /sample-sheets']);
});

const change = (input: object) => ['updateSequencingJob', 'UpdateSequencingJobInput', input] as const;
const job = (input: object) => ['createSequencingJob', 'CreateSequencingJobInput', { ...newJob, ...input }] as const;
const sheet = (input: object) => ['createSampleSheet', 'CreateSampleSheetInput', { ...newSheet, ...input }] as const;
const sheetChange = (input: object) => ['updateSampleSheet', 'UpdateSampleSheetInput', input] as const;

test.for([
  [job({ name: '' }), 'input.name: must have 1 to 255 characters.'],
  [job({ name: '  ' }), 'input.name: must not be blank.'],
  [job({ platformId: 'abacus' }), 'input.platformId: must be one of illumina_novaseq, illumina_hiseq, ion_torrent, nanopore.'],
  [job({ workflowId: '' }), 'input.workflowId: must have 1 to 100 characters.'],
  [job({ sampleIds: range(501).map(sampleId) }), 'input.sampleIds: must have 0 to 500 items.'],
  [job({ sampleIds: [sampleId(1), 'S-2'] }), 'input.sampleIds.1: must be a UUID.'],
  [job({ sampleSheetId: '../x' }), 'input.sampleSheetId: must be a UUID.'],
  [job({ metadata: [1] }), 'input.metadata: must be a JSON object.'],
  [change({ name: 'x'.repeat(256) }), 'input.name: must have 1 to 255 characters.'],
  [change({ assignedTo: 'me' }), 'input.assignedTo: must be a UUID.'],
  [sheet({ lines: [] }), 'input.lines: must have 1 to 500 items.'],
  [sheet({ lines: [{ sampleId: 'x'.repeat(101), sampleName: 'x' }] }), 'input.lines.0.sampleId: must have 1 to 100 characters.'],
  [sheetChange({ platformId: 'x' }), 'input.platformId: must be one of illumina_novaseq, illumina_hiseq, ion_torrent, nanopore.'],
] as const)('%j is refused before any call', async ([[field, type, input], message]) => {
  await using sequencing = await startSubgraph('sequencing');
  const id = field.startsWith('update') ? `id: "${running}", ` : '';
  const error = await refusal(sequencing, `mutation ($input: ${type}!) { it: ${field}(${id}input: $input) { id } }`, { input });
  expect(error).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
  expect(sequencing.calls).toEqual([]);
});

test.for([
  'transitionSequencingJob(id: "ID", to: QUEUED) { id }',
  'cancelSequencingJob(id: "ID") { id }',
  'cloneSequencingJob(id: "ID") { id }',
  'deleteSequencingJob(id: "ID")',
  'validateSampleSheet(id: "ID") { isValid }',
  'deleteSampleSheet(id: "ID")',
  'updateSequencingJob(id: "ID", input: { name: "x" }) { id }',
  'updateSampleSheet(id: "ID", input: { name: "x" }) { id }',
] as const)('%s: an id that is none costs no call, one that nobody has is not found', async (field) => {
  await using sequencing = await startSubgraph('sequencing');
  const ask = (id: string) => refusal(sequencing, `mutation { it: ${field.replace('ID', id)} }`);
  expect(await ask('7')).toMatchObject({ message: 'id: must be a UUID.', extensions: { code: 'BAD_USER_INPUT' } });
  expect(sequencing.calls).toEqual([]);
  expect(await ask(unknownId)).toMatchObject({ extensions: { code: 'NOT_FOUND', service: 'sequencing' } });
});

test('strangers change nothing', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const byId = ['cancelSequencingJob', 'cloneSequencingJob', 'validateSampleSheet'].map(
    (field, n) => `i${n}: ${field}(id: "${running}") { __typename }`,
  );
  const { data, errors } = await sequencing.ask(
    `mutation ($job: CreateSequencingJobInput!, $sheet: CreateSampleSheetInput!) { ${byId.join(' ')}
       a: createSequencingJob(input: $job) { id } b: createSampleSheet(input: $sheet) { id }
       c: updateSequencingJob(id: "${running}", input: {}) { id } d: updateSampleSheet(id: "${running}", input: {}) { id }
       e: transitionSequencingJob(id: "${running}", to: FAILED) { id } f: deleteSequencingJob(id: "${running}")
       g: deleteSampleSheet(id: "${running}") h: executeWorkflow(input: { workflowId: "${running}" }) { id } }`,
    { job: newJob, sheet: newSheet },
    { caller: stranger },
  );
  expect(errors).toHaveLength(11);
  expect(new Set(errors?.map(({ extensions }) => extensions?.['code']))).toEqual(new Set(['UNAUTHENTICATED']));
  expect(new Set(Object.values(data ?? {}))).toEqual(new Set([null]));
  expect(sequencing.calls).toEqual([]);
});

test('a change shows at once among the jobs of a sample', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const text = `{ _entities(representations: [{ __typename: "Sample", id: "${sampleId(1)}" }]) { ... on Sample { sequencingJobs { id name } } } }`;
  const jobs = async () => (await sequencing.askLocally(text)).data?.['_entities'] as object;
  expect(await jobs()).toMatchObject([{ sequencingJobs: [{ id: running }] }]);
  const made = await told(sequencing, createJob, { input: { ...newJob, sampleIds: samplesOfJob(1).map(sampleId) } });
  expect(await jobs()).toMatchObject([{ sequencingJobs: [{ id: made['id'] }, { id: running }] }]);
});

test.for([
  [400, 'BAD_USER_INPUT', 'The sequencing service does not accept this.'],
  [401, 'UPSTREAM_REJECTED', 'The sequencing service refused this gateway.'],
  [404, 'NOT_FOUND', 'The sequencing service does not know this.'],
  [409, 'BAD_USER_INPUT', 'It is in use by an active job.'],
  [422, 'BAD_USER_INPUT', 'The sequencing service does not accept this.'],
  [429, 'UPSTREAM_RATE_LIMITED', 'The sequencing service asks to come back later.'],
] as const)('%i is told in our words', async ([status, code, message]) => {
  await using upstream = await startUpstream(always(status, '{"error":{"message":"table lab_jobs on 10.0.0.7"}}'));
  await using sequencing = await startSubgraph('sequencing', { url: upstream.url });
  const error = await refusal(sequencing, createJob, { input: newJob });
  expect(error).toMatchObject({ message, extensions: { code, service: 'sequencing' } });
  expect(JSON.stringify(error)).not.toContain('10.0.0.7');
  expect(upstream.seen).toEqual(['POST /jobs']);
});

/** Does what it is asked and answers 500 all the same, as the real service does when it creates a job (contract section 1.5). */
function forgetful(commits = true) {
  const rows = new Map<string, Json>(seedJobs().map((row) => [row.id, { ...row }]));
  const [any] = seedJobs();
  const write = (request: IncomingMessage, body: Json): void => {
    const id = request.url?.split('/')[2];
    const known = rows.get(id ?? '');
    const created_at = new Date().toISOString();
    if (request.method === 'DELETE') rows.delete(id ?? '');
    else if (request.url?.endsWith('/cancel')) rows.set(String(id), { ...known, status: 'Cancelled' });
    else if (request.url?.endsWith('/clone'))
      rows.set('c', { ...known, id: 'c', name: `${known?.['name']} (Copy)`, status: 'Draft', created_at });
    else rows.set(id ?? 'n', { ...any, id: 'n', status: 'Draft', created_at, ...known, ...body });
  };
  const read = ({ url = '' }: IncomingMessage): Json | undefined =>
    url.startsWith('/jobs?')
      ? { jobs: [...rows.values()].toReversed(), pagination: { total: rows.size } }
      : rows.get(url.split('/')[2] ?? '');
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const json = { 'content-type': 'application/json' };
    const body = (await request.toArray()).join('');
    if (request.method === 'GET') {
      const found = read(request);
      response.writeHead(found === undefined ? 404 : 200, json).end(JSON.stringify(found ?? {}));
      return;
    }
    if (commits) write(request, body === '' ? {} : JSON.parse(body));
    response.writeHead(500, json).end('{"error":{"message":"no column found for name: platform"}}');
  };
}

const afterwards = [
  `transitionSequencingJob(id: "${submitted}", to: VALIDATED) { id }`,
  `cancelSequencingJob(id: "${running}") { id }`,
  `updateSequencingJob(id: "${running}", input: { name: "Renamed", estimatedStart: "2026-12-01T00:00:00Z" }) { id }`,
  `deleteSequencingJob(id: "${draft}")`,
  `cloneSequencingJob(id: "${running}", idempotencyKey: "clone-0002") { id }`,
  'createSequencingJob(input: { name: "New", platformId: "nanopore", workflowId: "w", sampleIds: [] }) { id }',
];

test.for(afterwards)('%s: a write that failed after it took effect says so, and is not repeated', async (field) => {
  const answer = forgetful();
  await using upstream = await startUpstream((request, response) => void answer(request, response));
  await using sequencing = await startSubgraph('sequencing', { url: upstream.url });
  expect(await refusal(sequencing, `mutation { it: ${field} }`)).toMatchObject({
    extensions: { code: 'UPSTREAM_UNAVAILABLE', outcome: 'COMMITTED', retryable: false },
  });
  expect(upstream.seen.filter((seen) => !seen.startsWith('GET'))).toHaveLength(1);
});

test.for(afterwards)('%s: a write of which no trace is found is unknown', async (field) => {
  const answer = forgetful(false);
  await using upstream = await startUpstream((request, response) => void answer(request, response));
  await using sequencing = await startSubgraph('sequencing', { url: upstream.url });
  expect(await refusal(sequencing, `mutation { it: ${field} }`)).toMatchObject({
    extensions: { code: 'UPSTREAM_UNAVAILABLE', outcome: 'UNKNOWN', retryable: false },
  });
  expect(upstream.seen.filter((seen) => !seen.startsWith('GET'))).toHaveLength(1);
});

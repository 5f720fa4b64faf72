import { expect, test } from 'vitest';
import type { Clock } from '#kit/clock.ts';
import { counts, jobId, range, sampleId, samplesOfJob, sheetId, userId } from '#ops/sandbox/data/facts.ts';
import { seedJobs } from '#ops/sandbox/data/jobs.ts';
import type { JobDetail, JobSummary } from '#subgraphs/sequencing/answers.ts';
import { JobDetail as JobDetailAnswer } from '#subgraphs/sequencing/answers.ts';
import type { SequencingClient } from '#subgraphs/sequencing/client.ts';
import { jobIndex } from '#subgraphs/sequencing/job-index.ts';
import { allowedTransitions, progressPercent } from '#subgraphs/sequencing/states.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const sampleJobs = (fields: string): string =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { id sequencingJobs { ${fields} } } } }`;
const samples = (ids: readonly string[]): object[] => ids.map((id) => ({ __typename: 'Sample', id }));
const pathsOf = ({ calls }: SubgraphUnderTest): string[] => calls.map(({ path }) => path);

test('every field of a job has an answer', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data, errors } = await sequencing.ask(
    `{ sequencingJob(id: "${jobId(1)}") { id name description status allowedTransitions priority platformId workflowId progressPercent
       sampleSheet { id name } samples { id } createdBy { id } assignedTo { id } estimatedStart estimatedCompletion actualStart
       actualCompletion metadata createdAt updatedAt } }`,
  );
  const [seed] = seedJobs();
  expect(errors).toBeUndefined();
  expect(data?.['sequencingJob']).toEqual({
    id: jobId(1),
    name: 'Sequencing job 01',
    description: 'Samples 1 to 10',
    status: 'RUNNING',
    allowedTransitions: ['COMPLETED', 'FAILED', 'CANCELLED'],
    priority: 'NORMAL',
    platformId: 'illumina_novaseq',
    workflowId: seed?.workflow_id,
    progressPercent: 50,
    sampleSheet: { id: sheetId(1), name: 'Sheet of job 01' },
    samples: samplesOfJob(1).map((n) => ({ id: sampleId(n) })),
    createdBy: { id: userId(1) },
    assignedTo: { id: userId(2) },
    estimatedStart: seed?.estimated_start,
    estimatedCompletion: seed?.estimated_completion,
    actualStart: seed?.actual_start,
    actualCompletion: null,
    metadata: seed?.metadata,
    createdAt: seed?.created_at,
    updatedAt: seed?.updated_at,
  });
});

test('a job that is not there is null, and what cannot be an id costs no call', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const text = '{ a: sequencingJob(id: "7") { id } b: sequencingJob(id: "../jobs") { id } c: sampleSheet(id: "") { id } }';
  expect(await sequencing.ask(text)).toEqual({ data: { a: null, b: null, c: null } });
  expect(sequencing.calls).toEqual([]);
  const unknown = `{ sequencingJob(id: "${unknownId}") { id } sampleSheet(id: "${unknownId}") { id } }`;
  expect(await sequencing.ask(unknown)).toEqual({ data: { sequencingJob: null, sampleSheet: null } });
});

test('what a list tells of forty jobs costs one call', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data, errors } = await sequencing.askLocally(
    `{ sequencingJobs { nodes { id name status allowedTransitions priority platformId workflowId progressPercent estimatedCompletion
       createdAt } totalCount pageInfo { hasNextPage } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data?.['sequencingJobs']).toMatchObject({ totalCount: counts.jobs, pageInfo: { hasNextPage: false } });
  const page = data?.['sequencingJobs'] as Page;
  expect(page.nodes.map(({ id }) => id)).toEqual(range(counts.jobs).map(jobId));
  expect(sequencing.calls).toHaveLength(1);
});

test('fields that a list does not tell cost one call per job, shared by all of them', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { errors } = await sequencing.askLocally(
    '{ sequencingJobs(first: 5) { nodes { name description metadata createdBy { id } assignedTo { id } updatedAt estimatedStart } } }',
  );
  expect(errors).toBeUndefined();
  expect(pathsOf(sequencing).sort()).toEqual(['/jobs', ...range(5).map((n) => `/jobs/${jobId(n)}`)].sort());
});

type Page = { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

async function walk({ askLocally }: SubgraphUnderTest, { list, first }: { list: string; first: number }): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const text = `query ($after: String) { ${list}(first: ${first}, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`;
    const { data } = await askLocally(text, { after });
    const page = data?.[list] as Page;
    ids.push(...page.nodes.map(({ id }) => id));
    if (!page.pageInfo.hasNextPage) return ids;
    after = page.pageInfo.endCursor;
  }
}

test.for([1, 7, 13, 40, 500])('walking jobs and sheets by %i meets each once', async (first) => {
  await using sequencing = await startSubgraph('sequencing');
  expect(await walk(sequencing, { list: 'sequencingJobs', first })).toEqual(range(counts.jobs).map(jobId));
  expect(await walk(sequencing, { list: 'sampleSheets', first })).toEqual(range(counts.sheets).map(sheetId));
});

test('a window wider than a page of the service is read in several, none longer than a hundred rows', async () => {
  await using sequencing = await startSubgraph('sequencing');
  await sequencing.askLocally('{ sequencingJobs(first: 250) { totalCount } }');
  expect(sequencing.calls.map(({ query }) => [query.get('page'), query.get('limit')])).toEqual([
    ['1', '100'],
    ['2', '100'],
    ['3', '100'],
  ]);
});

test.for([
  ['sequencingJobs(first: 501)', 'first: 501 is not between 0 and 500.'],
  ['sampleSheets(first: -1)', 'first: -1 is not between 0 and 500.'],
  ['sequencingJobs(after: "x")', 'after: is not a cursor of this list.'],
] as const)('%s is refused before any call', async ([field, message]) => {
  await using sequencing = await startSubgraph('sequencing');
  const { errors } = await sequencing.ask(`{ ${field} { totalCount } }`);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(sequencing.calls).toEqual([]);
});

test('a sample sheet is found with its entries in one call', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data, errors } = await sequencing.askLocally(
    `{ sampleSheet(id: "${sheetId(2)}") { id name platformId version status sampleCount createdAt updatedAt entries { id sample { id }
       sampleIdRaw sampleName plate well index1 index2 project description } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data?.['sampleSheet']).toMatchObject({ id: sheetId(2), status: 'IN_USE', sampleCount: 10, entries: { length: 10 } });
  const sheet = data?.['sampleSheet'] as { entries: object[] };
  expect(sheet.entries[0]).toMatchObject({
    sample: { id: sampleId(11) },
    sampleIdRaw: sampleId(11),
    plate: 'PLATE-01',
    well: 'A01',
    index1: 'D701',
  });
  expect(sequencing.calls).toHaveLength(1);
});

test('a list of sheets reads the entries of a sheet only where they are wanted', async () => {
  await using sequencing = await startSubgraph('sequencing');
  await sequencing.askLocally('{ sampleSheets(first: 3) { nodes { id name status } totalCount } }');
  expect(sequencing.calls).toHaveLength(1);
  sequencing.calls.length = 0;
  await sequencing.askLocally('{ sampleSheets(first: 3) { nodes { entries { sampleName } } } }');
  expect(sequencing.calls).toHaveLength(4);
});

test('a job without a sheet has the samples that its metadata notes', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data } = await sequencing.ask(`{ sequencingJob(id: "${jobId(20)}") { sampleSheet { id } samples { id } } }`);
  expect(data?.['sequencingJob']).toEqual({ sampleSheet: null, samples: samplesOfJob(20).map((n) => ({ id: sampleId(n) })) });
});

test('references come back in order, unknown ones as null', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data, errors } = await sequencing.ask(
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on SequencingJob { id name } ... on SampleSheet { id name } } }',
    {
      of: [
        { __typename: 'SampleSheet', id: sheetId(3) },
        { __typename: 'SequencingJob', id: unknownId },
        { __typename: 'SequencingJob', id: jobId(2).toUpperCase() },
        { __typename: 'SampleSheet', id: 'x' },
      ],
    },
  );
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual([
    { id: sheetId(3), name: 'Sheet of job 03' },
    null,
    { id: jobId(2), name: 'Sequencing job 02' },
    null,
  ]);
});

test('the jobs of many samples cost one reading of all jobs, and nothing for the next half minute', async () => {
  let now = 0;
  await using sequencing = await startSubgraph('sequencing', { clock: { now: () => now } });
  const text = sampleJobs('id name status description samples { id }');
  const of = samples([...range(20).map((n) => sampleId(n * 20)), unknownId, 'no id', sampleId(1).toUpperCase()]);
  const first = await sequencing.askLocally(sampleJobs('id name status description metadata'), { of });
  expect(first.errors).toBeUndefined();
  const entities = first.data?.['_entities'] as { sequencingJobs: { id: string }[] }[];
  const jobs = entities.map((sample) => sample.sequencingJobs.map(({ id }) => id));
  expect(jobs).toEqual([...range(20).map((n) => [jobId(n * 2)]), [], [], [jobId(1)]]);
  expect(sequencing.calls).toHaveLength(1 + counts.jobs);
  expect(new Set(sequencing.calls.map(({ headers }) => headers['x-request-id']))).toEqual(new Set(['jobs-index']));

  now = 30_000;
  sequencing.calls.length = 0;
  await sequencing.askLocally(sampleJobs('id name status description metadata'), { of });
  expect(sequencing.calls).toEqual([]);

  now = 30_001;
  expect((await sequencing.askLocally(text, { of: samples([sampleId(15)]) })).errors).toBeUndefined();
  expect(pathsOf(sequencing).filter((path) => path === '/jobs')).toHaveLength(1);
});

test('jobs of samples that cannot be read leave the samples and tell why', async () => {
  await using broken = await startUpstream(always(503, 'connection refused to 10.0.0.7', { 'content-type': 'text/plain' }));
  await using sequencing = await startSubgraph('sequencing', { url: broken.url });
  const { data, errors } = await sequencing.ask(sampleJobs('id'), { of: samples([sampleId(1)]) });
  expect(data).toEqual({ _entities: [{ id: sampleId(1), sequencingJobs: null }] });
  expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'sequencing' } }]);
  expect(JSON.stringify(errors)).not.toContain('10.0.0.7');
});

const job = (n: number, changes: Partial<JobDetail> = {}): JobDetail => ({
  kind: 'detail',
  id: jobId(n),
  name: `job ${n}`,
  status: 'DRAFT',
  priority: 'LOW',
  platformId: 'nanopore',
  workflowId: 'w',
  estimatedCompletion: null,
  createdAt: '2026-11-01T00:00:00Z',
  description: null,
  sheetId: null,
  createdBy: null,
  assignedTo: null,
  estimatedStart: null,
  actualStart: null,
  actualCompletion: null,
  metadata: { sample_ids: [sampleId(n)] },
  updatedAt: '2026-11-01T00:00:00Z',
  ...changes,
});

const entry = (sampleIdRaw: string) => ({
  id: sampleIdRaw,
  sampleIdRaw,
  sampleName: 'x',
  plate: null,
  well: null,
  index1: null,
  index2: null,
  project: null,
  description: null,
});

function madeUp(jobs: JobDetail[], fails: () => boolean = () => false) {
  const asked: string[] = [];
  const note = (what: string): void => {
    asked.push(what);
    if (fails()) throw new Error('away');
  };
  const client: SequencingClient = {
    jobs: async ({ page, size }) => {
      note(`page ${page}`);
      const rows = jobs.slice((page - 1) * size, page * size);
      return { rows: rows.map((row) => ({ ...row, kind: 'summary' }) satisfies JobSummary), total: jobs.length };
    },
    job: async (id) => {
      note('job');
      return jobs.find((candidate) => candidate.id === id) ?? null;
    },
    sheets: async () => ({ rows: [], total: 0 }),
    sheet: async () => {
      note('sheet');
      return { sheet: {} as never, entries: [entry(sampleId(7).toUpperCase()), entry('S-1')] };
    },
  };
  return { client: () => client, asked };
}

const still: Clock = { now: () => 0 };

test('a sheet is read for the index only where a job notes no samples itself', async () => {
  const jobs = [job(1, { sheetId: sheetId(1) }), job(2, { sheetId: sheetId(2), metadata: null })];
  const { client, asked } = madeUp(jobs);
  const index = jobIndex({ client, clock: still });
  expect(await index.jobsOf(sampleId(7))).toEqual([jobs[1]]);
  expect(asked.filter((what) => what === 'sheet')).toHaveLength(1);
});

test('callers that ask at once share one reading, and a dropped index is read anew', async () => {
  const { client, asked } = madeUp([job(1)]);
  const index = jobIndex({ client, clock: still });
  await Promise.all(range(5).map(() => index.jobsOf(sampleId(1))));
  expect(asked).toEqual(['page 1', 'job']);
  index.drop();
  await index.jobsOf(sampleId(1));
  expect(asked).toHaveLength(4);
});

test('a reading that failed fails its callers, and the next one tries again', async () => {
  let away = true;
  const { client } = madeUp([job(1)], () => away);
  const index = jobIndex({ client, clock: still });
  await expect(index.jobsOf(sampleId(1))).rejects.toThrow('away');
  away = false;
  expect(await index.jobsOf(sampleId(1))).toHaveLength(1);
});

test('an index that is dropped while it is read does not come back', async () => {
  const { client, asked } = madeUp([job(1)]);
  const index = jobIndex({ client, clock: still });
  const reading = index.jobsOf(sampleId(1));
  index.drop();
  await reading;
  await index.jobsOf(sampleId(1));
  expect(asked.filter((what) => what === 'page 1')).toHaveLength(2);
});

test('the index ends with the two thousandth job and holds a job that came twice once', async () => {
  const jobs = range(2_150).map((n) => job(n));
  const { client, asked } = madeUp([...jobs.slice(0, 1), ...jobs]);
  const index = jobIndex({ client, clock: still });
  expect(await index.jobsOf(sampleId(1))).toHaveLength(1);
  expect(await index.jobsOf(sampleId(2_100))).toEqual([]);
  expect(asked.filter((what) => what.startsWith('page'))).toHaveLength(20);
});

test('cancelled and completed jobs are at their end, failed ones may be queued again', () => {
  expect(allowedTransitions('COMPLETED')).toEqual([]);
  expect(allowedTransitions('CANCELLED')).toEqual([]);
  expect(allowedTransitions('FAILED')).toEqual(['QUEUED', 'CANCELLED']);
  expect(allowedTransitions('DRAFT')).toEqual(['SUBMITTED']);
  expect([progressPercent('ON_HOLD'), progressPercent('FAILED'), progressPercent('COMPLETED')]).toEqual([25, 0, 100]);
});

test('words of older services are read as well, words nobody knows are not', () => {
  const [seed] = seedJobs();
  expect(JobDetailAnswer.parse({ ...seed, status: 'on_hold', priority: 'urgent' })).toMatchObject({
    status: 'ON_HOLD',
    priority: 'URGENT',
  });
  expect(JobDetailAnswer.safeParse({ ...seed, status: 'Asleep' }).success).toBe(false);
});

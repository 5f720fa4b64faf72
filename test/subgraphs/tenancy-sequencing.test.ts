import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { jobId, sampleId, sheetId } from '#ops/sandbox/data/facts.ts';
import { seedWorkflows } from '#ops/sandbox/data/jobs.ts';
import { askEverything } from '#test/harness/ask-everything.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { acme, canary, expectAlike, expectOwn, foreignId, helix, missingId, plant, writesOf } from '#test/harness/tenants.ts';

let sequencing: SubgraphUnderTest;
let own: { readonly job: string; readonly sheet: string };
let foreign: { readonly job: string; readonly sheet: string };

const workflowId = seedWorkflows[0]?.id;
const head = { priority: 'Normal', platform_id: 'illumina_novaseq', workflow_id: workflowId };

/** A job and its sheet, as the laboratory makes them for an organization. */
async function plantFor(organization: string, { name, sample }: { readonly name: string; readonly sample: string }) {
  const { data: sheet } = await plant(`${sequencing.upstream}/sample-sheets`, {
    name: `${name} sheet`,
    platform: 'illumina_novaseq',
    run_parameters: { organization_id: organization, word: name },
    samples: [{ Sample_ID: sample, Sample_Name: name }],
  });
  const { id: sheetOf } = sheet as unknown as { id: string };
  const { id: job } = await plant(`${sequencing.upstream}/jobs`, {
    ...head,
    name: `${name} job`,
    description: name,
    sample_sheet_id: sheetOf,
    metadata: { organization_id: organization, sample_ids: [sample], word: name },
  });
  return { job: String(job), sheet: sheetOf };
}

beforeAll(async () => {
  sequencing = await startSubgraph('sequencing');
  own = await plantFor('acme-genomics', { name: 'Own', sample: sampleId(1) });
  foreign = await plantFor('helix-labs', { name: canary, sample: foreignId });
});

beforeEach(() => {
  sequencing.calls.length = 0;
});

afterAll(() => sequencing[Symbol.asyncDispose]());

const asAcme = (text: string, variables: Record<string, unknown> = {}) =>
  sequencing.askLocally(text, variables, { caller: acme });

test('no root field and no entity tells an organization of what is not its own', async () => {
  const answers = await askEverything(sequencing, {
    caller: acme,
    fields: {
      sequencingJob: [foreign.job, own.job, jobId(1)].map((id) => `id: "${id}"`),
      sampleSheet: [foreign.sheet, own.sheet, sheetId(1)].map((id) => `id: "${id}"`),
      sequencingJobs: ['first: 500', 'first: 1'],
      workflow: [`id: "${workflowId}"`],
    },
    entities: {
      SequencingJob: [foreign.job, own.job].map((id) => ({ id })),
      SampleSheet: [foreign.sheet, own.sheet].map((id) => ({ id })),
      Sample: [{ id: foreignId }, { id: sampleId(1) }],
    },
  });
  for (const { data, errors } of answers) expectOwn({ data, errors });
  const text = JSON.stringify(answers);
  expect(text).not.toContain('Sequencing job 01');
  expect(text).toContain('Own job');
  expect(text).toContain('Own sheet');
  expect(text).toContain('Whole genome');
  expect(answers.flatMap(({ errors = [] }) => errors)).toEqual([]);
});

test('lists hold what is its own, and people of the laboratory see all', async () => {
  const text = '{ sequencingJobs { totalCount nodes { name } } sampleSheets { totalCount nodes { name } } }';
  const { data } = await sequencing.ask(text, {}, { caller: acme });
  expect(data).toEqual({
    sequencingJobs: { totalCount: null, nodes: [{ name: 'Own job' }] },
    sampleSheets: { totalCount: null, nodes: [{ name: 'Own sheet' }] },
  });
  const whole = await sequencing.ask(text);
  expect(whole.data).toMatchObject({ sequencingJobs: { totalCount: 42 }, sampleSheets: { totalCount: 12 } });
  const paged = await asAcme('{ sequencingJobs(first: 1) { nodes { name } pageInfo { hasNextPage endCursor } } }');
  expect(paged.data).toMatchObject({ sequencingJobs: { nodes: [{ name: 'Own job' }], pageInfo: { hasNextPage: false } } });
});

test('the jobs of a sample are told to whose they are', async () => {
  const text = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { sequencingJobs { name } } } }';
  const of = [sampleId(1), foreignId].map((id) => ({ __typename: 'Sample', id }));
  const jobsFor = async (caller?: typeof acme) => {
    const { data } = await sequencing.ask(text, { of }, caller && { caller });
    return (data as { _entities: { sequencingJobs: { name: string }[] }[] })._entities.map(({ sequencingJobs }) =>
      sequencingJobs.map(({ name }) => name),
    );
  };
  expect(await jobsFor(acme)).toEqual([['Own job'], []]);
  expect(await jobsFor(helix)).toEqual([[], [`${canary} job`]]);
  expect(await jobsFor()).toEqual([
    ['Own job', 'Sequencing job 01'],
    [`${canary} job`, 'Sequencing job 01'],
  ]);
});

describe('what is not its own is as what is not there', () => {
  const job = `{ name: "x", platformId: "illumina_novaseq", workflowId: "${workflowId}"`;

  test.for([
    (id: string) => `{ sequencingJob(id: "${id}") { name } }`,
    (id: string) => `mutation { updateSequencingJob(id: "${id}", input: { name: "x" }) { name } }`,
    (id: string) => `mutation { transitionSequencingJob(id: "${id}", to: SUBMITTED) { name } }`,
    (id: string) => `mutation { cancelSequencingJob(id: "${id}") { name } }`,
    (id: string) => `mutation { cloneSequencingJob(id: "${id}") { name } }`,
    (id: string) => `mutation { deleteSequencingJob(id: "${id}") }`,
    (id: string) => `mutation { executeWorkflow(input: { workflowId: "${workflowId}", jobId: "${id}" }) { id } }`,
  ])('job: %#', async (question) => {
    await expectAlike(sequencing, (id) => ({ text: question(id) }), [foreign.job, missingId]);
    await expectAlike(sequencing, (id) => ({ text: question(id) }), [jobId(6), missingId]);
    expect(writesOf(sequencing)).toEqual([]);
  });

  test.for([
    (id: string) => `{ sampleSheet(id: "${id}") { name } }`,
    (id: string) => `mutation { updateSampleSheet(id: "${id}", input: { name: "x" }) { name } }`,
    (id: string) => `mutation { validateSampleSheet(id: "${id}") { isValid } }`,
    (id: string) => `mutation { deleteSampleSheet(id: "${id}") }`,
    (id: string) => `mutation { createSequencingJob(input: ${job}, sampleSheetId: "${id}" }) { id } }`,
    (id: string) =>
      `mutation { queueForSequencing(input: ${job}, sampleIds: ["${sampleId(1)}"], sampleSheetId: "${id}" }) { id } }`,
  ])('sheet: %#', async (question) => {
    await expectAlike(sequencing, (id) => ({ text: question(id) }), [foreign.sheet, missingId]);
    expect(writesOf(sequencing)).toEqual([]);
  });

  test.for([
    (id: string) => `mutation { createSequencingJob(input: ${job}, sampleIds: ["${sampleId(1)}", "${id}"] }) { id } }`,
    (id: string) => `mutation { createSequencingJob(input: ${job}, metadata: { sample_ids: ["${id}"] } }) { id } }`,
    (id: string) => `mutation { queueForSequencing(input: ${job}, sampleIds: ["${sampleId(1)}", "${id}"] }) { id } }`,
    (id: string) => `mutation { updateSequencingJob(id: "${own.job}", input: { metadata: { sample_ids: ["${id}"] } }) { id } }`,
    (id: string) =>
      `mutation { createSampleSheet(input: { name: "x", platformId: "nanopore", lines: [{ sampleId: "${id}", sampleName: "x" }] }) { id } }`,
    (id: string) =>
      `mutation { updateSampleSheet(id: "${own.sheet}", input: { lines: [{ sampleId: "${id}", sampleName: "x" }] }) { id } }`,
  ])('sample: %#', async (question) => {
    const { errors } = await expectAlike(sequencing, (id) => ({ text: question(id) }));
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(writesOf(sequencing)).toEqual([]);
  });
});

describe('what an organization creates', () => {
  const create = 'mutation ($input: CreateSequencingJobInput!) { createSequencingJob(input: $input) { id metadata } }';
  const input = { name: 'New', platformId: 'nanopore', workflowId };

  test('is its own, and stays so', async () => {
    const made = await asAcme(create, { input: { ...input, sampleIds: [sampleId(7)] } });
    const { id } = (made.data as { createSequencingJob: { id: string } }).createSequencingJob;
    expect(made.data).toMatchObject({
      createSequencingJob: { metadata: { organization_id: 'acme-genomics', sample_ids: [sampleId(7)] } },
    });
    const update =
      'mutation ($id: ID!, $input: UpdateSequencingJobInput!) { updateSequencingJob(id: $id, input: $input) { metadata } }';
    const changed = await asAcme(update, { id, input: { metadata: { colour: 'red' } } });
    expect(changed.data).toEqual({ updateSequencingJob: { metadata: { colour: 'red', organization_id: 'acme-genomics' } } });
    const clone = await asAcme(`mutation { cloneSequencingJob(id: "${id}") { name metadata } }`);
    expect(clone.data).toMatchObject({ cloneSequencingJob: { metadata: { organization_id: 'acme-genomics' } } });
    expect((await asAcme(`mutation { deleteSequencingJob(id: "${id}") }`)).data).toEqual({ deleteSequencingJob: true });
  });

  test('by queueing is its own', async () => {
    const text = 'mutation ($input: QueueForSequencingInput!) { queueForSequencing(input: $input) { status metadata } }';
    const { data } = await asAcme(text, { input: { ...input, sampleIds: [sampleId(19)] } });
    expect(data).toMatchObject({ queueForSequencing: { status: 'QUEUED', metadata: { organization_id: 'acme-genomics' } } });
  });

  test("cannot be another's", async () => {
    const { errors } = await asAcme(create, { input: { ...input, metadata: { organization_id: 'helix-labs' } } });
    expect(errors).toMatchObject([{ message: 'organization_id: is for the laboratory to say.' }]);
    const update = `mutation { updateSequencingJob(id: "${own.job}", input: { metadata: { organization_id: "helix-labs" } }) { id } }`;
    expect((await asAcme(update)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(writesOf(sequencing)).toEqual([]);
  });

  test('as a sheet is its own, and stays so', async () => {
    const text = 'mutation ($input: CreateSampleSheetInput!) { createSampleSheet(input: $input) { id } }';
    const lines = [{ sampleId: sampleId(4), sampleName: 'x' }];
    const { data } = await asAcme(text, { input: { name: 'New', platformId: 'nanopore', lines, runParameters: { cycles: 2 } } });
    const { id } = (data as { createSampleSheet: { id: string } }).createSampleSheet;
    const update = 'mutation ($id: ID!, $input: UpdateSampleSheetInput!) { updateSampleSheet(id: $id, input: $input) { id } }';
    expect((await asAcme(update, { id, input: { runParameters: { cycles: 3 } } })).data).toEqual({ updateSampleSheet: { id } });
    expect((await asAcme(`{ sampleSheet(id: "${id}") { name } }`)).data).toEqual({ sampleSheet: { name: 'New' } });
    expect((await sequencing.askLocally(`{ sampleSheet(id: "${id}") { name } }`, {}, { caller: helix })).data).toEqual({
      sampleSheet: null,
    });
  });

  test('runs a workflow for a job of its own alone', async () => {
    const text = 'mutation ($input: ExecuteWorkflowInput!) { executeWorkflow(input: $input) { job { id } } }';
    const { errors } = await asAcme(text, { input: { workflowId } });
    expect(errors).toMatchObject([{ message: 'input.jobId: an organization starts workflows for its own jobs.' }]);
    expect(writesOf(sequencing)).toEqual([]);
    const { data } = await asAcme(text, { input: { workflowId, jobId: own.job } });
    expect(data).toEqual({ executeWorkflow: { job: { id: own.job } } });
  });
});

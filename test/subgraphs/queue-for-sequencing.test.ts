import { describe, expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { counts, sampleId, sampleStatus, sheetId } from '#ops/sandbox/data/facts.ts';
import { partner } from '#test/harness/callers.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import type { Trouble } from '#test/harness/troubles.ts';
import { patienceMs, troubled, troubleKinds } from '#test/harness/troubles.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const validated = sampleId(9);
const inStorage = sampleId(1);
const input = {
  name: 'Run of two',
  platformId: 'nanopore',
  workflowId: 'w-1',
  priority: 'HIGH',
  sampleIds: [validated, inStorage],
  metadata: { project: 'P' },
};

const text = `mutation ($input: QueueForSequencingInput!, $key: String) {
  it: queueForSequencing(input: $input, idempotencyKey: $key) { id name status priority samples { __typename id } } }`;
const queued = {
  id: expect.any(String),
  name: 'Run of two',
  status: 'QUEUED',
  priority: 'HIGH',
  samples: [validated, inStorage].map((id) => ({ __typename: 'Sample', id })),
};

type Options = NonNullable<Parameters<typeof startSubgraph>[1]>;

/** Sequencing in which single writes go wrong. */
const startTroubled = (troubles: readonly Trouble[], options: Options = {}) =>
  startSubgraph('sequencing', { settings: { timeoutMs: patienceMs(troubles) }, hooks: [troubled(troubles)], ...options });

async function queue({ askLocally }: SubgraphUnderTest, variables: object = {}, asked: object = {}) {
  const { data, errors } = await askLocally(text, { input, ...variables }, asked);
  return { data, error: errors?.[0], errors: errors?.length ?? 0 };
}

/** What the mutation's field gave. */
const told = <Value>(data: Readonly<Record<string, unknown>> | null | undefined): Value => data?.['it'] as Value;

type Job = { readonly id: string; readonly name: string; readonly status: string };

/** The states of both samples and of the jobs that were added, as the services themselves tell. */
async function truth({ upstreamOf }: SubgraphUnderTest) {
  const ask = async (url: string) => (await fetch(url)).json();
  const states = await Promise.all(
    [validated, inStorage].map(async (id) => {
      const { data } = (await ask(`${upstreamOf('samples')}/samples/${id}`)) as { data: { status: string } };
      return data.status;
    }),
  );
  const { jobs } = (await ask(`${upstreamOf('sequencing')}/jobs?limit=100`)) as { jobs: Job[] };
  return { states, jobs: jobs.slice(0, jobs.length - counts.jobs).map(({ status }) => status) };
}

const asBefore = { states: ['Validated', 'InStorage'], jobs: [] };
const asWanted = { states: ['InSequencing', 'InSequencing'], jobs: ['Queued'] };

/** What was written, the new job's id left out. */
const writesOf = ({ calls }: SubgraphUnderTest): readonly string[] =>
  calls
    .filter(({ method }) => method !== 'GET')
    .map(
      ({ method, path }) =>
        `${method} ${path.replace(/^\/jobs\/[^/]+/, '/jobs/ID').replace('/samples/5a000000-0000-4000-8000-', '')}`,
    );

const created = 'POST /jobs';
const moved = 'PUT /jobs/ID/status';
const deleted = 'DELETE /jobs/ID';
const first = 'PUT 000000000009/status';
const second = 'PUT 000000000001/status';
const all = [created, moved, moved, first, second, moved];
/** By FAILED and PENDING to VALIDATED, and one more to IN_STORAGE. */
const firstBack = Array<string>(3).fill(first);
const secondBack = Array<string>(4).fill(second);

test('a job is made for the samples and queued, and they are in state IN_SEQUENCING, each with one write', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const { data, error } = await queue(sequencing);
  expect(error).toBeUndefined();
  expect(data).toEqual({ it: queued });
  expect(await truth(sequencing)).toEqual(asWanted);
  expect(writesOf(sequencing)).toEqual(all);
  const { id } = told<Job>(data);
  expect(await (await fetch(`${sequencing.upstream}/jobs/${id}`)).json()).toMatchObject({
    priority: 'High',
    platform_id: 'nanopore',
    workflow_id: 'w-1',
    metadata: { project: 'P', sample_ids: [validated, inStorage], attempt_id: expect.any(String) },
  });
});

test('with the defects of the real services it works as well, and nothing is written twice', async () => {
  await using sequencing = await startSubgraph('sequencing', { quirks: true });
  expect((await queue(sequencing)).data).toEqual({ it: queued });
  expect(await truth(sequencing)).toEqual(asWanted);
  expect(writesOf(sequencing)).toEqual(all);
});

test('two at the same moment do not take each other’s job for theirs', async () => {
  await using sequencing = await startSubgraph('sequencing', { quirks: true });
  const one = { input: { ...input, sampleIds: [validated] } };
  const other = { input: { ...input, sampleIds: [inStorage] } };
  const answers = await Promise.all([queue(sequencing, one), queue(sequencing, other)]);
  const [left, right] = answers.map(({ data }) => told<{ id: string; samples: object[] }>(data));
  expect([left?.samples, right?.samples]).toMatchObject([[{ id: validated }], [{ id: inStorage }]]);
  expect(left?.id).not.toBe(right?.id);
});

const steps = [
  ['the job is created', 'sequencing', 1, [created]],
  ['the job is submitted', 'sequencing', 2, [created, moved, deleted]],
  ['the job is validated', 'sequencing', 3, [created, moved, moved, deleted]],
  ['the first sample is moved', 'samples', 1, [created, moved, moved, first, deleted]],
  ['the second sample is moved', 'samples', 2, [created, moved, moved, first, second, ...firstBack, deleted]],
  ['the job is queued', 'sequencing', 4, [...all, ...secondBack, ...firstBack, deleted]],
] as const;

describe.each(steps)('the step at which %s', (_, service, write, writes) => {
  test.each(troubleKinds.filter((kind) => kind.endsWith('after')))('%s it took effect: counts as done', async (kind) => {
    await using sequencing = await startTroubled([{ service, write, kind }]);
    expect((await queue(sequencing)).data).toEqual({ it: queued });
    expect(await truth(sequencing)).toEqual(asWanted);
    expect(writesOf(sequencing)).toEqual(all);
  });

  test.each([
    ['refused', 'BAD_USER_INPUT'],
    ['fails before', 'UPSTREAM_UNAVAILABLE'],
    ['hangs before', 'UPSTREAM_TIMEOUT'],
  ] as const)('%s: everything is as it was', async (kind, code) => {
    await using sequencing = await startTroubled([{ service, write, kind }]);
    const { data, error } = await queue(sequencing);
    expect(data).toEqual({ it: null });
    expect(error).toMatchObject({ path: ['it'], extensions: { code, service, outcome: 'ROLLED_BACK' } });
    expect(error?.extensions).not.toHaveProperty('left');
    expect(await truth(sequencing)).toEqual(asBefore);
    expect(writesOf(sequencing)).toEqual(writes);
  });

  test.each([
    ['hangs before', asBefore, writes],
    // The last step is done, so there is nothing to undo.
    ['hangs after', write === 4 ? asWanted : asBefore, undefined],
  ] as const)('%s, and the caller leaves: nothing is half done', async (kind, expected, expectedWrites) => {
    const caller = new AbortController();
    const hooks = [troubled([{ service, write, kind }], () => caller.abort(new Error('gone')))];
    await using sequencing = await startSubgraph('sequencing', { hooks });
    const brief = 'mutation ($input: QueueForSequencingInput!) { it: queueForSequencing(input: $input) { status } }';
    const { data, errors } = await sequencing.askLocally(brief, { input }, { signal: caller.signal });
    if (expected === asBefore) expect(errors).toMatchObject([{ extensions: { outcome: 'ROLLED_BACK' } }]);
    else expect(data).toEqual({ it: { status: 'QUEUED' } });
    expect(await truth(sequencing)).toEqual(expected);
    if (expectedWrites !== undefined) expect(writesOf(sequencing)).toEqual(expectedWrites);
  });
});

test.each([
  [
    'the job is still there',
    [{ service: 'sequencing', write: 5, kind: 'fails before' }],
    ['job "Run of two" created'],
    { states: ['Validated', 'InStorage'], jobs: ['Validated'] },
  ],
  [
    'a sample is stuck on its way back, and the others are back all the same',
    [{ service: 'samples', write: 4, kind: 'refused' }],
    [`sample ${inStorage} IN_SEQUENCING`],
    { states: ['Validated', 'Failed'], jobs: [] },
  ],
  [
    'nothing can be undone',
    [
      { service: 'samples', write: 3, kind: 'fails before' },
      { service: 'samples', write: 4, kind: 'fails before' },
      { service: 'sequencing', write: 5, kind: 'refused' },
    ],
    ['job "Run of two" created', `sample ${validated} IN_SEQUENCING`, `sample ${inStorage} IN_SEQUENCING`],
    { states: ['InSequencing', 'InSequencing'], jobs: ['Validated'] },
  ],
] as const)('when undoing fails the answer says what is left: %s', async (_, troubles, left, expected) => {
  const leftBehind: unknown[] = [];
  await using sequencing = await startTroubled([{ service: 'sequencing', write: 4, kind: 'refused' }, ...troubles], {
    onUnexpectedError: (error) => leftBehind.push(error),
  });
  const { error } = await queue(sequencing);
  expect(error).toMatchObject({
    message: expect.stringMatching(/To be mended by hand: /),
    extensions: { code: 'BAD_USER_INPUT', outcome: 'UNKNOWN', retryable: false, left },
  });
  expect(leftBehind).toMatchObject([{ extensions: { left } }]);
  expect(await truth(sequencing)).toEqual(expected);
});

test('a way back whose writes all fail after they took effect is a way back', async () => {
  const troubles: Trouble[] = [1, 2, 3, 4, 5, 6, 7].map((n) => ({ service: 'samples', write: n + 2, kind: 'fails after' }));
  await using sequencing = await startTroubled([
    { service: 'sequencing', write: 4, kind: 'refused' },
    { service: 'sequencing', write: 5, kind: 'fails after' },
    ...troubles,
  ]);
  expect((await queue(sequencing)).error).toMatchObject({ extensions: { outcome: 'ROLLED_BACK' } });
  expect(await truth(sequencing)).toEqual(asBefore);
  expect(writesOf(sequencing)).toEqual([...all, ...secondBack, ...firstBack, deleted]);
});

test('the same key queues once, and after a rollback it may try again', async () => {
  await using sequencing = await startTroubled([{ service: 'samples', write: 2, kind: 'fails before' }]);
  const variables = { key: 'attempt-1' };
  expect((await queue(sequencing, variables)).error).toMatchObject({ extensions: { outcome: 'ROLLED_BACK' } });
  sequencing.calls.length = 0;
  const [left, right] = await Promise.all([queue(sequencing, variables), queue(sequencing, variables)]);
  expect(left.data).toEqual({ it: queued });
  expect(right).toEqual(left);
  expect(await queue(sequencing, variables)).toEqual(left);
  expect(writesOf(sequencing)).toEqual(all);
  expect(await truth(sequencing)).toEqual(asWanted);
});

test('the index of jobs knows the new one at once', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const jobsOf = async () => {
    const { data } = await sequencing.askLocally(
      'query ($of: [_Any!]!) { it: _entities(representations: $of) { ... on Sample { sequencingJobs { name status } } } }',
      { of: [{ __typename: 'Sample', id: validated }] },
    );
    return told<{ sequencingJobs: object[] }[]>(data)[0]?.sequencingJobs;
  };
  expect(await jobsOf()).toHaveLength(1);
  await queue(sequencing);
  expect(await jobsOf()).toMatchObject([{ name: 'Run of two', status: 'QUEUED' }, {}]);
});

test.each([10, 3, 4, 203, 204, 205, 206, 207])('the state of sample %i is refused, and both states are named', async (n) => {
  await using sequencing = await startSubgraph('sequencing');
  const state = sampleStatus(n)
    .replace(/(?<=[a-z])(?=[A-Z])/, '_')
    .toUpperCase();
  const { error } = await queue(sequencing, { input: { ...input, sampleIds: [validated, sampleId(n)] } });
  expect(error).toMatchObject({
    message: `input.sampleIds.1: a sample in state ${state} cannot change to IN_SEQUENCING; allowed from: VALIDATED, IN_STORAGE.`,
    extensions: { code: 'BAD_USER_INPUT', field: 'input.sampleIds.1' },
  });
  expect(writesOf(sequencing)).toEqual([]);
});

test.each([
  ['input.sampleIds.0: there is no such sample.', 'NOT_FOUND', { sampleIds: [unknownId] }],
  ['input.sampleSheetId: there is no such sheet.', 'NOT_FOUND', { sampleSheetId: unknownId }],
  ['input.sampleIds: are not the samples of the sheet.', 'BAD_USER_INPUT', { sampleSheetId: sheetId(1) }],
])('%s Nothing is written', async (message, code, changes) => {
  await using sequencing = await startSubgraph('sequencing');
  const { error } = await queue(sequencing, { input: { ...input, ...changes } });
  expect(error).toMatchObject({ message, extensions: { code } });
  expect(writesOf(sequencing)).toEqual([]);
});

test('a sheet of the very samples goes with the job', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const sheet = `mutation ($input: UpdateSampleSheetInput!) { it: updateSampleSheet(id: "${sheetId(1)}", input: $input) { id } }`;
  const lines = [inStorage, validated].map((id) => ({ sampleId: id.toUpperCase(), sampleName: 'x' }));
  await sequencing.askLocally(sheet, { input: { lines } });
  const { data } = await queue(sequencing, { input: { ...input, sampleSheetId: sheetId(1) } });
  expect(data).toMatchObject({ it: { status: 'QUEUED' } });
});

test.each([
  ['input.sampleIds: must have 1 to 100 items.', { sampleIds: [] }],
  ['input.sampleIds: must have 1 to 100 items.', { sampleIds: Array.from({ length: 101 }, (_, n) => sampleId(n)) }],
  ['input.sampleIds: must name each sample once.', { sampleIds: [validated, validated.toUpperCase()] }],
  ['input.sampleIds.1: must be a UUID.', { sampleIds: [validated, '../x'] }],
  ['input.platformId: must be one of illumina_novaseq, illumina_hiseq, ion_torrent, nanopore.', { platformId: 'abacus' }],
  ['input.name: must not be blank.', { name: ' ' }],
])('%s Nothing is called', async (message, changes) => {
  await using sequencing = await startSubgraph('sequencing');
  expect((await queue(sequencing, { input: { ...input, ...changes } })).error).toMatchObject({ message });
  expect(sequencing.calls).toEqual([]);
});

test.each([
  ['samples:write', partner('lab', ['sequencing:write'])],
  ['sequencing:write', partner('lab', ['samples:write'])],
])('without the scope %s nothing is called', async (scope, caller) => {
  await using sequencing = await startSubgraph('sequencing');
  const { errors } = await sequencing.ask(text, { input }, { caller });
  expect(errors).toMatchObject([{ message: `This needs the scope ${scope}.`, extensions: { code: 'FORBIDDEN' } }]);
  const { errors: strange } = await sequencing.ask(text, { input }, { caller: stranger });
  expect(strange).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(sequencing.calls).toEqual([]);
});

test('a partner has its own samples sequenced; those of others are not there', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const caller = partner('acme-genomics', ['sequencing:write', 'samples:write']);
  const foreign = await queue(sequencing, {}, { caller });
  expect(foreign.error).toMatchObject({ message: 'input.sampleIds.0: there is no such sample.' });
  expect(writesOf(sequencing)).toEqual([]);
  const own = await queue(sequencing, { input: { ...input, sampleIds: [inStorage, sampleId(19)] } }, { caller });
  expect(own.data).toMatchObject({ it: { status: 'QUEUED' } });
});

const ready = Array.from({ length: counts.samples }, (_, n) => n + 1).filter((n) =>
  ['Validated', 'InStorage'].includes(sampleStatus(n)),
);

test('a circuit that opens halfway does not keep what was done from being undone', async () => {
  // Every change of state fails after it took effect and is read again, so half of the calls to the service fail.
  await using sequencing = await startSubgraph('sequencing', { quirks: true });
  const sampleIds = ready.slice(0, 20).map(sampleId);
  const { error } = await queue(sequencing, { input: { ...input, sampleIds } });
  expect(error).toMatchObject({ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'samples', outcome: 'ROLLED_BACK' } });
  expect((await truth(sequencing)).jobs).toEqual([]);
  for (const n of ready.slice(0, 20)) {
    const answer = await fetch(`${sequencing.upstreamOf('samples')}/samples/${sampleId(n)}`);
    expect(await answer.json()).toMatchObject({ data: { status: sampleStatus(n) } });
  }
});

test('a hundred samples are queued within the time of one request', async () => {
  await using sequencing = await startSubgraph('sequencing');
  const sampleIds = ready.slice(0, 100).map(sampleId);
  const { data, error } = await queue(sequencing, { input: { ...input, sampleIds } });
  expect(error).toBeUndefined();
  expect(data).toMatchObject({ it: { samples: sampleIds.map((id) => ({ id })) } });
});

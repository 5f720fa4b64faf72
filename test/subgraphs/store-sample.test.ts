import { describe, expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { containerId, sampleId, sampleStatus } from '#ops/sandbox/data/facts.ts';
import { positionContainerId } from '#ops/sandbox/data/storage.ts';
import { partner } from '#test/harness/callers.ts';
import { writesOf } from '#test/harness/mutations.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import type { Trouble } from '#test/harness/troubles.ts';
import { patienceMs, troubled, troubleKinds } from '#test/harness/troubles.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
/** Validated, not stored, and its position is free. */
const sample = sampleId(9);
const position = positionContainerId(9);
const input = { sampleId: sample, containerId: position, positionIdentifier: 'A9', notes: 'fragile' };

const text = `mutation ($input: AssignSampleInput!, $key: String) {
  it: storeSample(input: $input, idempotencyKey: $key) {
    sample { __typename id storagePosition { container { id } } } container { id capacity { used } } positionIdentifier status notes } }`;
const stored = {
  sample: { __typename: 'Sample', id: sample, storagePosition: { container: { id: position } } },
  container: { id: position, capacity: { used: 1 } },
  positionIdentifier: 'A9',
  status: 'occupied',
  notes: 'fragile',
};

const assigned = 'POST /storage/samples/assign';
const removed = `DELETE /storage/samples/${sample}/position`;
const changed = `PUT /samples/${sample}/status`;

type Options = NonNullable<Parameters<typeof startSubgraph>[1]>;

/** Storage in which single writes go wrong. */
const startTroubled = (troubles: readonly Trouble[], options: Options = {}) =>
  startSubgraph('storage', { settings: { timeoutMs: patienceMs(troubles) }, hooks: [troubled(troubles)], ...options });

type Told = { readonly data: Record<string, unknown> | null | undefined; readonly error: Record<string, unknown> | undefined };

async function store({ askLocally }: SubgraphUnderTest, variables: object = {}, asked: object = {}): Promise<Told> {
  const { data, errors } = await askLocally(text, { input, ...variables }, asked);
  expect(errors?.length ?? 0).toBeLessThanOrEqual(1);
  return { data, error: errors?.[0] as Record<string, unknown> | undefined };
}

/** Where the sample is and what it is, as the services themselves tell. */
async function truth({ upstreamOf }: SubgraphUnderTest): Promise<readonly [string | null, string]> {
  const ask = async (service: ServiceName, path: string): Promise<Record<string, string> | null> =>
    ((await (await fetch(upstreamOf(service) + path)).json()) as { data: Record<string, string> | null }).data;
  const [place, state] = await Promise.all([
    ask('storage', `/storage/samples/${sample}/location-detailed`),
    ask('samples', `/samples/${sample}`),
  ]);
  return [place?.['container_id'] ?? null, state?.['status'] ?? ''];
}

test('a sample is put into its position and is in state IN_STORAGE, each with one write', async () => {
  await using storage = await startSubgraph('storage');
  expect(await store(storage)).toEqual({ data: { it: stored }, error: undefined });
  expect(await truth(storage)).toEqual([position, 'InStorage']);
  expect(writesOf(storage)).toEqual([assigned, changed]);
});

test('with the defects of the real services it works as well, and nothing is written twice', async () => {
  await using storage = await startSubgraph('storage', { quirks: true });
  const { data, errors } = await storage.askLocally(
    'mutation ($input: AssignSampleInput!) { it: storeSample(input: $input) { container { id } positionIdentifier } }',
    { input },
  );
  expect([data, errors]).toEqual([{ it: { container: { id: position }, positionIdentifier: 'A9' } }, undefined]);
  expect(writesOf(storage)).toEqual([assigned, changed]);
});

describe.each([1, 2] as const)('step %i', (step) => {
  const service = step === 1 ? 'storage' : 'samples';
  const begun = step === 1 ? [assigned] : [assigned, changed];
  const undone = step === 1 ? [] : [removed];

  test.each(troubleKinds.filter((kind) => kind.endsWith('after')))('%s it took effect: counts as done', async (kind) => {
    await using storage = await startTroubled([{ service, write: 1, kind }]);
    expect(await store(storage)).toEqual({ data: { it: stored }, error: undefined });
    expect(await truth(storage)).toEqual([position, 'InStorage']);
    expect(writesOf(storage)).toEqual([assigned, changed]);
  });

  test.each([
    ['refused', 'BAD_USER_INPUT'],
    ['fails before', 'UPSTREAM_UNAVAILABLE'],
    ['hangs before', 'UPSTREAM_TIMEOUT'],
  ] as const)('%s: everything is as it was', async (kind, code) => {
    await using storage = await startTroubled([{ service, write: 1, kind }]);
    const { data, error } = await store(storage);
    expect(data).toEqual({ it: null });
    expect(error).toMatchObject({ path: ['it'], extensions: { code, service, outcome: 'ROLLED_BACK' } });
    expect(error?.['extensions']).not.toHaveProperty('left');
    expect(await truth(storage)).toEqual([null, 'Validated']);
    expect(writesOf(storage)).toEqual([...begun, ...undone]);
  });

  test.each([429, 401, 404, 409] as const)('answered by %i: everything is as it was', async (status) => {
    await using storage = await startSubgraph('storage');
    const path = step === 1 ? '/storage/samples/assign' : '/samples';
    storage.faults(service, { kind: 'status', status, match: { method: step === 1 ? 'POST' : 'PUT', path } });
    expect((await store(storage)).error).toMatchObject({ extensions: { outcome: 'ROLLED_BACK' } });
    expect(await truth(storage)).toEqual([null, 'Validated']);
    expect(writesOf(storage)).toEqual([...begun, ...undone]);
  });
});

test('a position that cannot be given back is told as left, also to operations', async () => {
  const leftBehind: unknown[] = [];
  await using storage = await startTroubled(
    [
      { service: 'samples', write: 1, kind: 'refused' },
      { service: 'storage', write: 2, kind: 'fails before' },
    ],
    { onUnexpectedError: (error) => leftBehind.push(error) },
  );
  const { error } = await store(storage);
  expect(error).toMatchObject({
    message:
      'The sample is in another state by now, from which it cannot go into storage. To be mended by hand: position assigned.',
    extensions: { code: 'BAD_USER_INPUT', outcome: 'UNKNOWN', retryable: false, left: ['position assigned'] },
  });
  expect(leftBehind).toMatchObject([{ extensions: { left: ['position assigned'] } }]);
  expect(await truth(storage)).toEqual([position, 'Validated']);
  expect(writesOf(storage)).toEqual([assigned, changed, removed]);
});

test.each(['fails after', 'hangs after'] as const)('an undo that %s it took effect is an undo', async (kind) => {
  await using storage = await startTroubled([
    { service: 'samples', write: 1, kind: 'refused' },
    { service: 'storage', write: 2, kind },
  ]);
  expect((await store(storage)).error).toMatchObject({ extensions: { outcome: 'ROLLED_BACK' } });
  expect(await truth(storage)).toEqual([null, 'Validated']);
  expect(writesOf(storage)).toEqual([assigned, changed, removed]);
});

test.each([
  ['storage', 'hangs before', [null, 'Validated'], [assigned]],
  ['storage', 'hangs after', [null, 'Validated'], [assigned, removed]],
  ['samples', 'hangs before', [null, 'Validated'], [assigned, changed, removed]],
  ['samples', 'hangs after', [position, 'InStorage'], [assigned, changed]],
] as const)(
  'a caller who leaves while the %s service %s it took effect leaves nothing half done',
  async (service, kind, expected, writes) => {
    const caller = new AbortController();
    const hooks = [troubled([{ service, write: 1, kind }], () => caller.abort(new Error('gone')))];
    await using storage = await startSubgraph('storage', { hooks });
    const brief = 'mutation ($input: AssignSampleInput!) { it: storeSample(input: $input) { sample { id } } }';
    const { data, errors } = await storage.askLocally(brief, { input }, { signal: caller.signal });
    if (expected[0] === null) expect(errors).toMatchObject([{ extensions: { outcome: 'ROLLED_BACK' } }]);
    else expect(data).toEqual({ it: { sample: { id: sample } } });
    expect(await truth(storage)).toEqual(expected);
    expect(writesOf(storage)).toEqual(writes);
  },
);

test('the same key stores once, at the same moment and later', async () => {
  await using storage = await startSubgraph('storage');
  const answers = [...(await Promise.all([store(storage, { key: 'attempt-1' }), store(storage, { key: 'attempt-1' })]))];
  answers.push(await store(storage, { key: 'attempt-1' }));
  for (const answer of answers) expect(answer).toEqual({ data: { it: stored }, error: undefined });
  expect(writesOf(storage)).toEqual([assigned, changed]);
  const other = await store(storage, { input: { ...input, notes: 'other' }, key: 'attempt-1' });
  expect(other.error).toMatchObject({ message: 'idempotencyKey: was used for something else before.' });
});

test('a key whose attempt was rolled back may try again, one that left something may not', async () => {
  await using storage = await startTroubled(
    [
      { service: 'samples', write: 1, kind: 'fails before' },
      { service: 'samples', write: 2, kind: 'refused' },
      { service: 'storage', write: 4, kind: 'refused' },
    ],
    { onUnexpectedError: () => undefined },
  );
  const variables = { key: 'attempt-1' };
  expect((await store(storage, variables)).error).toMatchObject({ extensions: { outcome: 'ROLLED_BACK' } });
  const left = await store(storage, variables);
  expect(left.error).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', outcome: 'UNKNOWN' } });
  const before = writesOf(storage).length;
  expect(await store(storage, variables)).toEqual(left);
  expect(writesOf(storage)).toHaveLength(before);
});

test.each([10, 1, 3, 4, 203, 204, 205, 206, 207])('the state of sample %i is refused, and both states are named', async (n) => {
  await using storage = await startSubgraph('storage');
  const state = sampleStatus(n)
    .replace(/(?<=[a-z])(?=[A-Z])/, '_')
    .toUpperCase();
  const { error } = await store(storage, { input: { ...input, sampleId: sampleId(n) } });
  expect(error).toMatchObject({
    message: `input.sampleId: a sample in state ${state} cannot change to IN_STORAGE; allowed from: VALIDATED.`,
    extensions: { code: 'BAD_USER_INPUT', field: 'input.sampleId' },
  });
  expect(writesOf(storage)).toEqual([]);
});

test.each([
  ['input.sampleId: there is no such sample.', 'NOT_FOUND', { sampleId: unknownId }],
  ['input.containerId: there is no such container.', 'NOT_FOUND', { containerId: unknownId }],
  ['input.containerId: is a RACK, and a sample lies in a POSITION.', 'BAD_USER_INPUT', { containerId: containerId(3) }],
  ['input.containerId: the position is taken.', 'BAD_USER_INPUT', { containerId: positionContainerId(1) }],
])('%s Nothing is written', async (message, code, changes) => {
  await using storage = await startSubgraph('storage');
  expect((await store(storage, { input: { ...input, ...changes } })).error).toMatchObject({ message, extensions: { code } });
  expect(writesOf(storage)).toEqual([]);
});

test.each([
  ['input.sampleId: must be a UUID.', { sampleId: '../x' }],
  ['input.notes: must have 0 to 2000 characters.', { notes: 'x'.repeat(2_001) }],
])('%s Nothing is called', async (message, changes) => {
  await using storage = await startSubgraph('storage');
  expect((await store(storage, { input: { ...input, ...changes } })).error).toMatchObject({ message });
  expect(storage.calls).toEqual([]);
});

test('a service that cannot be read beforehand costs no write', async () => {
  await using storage = await startSubgraph('storage');
  storage.faults('samples', { kind: 'status', status: 500 });
  const { error } = await store(storage);
  expect(error).toMatchObject({ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'samples' } });
  expect(error?.['extensions']).not.toHaveProperty('outcome');
  expect(writesOf(storage)).toEqual([]);
});

test.each([
  ['samples:write', partner('lab', ['storage:write', 'storage:read', 'samples:read'])],
  ['storage:write', partner('lab', ['samples:write', 'storage:read', 'samples:read'])],
])('without the scope %s nothing is called', async (scope, caller) => {
  await using storage = await startSubgraph('storage');
  const { errors } = await storage.ask(text, { input }, { caller });
  expect(errors).toMatchObject([{ message: `This needs the scope ${scope}.`, extensions: { code: 'FORBIDDEN' } }]);
  expect(storage.calls).toEqual([]);
});

test('a stranger is asked who he is', async () => {
  await using storage = await startSubgraph('storage');
  const { errors } = await storage.ask(text, { input }, { caller: stranger });
  expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
});

test('a partner stores its own samples; those of others are not there', async () => {
  await using storage = await startSubgraph('storage');
  const caller = partner('acme-genomics', ['storage:write', 'samples:write']);
  const foreign = await store(storage, {}, { caller });
  expect(foreign.error).toMatchObject({ message: 'input.sampleId: there is no such sample.' });
  expect(writesOf(storage)).toEqual([]);
  const own = { ...input, sampleId: sampleId(19), containerId: positionContainerId(19) };
  expect((await store(storage, { input: own }, { caller })).data).toMatchObject({ it: { sample: { id: sampleId(19) } } });
});

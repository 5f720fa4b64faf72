import type { ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { barcodeOfSample, counts, range, sampleId, sampleStatus, templateId } from '#ops/sandbox/data/facts.ts';
import { person as somebody } from '#test/harness/callers.ts';
import { person, read, writesOf } from '#test/harness/mutations.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const aTechnician = somebody('lab_technician', 'another');
const create = `mutation ($input: CreateSampleInput!, $key: String) {
  createSample(input: $input, idempotencyKey: $key) { id barcode name status }
}`;
const createMany = `mutation ($input: [CreateSampleInput!]!, $key: String) {
  createSamples(input: $input, idempotencyKey: $key) {
    created { id name } failed { index name error } totalCreated totalFailed
  }
}`;
const update =
  'mutation ($id: ID!, $input: UpdateSampleInput!) { updateSample(id: $id, input: $input) { id name notes barcode } }';
const transition = `mutation ($id: ID!, $to: SampleStatus!, $reason: String) {
  transitionSample(id: $id, to: $to, reason: $reason) { id status allowedTransitions }
}`;
const remove = 'mutation ($id: ID!) { deleteSample(id: $id) }';
const tube = { name: 'Tube', sampleType: 'CELL_CULTURE' };

type Row = Readonly<Record<string, unknown>>;

/** A sample or a list of them, as the service itself shows it. */
const dataAt = async (samples: SubgraphUnderTest, path: string): Promise<Row> => (await read<{ data: Row }>(samples, path)).data;

const fieldOf = <Value>({ data }: ExecutionResult, field: string): Value => data?.[field] as Value;
const inState = (word: string): string => sampleId(range(counts.samples).find((n) => sampleStatus(n) === word) ?? 0);

test('a new sample is kept with all that was said of it', async () => {
  await using samples = await startSubgraph('samples');
  const input = {
    ...tube,
    barcode: 'NEW-1',
    templateId: templateId(1),
    sourceType: 'patient',
    sourceIdentifier: 'P-7',
    collectionDate: '2026-10-01T10:00:00+02:00',
    collectionLocation: 'Ward 3',
    collector: 'Dr. Who',
    concentration: 12.5,
    volume: 0,
    unit: 'ng/µL',
    qualityScore: 0.9,
    metadata: { project_id: 'P1' },
    notes: 'handle with care',
  };
  const answer = await samples.askLocally(create, { input }, person);
  expect(answer.errors).toBeUndefined();
  expect(fieldOf(answer, 'createSample')).toMatchObject({ barcode: 'NEW-1', name: 'Tube', status: 'PENDING' });
  expect(writesOf(samples)).toEqual(['POST /samples']);
  expect(await dataAt(samples, '/samples/barcode/NEW-1')).toMatchObject({
    name: 'Tube',
    sample_type: 'Cell Culture',
    template_id: templateId(1),
    source_type: 'patient',
    source_identifier: 'P-7',
    collection_date: '2026-10-01T08:00:00.000Z',
    collection_location: 'Ward 3',
    collector: 'Dr. Who',
    concentration: 12.5,
    volume: 0,
    unit: 'ng/µL',
    quality_score: 0.9,
    metadata: { project_id: 'P1' },
    notes: 'handle with care',
  });
});

test('a sample without a barcode gets one of the service', async () => {
  await using samples = await startSubgraph('samples');
  const answer = await samples.askLocally(create, { input: tube }, person);
  const { id, barcode } = fieldOf<{ id: string; barcode: string }>(answer, 'createSample');
  expect(await dataAt(samples, `/samples/${id}`)).toMatchObject({ barcode });
});

test.for([
  [{ name: '' }, 'input.name: must have 1 to 255 characters.'],
  [{ name: 'x'.repeat(256) }, 'input.name: must have 1 to 255 characters.'],
  [{ barcode: '' }, 'input.barcode: must have 1 to 100 characters.'],
  [{ barcode: 'x'.repeat(101) }, 'input.barcode: must have 1 to 100 characters.'],
  [{ templateId: '7' }, 'input.templateId: must be a UUID.'],
  [{ concentration: -1 }, 'input.concentration: must not be negative.'],
  [{ volume: -0.1 }, 'input.volume: must not be negative.'],
  [{ qualityScore: 101 }, 'input.qualityScore: must be a number from 0 to 100.'],
  [{ metadata: [1] }, 'input.metadata: must be an object.'],
] as const)('a new sample with %j is refused without a call', async ([given, message]) => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.askLocally(create, { input: { ...tube, ...given } }, person);
  expect(data).toEqual({ createSample: null });
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' }, path: ['createSample'] }]);
  expect(samples.calls).toEqual([]);
});

test('a barcode that is already used is refused in our own words', async () => {
  await using samples = await startSubgraph('samples');
  const { errors } = await samples.askLocally(create, { input: { ...tube, barcode: barcodeOfSample(1) } }, person);
  expect(errors).toMatchObject([{ message: 'input.barcode: is already used.', extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('a value that only the service finds wrong is refused in our own words', async () => {
  await using samples = await startSubgraph('samples');
  const { errors } = await samples.askLocally(create, { input: { ...tube, qualityScore: 50 } }, person);
  expect(errors).toEqual([
    { message: 'The sample service refuses these values.', path: ['createSample'], extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});

test('the same idempotency key twice records one sample and answers alike', async () => {
  await using samples = await startSubgraph('samples');
  const first = await samples.askLocally(create, { input: tube, key: 'attempt-1' }, person);
  const second = await samples.askLocally(create, { input: tube, key: 'attempt-1' }, person);
  expect(first.errors).toBeUndefined();
  expect(second).toEqual(first);
  expect(writesOf(samples)).toEqual(['POST /samples']);
});

test('an idempotency key is no good for another sample, nor for anybody else', async () => {
  await using samples = await startSubgraph('samples');
  const key = 'attempt-1';
  await samples.askLocally(create, { input: tube, key }, person);
  const other = await samples.askLocally(create, { input: { ...tube, name: 'Other' }, key }, person);
  expect(other.errors).toMatchObject([{ message: 'idempotencyKey: was used for something else before.' }]);
  const another = await samples.askLocally(create, { input: tube, key }, { caller: aTechnician });
  expect(another.errors).toBeUndefined();
  expect(writesOf(samples)).toHaveLength(2);
});

test('of a batch, what can be recorded is recorded and the rest is named', async () => {
  await using samples = await startSubgraph('samples');
  const input = [tube, { ...tube, name: 'Double', barcode: barcodeOfSample(1) }, { ...tube, name: 'Third' }];
  const answer = await samples.askLocally(createMany, { input, key: 'batch-no-1' }, person);
  expect(answer.errors).toBeUndefined();
  const batch = fieldOf<{ created: { id: string; name: string }[] }>(answer, 'createSamples');
  expect(batch).toMatchObject({
    created: [{ name: 'Tube' }, { name: 'Third' }],
    failed: [{ index: 1, name: 'Double', error: 'barcode: is already used.' }],
    totalCreated: 2,
    totalFailed: 1,
  });
  const kept = await Promise.all(batch.created.map(({ id }) => dataAt(samples, `/samples/${id}`)));
  expect(kept).toMatchObject([{ name: 'Tube' }, { name: 'Third' }]);
  expect(await samples.askLocally(createMany, { input, key: 'batch-no-1' }, person)).toEqual(answer);
  expect(writesOf(samples)).toEqual(['POST /samples/batch']);
});

test.for([
  [[], 'input: must have 1 to 100 items.'],
  [range(101).map(() => tube), 'input: must have 1 to 100 items.'],
  [[tube, { ...tube, name: '' }], 'input.1.name: must have 1 to 255 characters.'],
] as const)('a batch out of its bounds is refused without a call (%#)', async ([input, message]) => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.askLocally(createMany, { input }, person);
  expect(data).toEqual({ createSamples: null });
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(samples.calls).toEqual([]);
});

test('a change touches what is given and leaves the rest', async () => {
  await using samples = await startSubgraph('samples');
  const before = await dataAt(samples, `/samples/${sampleId(3)}`);
  const input = { notes: 'moved', sampleType: 'RNA', name: null, metadata: { a: 1 } };
  const answer = await samples.askLocally(update, { id: sampleId(3).toUpperCase(), input }, person);
  expect(answer.errors).toBeUndefined();
  expect(fieldOf(answer, 'updateSample')).toMatchObject({ id: sampleId(3), notes: 'moved', name: before['name'] });
  const { updated_at: _, ...after } = await dataAt(samples, `/samples/${sampleId(3)}`);
  const { updated_at: __, ...kept } = before;
  expect(after).toEqual({ ...kept, notes: 'moved', sample_type: 'RNA', metadata: { a: 1 }, updated_by: 'user' });
});

test.for([
  [{ id: sampleId(1), input: {} }, 'input: must change at least one field.'],
  [{ id: sampleId(1), input: { name: null } }, 'input: must change at least one field.'],
  [{ id: sampleId(1), input: { name: '' } }, 'input.name: must have 1 to 255 characters.'],
  [{ id: '7', input: { name: 'x' } }, 'id: must be a UUID.'],
] as const)('a change with %j is refused without a call', async ([given, message]) => {
  await using samples = await startSubgraph('samples');
  const { errors } = await samples.askLocally(update, given, person);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(samples.calls).toEqual([]);
});

test('a sample cannot take the barcode of another', async () => {
  await using samples = await startSubgraph('samples');
  const { errors } = await samples.askLocally(update, { id: sampleId(1), input: { barcode: barcodeOfSample(2) } }, person);
  expect(errors).toMatchObject([{ message: 'input.barcode: is already used.', extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('a sample changes to a state that is allowed', async () => {
  await using samples = await startSubgraph('samples');
  const id = inState('Pending');
  const answer = await samples.askLocally(transition, { id, to: 'VALIDATED', reason: 'looks good' }, person);
  expect(answer.errors).toBeUndefined();
  expect(answer.data).toMatchObject({ transitionSample: { id, status: 'VALIDATED' } });
  expect(await dataAt(samples, `/samples/${id}`)).toMatchObject({ status: 'Validated' });
});

test.for([
  ['Pending', 'COMPLETED', 'PENDING cannot change to COMPLETED; allowed: VALIDATED, REJECTED, DELETED.'],
  ['Pending', 'PENDING', 'PENDING cannot change to PENDING; allowed: VALIDATED, REJECTED, DELETED.'],
  ['Archived', 'PENDING', 'ARCHIVED cannot change to PENDING; it cannot change any more.'],
] as const)('%s to %s is refused with the states that are allowed and without a write', async ([from, to, tail]) => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.askLocally(transition, { id: inState(from), to }, person);
  expect(data).toEqual({ transitionSample: null });
  expect(errors).toMatchObject([{ message: `to: a sample in state ${tail}`, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(writesOf(samples)).toEqual([]);
});

test('a reason of more than 500 characters is refused without a call', async () => {
  await using samples = await startSubgraph('samples');
  const { errors } = await samples.askLocally(transition, { id: sampleId(1), to: 'VALIDATED', reason: 'x'.repeat(501) }, person);
  expect(errors).toMatchObject([{ message: 'reason: must have 0 to 500 characters.' }]);
  expect(samples.calls).toEqual([]);
});

test('every transition of one operation sees what the one before has done', async () => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.askLocally(
    `mutation ($id: ID!) {
      a: transitionSample(id: $id, to: VALIDATED) { status }
      b: transitionSample(id: $id, to: IN_STORAGE) { status }
    }`,
    { id: inState('Pending') },
    person,
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({ a: { status: 'VALIDATED' }, b: { status: 'IN_STORAGE' } });
});

test('validation tells what the service thinks and changes nothing', async () => {
  await using samples = await startSubgraph('samples');
  const before = await dataAt(samples, `/samples/${inState('Deleted')}`);
  const { data, errors } = await samples.askLocally(
    'mutation ($id: ID!) { validateSample(id: $id) { sampleId isValid errors warnings validatedAt } }',
    { id: inState('Deleted') },
    person,
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ validateSample: { sampleId: before['id'], isValid: false, errors: ['The sample is deleted'] } });
  expect(await dataAt(samples, `/samples/${inState('Deleted')}`)).toEqual(before);
});

test('many samples are validated in one call', async () => {
  await using samples = await startSubgraph('samples');
  const ids = [sampleId(1), unknownId, sampleId(2)];
  const { data } = await samples.askLocally(
    'mutation ($ids: [ID!]!) { validateSamples(ids: $ids) { sampleId isValid } }',
    { ids },
    person,
  );
  expect(data).toMatchObject({
    validateSamples: [{ sampleId: ids[0] }, { sampleId: ids[1], isValid: false }, { sampleId: ids[2] }],
  });
  expect(samples.calls.map(({ path }) => path)).toEqual(['/samples/batch/validate']);
});

test.for([
  [[], 'ids: must have 1 to 100 items.'],
  [range(101).map(sampleId), 'ids: must have 1 to 100 items.'],
  [['7'], 'ids.0: must be a UUID.'],
] as const)('a validation out of its bounds is refused without a call (%#)', async ([ids, message]) => {
  await using samples = await startSubgraph('samples');
  const { errors } = await samples.askLocally(
    'mutation ($ids: [ID!]!) { validateSamples(ids: $ids) { sampleId } }',
    { ids },
    person,
  );
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(samples.calls).toEqual([]);
});

test('a deleted sample has the state DELETED', async () => {
  await using samples = await startSubgraph('samples');
  const id = inState('Completed');
  expect(await samples.askLocally(remove, { id }, person)).toEqual({ data: { deleteSample: true } });
  expect(await dataAt(samples, `/samples/${id}`)).toMatchObject({ status: 'Deleted' });
});

test('a sample that is being sequenced is not deleted', async () => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.askLocally(remove, { id: inState('InSequencing') }, person);
  expect(data).toEqual({ deleteSample: null });
  expect(errors).toMatchObject([
    { message: 'id: a sample in state IN_SEQUENCING cannot be deleted.', extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  expect(writesOf(samples)).toEqual([]);
});

test.for([
  'updateSample(id: $id, input: { name: "x" }) { id }',
  'transitionSample(id: $id, to: VALIDATED) { id }',
  'validateSample(id: $id) { sampleId }',
  'deleteSample(id: $id)',
])('%s of a sample that is not there is NOT_FOUND', async (field) => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.askLocally(`mutation ($id: ID!) { ${field} }`, { id: unknownId }, person);
  expect(Object.values(data ?? {})).toEqual([null]);
  expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
});

test.for([
  'createSample(input: { name: "x", sampleType: DNA }) { id }',
  'createSamples(input: [{ name: "x", sampleType: DNA }]) { totalCreated }',
  `updateSample(id: "${sampleId(1)}", input: { name: "x" }) { id }`,
  `transitionSample(id: "${sampleId(1)}", to: VALIDATED) { id }`,
  `validateSample(id: "${sampleId(1)}") { sampleId }`,
  `validateSamples(ids: ["${sampleId(1)}"]) { sampleId }`,
  `deleteSample(id: "${sampleId(1)}")`,
])('%s needs a token', async (field) => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.ask(`mutation { ${field} }`, {}, { caller: stranger });
  expect(Object.values(data ?? {})).toEqual([null]);
  expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(samples.calls).toEqual([]);
});

test('a mutation that fails leaves its siblings alone', async () => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.askLocally(
    `mutation ($id: ID!) { bad: deleteSample(id: $id) good: createSample(input: { name: "x", sampleType: DNA }) { name } }`,
    { id: unknownId },
    person,
  );
  expect(data).toEqual({ bad: null, good: { name: 'x' } });
  expect(errors).toHaveLength(1);
});

const row = {
  id: sampleId(1),
  name: 'Tube',
  barcode: 'B-1',
  sample_type: 'Cell Culture',
  status: 'Pending',
  metadata: { a: { b: 1 } },
  created_at: '2026-11-01T00:00:00Z',
  updated_at: '2026-11-01T00:00:00Z',
};

/** Fails every write; `after` stands in the service from then on, `before` until then. */
function failing(before: object | undefined, after: object | undefined) {
  let isWritten = false;
  return startUpstream((request, response) => {
    if (request.method !== 'GET') {
      isWritten = true;
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"database_error"}');
      return;
    }
    const sample = isWritten ? after : before;
    const isList = request.url?.startsWith('/samples?');
    const data = isList ? { samples: sample === undefined ? [] : [sample], total_count: 1 } : sample;
    const isFound = data !== undefined;
    response.writeHead(isFound ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
  });
}

test.for([
  ['createSample', create, { input: { ...tube, barcode: 'B-1', metadata: { a: { b: 1 } } } }, undefined, row, 'COMMITTED'],
  ['createSample', create, { input: { ...tube, barcode: 'B-1' } }, undefined, undefined, 'UNKNOWN'],
  ['createSample', create, { input: { ...tube, barcode: 'B-1', name: 'Other' } }, undefined, row, 'UNKNOWN'],
  ['createSample', create, { input: tube }, undefined, row, 'UNKNOWN'],
  ['createSamples', createMany, { input: [{ ...tube, barcode: 'B-1' }] }, undefined, row, 'COMMITTED'],
  ['createSamples', createMany, { input: [{ ...tube, barcode: 'B-1' }, tube] }, undefined, row, 'UNKNOWN'],
  ['updateSample', update, { id: row.id, input: { notes: 'n' } }, row, { ...row, notes: 'n' }, 'COMMITTED'],
  [
    'updateSample',
    update,
    { id: row.id, input: { collectionDate: '2026-10-01T10:00:00+02:00' } },
    row,
    { ...row, collection_date: '2026-10-01T08:00:00+00:00' },
    'COMMITTED',
  ],
  ['updateSample', update, { id: row.id, input: { notes: 'n' } }, row, row, 'UNKNOWN'],
  ['transitionSample', transition, { id: row.id, to: 'VALIDATED' }, row, { ...row, status: 'Validated' }, 'COMMITTED'],
  ['transitionSample', transition, { id: row.id, to: 'VALIDATED' }, row, row, 'UNKNOWN'],
  ['deleteSample', remove, { id: row.id }, row, { ...row, status: 'Deleted' }, 'COMMITTED'],
  ['deleteSample', remove, { id: row.id }, row, row, 'UNKNOWN'],
] as const)(
  '%s that fails is written once and its outcome read again (%#)',
  async ([field, text, given, before, after, outcome]) => {
    await using upstream = await failing(before, after);
    await using samples = await startSubgraph('samples', { url: upstream.url });
    const { data, errors } = await samples.askLocally(text, given, person);
    expect(data).toEqual({ [field]: null });
    expect(errors).toMatchObject([
      { extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'samples', retryable: false, outcome } },
    ]);
    expect(upstream.seen.filter((line) => !line.startsWith('GET'))).toHaveLength(1);
  },
);

test('a refusal without a body that can be read is refused in our own words', async () => {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(422, { 'content-type': 'text/plain' }).end('Failed to deserialize');
  });
  await using samples = await startSubgraph('samples', { url: upstream.url });
  const { errors } = await samples.askLocally(create, { input: tube }, person);
  expect(errors).toMatchObject([{ message: 'The sample service refuses these values.', extensions: { code: 'BAD_USER_INPUT' } }]);
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { containerId, locationId, sampleId } from '#ops/sandbox/data/facts.ts';
import { containers, locations, positionContainerId } from '#ops/sandbox/data/storage.ts';
import { person, refusal, told, writesOf } from '#test/harness/mutations.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const freezer = containerId(1);
const rack = containerId(3);
const takenPosition = positionContainerId(1);
const freePosition = positionContainerId(9);
const otherFreePosition = positionContainerId(10);
const stored = sampleId(1);
const notStored = sampleId(9);

type Json = Record<string, unknown>;

async function rest({ upstream }: SubgraphUnderTest, path: string): Promise<{ status: number; data: unknown }> {
  const response = await fetch(`${upstream}/storage${path}`);
  return { status: response.status, data: ((await response.json()) as Json)['data'] };
}

const whereIs = async (storage: SubgraphUnderTest, sample: string) =>
  (await rest(storage, `/samples/${sample}/location-detailed`)).data as Json | null;

const createLocation = `mutation ($input: CreateStorageLocationInput!, $key: String) {
  it: createStorageLocation(input: $input, idempotencyKey: $key) { id name temperatureZone capacity { total used } status } }`;
const createContainer = `mutation ($input: CreateStorageContainerInput!, $key: String) {
  it: createStorageContainer(input: $input, idempotencyKey: $key) { id name type parent { id } location { id } } }`;
const assign = `mutation ($input: AssignSampleInput!, $key: String) {
  it: assignSample(input: $input, idempotencyKey: $key) { id sample { id } container { id name } positionIdentifier status notes } }`;
const move = `mutation ($input: MoveSampleInput!) {
  it: moveSample(input: $input) { id sample { id } container { id } positionIdentifier chainOfCustody } }`;
const remove = (sample: string) => `mutation { it: removeSampleFromStorage(sampleId: "${sample}", reason: "used up") }`;

const newLocation = { name: 'New room', locationType: 'cabinet', temperatureZone: 'ROOM_TEMPERATURE', maxCapacity: 10 };
const newContainer = { name: 'Rack 9', type: 'RACK', capacity: 20, parentId: freezer };
const assignment = { sampleId: notStored, containerId: freePosition };

test("a new location is told in the service's words and read back in ours", async () => {
  await using storage = await startSubgraph('storage');
  const input = { ...newLocation, description: 'By the door', metadata: { key: 1 } };
  const location = await told(storage, createLocation, { input });
  expect(location).toMatchObject({ temperatureZone: 'ROOM_TEMPERATURE', capacity: { total: 10, used: 0 }, status: 'active' });
  expect((await rest(storage, `/locations/${location['id']}`)).data).toMatchObject({
    name: 'New room',
    location_type: 'cabinet',
    temperature_zone: 'RT',
    max_capacity: 10,
    description: 'By the door',
    metadata: { key: 1 },
  });
});

test('a changed location keeps what was not mentioned', async () => {
  await using storage = await startSubgraph('storage');
  const input = { maxCapacity: 500, status: 'maintenance', temperatureZone: 'REFRIGERATED_4', name: null };
  const text = `mutation ($input: UpdateStorageLocationInput!) {
    it: updateStorageLocation(id: "${locationId(1)}", input: $input) { name status capacity { total } } }`;
  expect(await told(storage, text, { input })).toEqual({
    name: locations[0]?.name,
    status: 'maintenance',
    capacity: { total: 500 },
  });
  expect((await rest(storage, `/locations/${locationId(1)}`)).data).toMatchObject({ max_capacity: 500, temperature_zone: '4C' });
});

test('an empty location can be deleted, one with containers cannot', async () => {
  await using storage = await startSubgraph('storage');
  const text = (n: number) => `mutation { it: deleteStorageLocation(id: "${locationId(n)}") }`;
  expect(await told<boolean>(storage, text(4))).toBe(true);
  expect((await rest(storage, `/locations/${locationId(4)}`)).status).toBe(404);
  expect(await refusal(storage, text(1))).toMatchObject({
    message: 'The location holds containers, so it cannot be deleted.',
    extensions: { code: 'BAD_USER_INPUT', service: 'storage' },
  });
});

test('a new container stands where it was put', async () => {
  await using storage = await startSubgraph('storage');
  const input = { ...newContainer, row: 3, column: 1, temperatureZone: 'ULTRA_LOW_MINUS_80', barcode: 'RAC-9', description: 'x' };
  const container = await told(storage, createContainer, { input });
  expect(container).toMatchObject({ type: 'RACK', parent: { id: freezer }, location: { id: locationId(1) } });
  expect((await rest(storage, `/containers/${container['id']}`)).data).toMatchObject({
    container: {
      container_type: 'rack',
      parent_container_id: freezer,
      grid_position: { row: 3, column: 1 },
      temperature_zone: '-80C',
      barcode: 'RAC-9',
    },
  });
});

test.for([
  [{ ...newContainer, type: 'BOX' }, 'BAD_USER_INPUT', /^The container does not fit where it is to go/],
  [{ ...newContainer, parentId: unknownId }, 'NOT_FOUND', /^There is no such parent or location\.$/],
  [{ ...newContainer, locationId: unknownId }, 'NOT_FOUND', /^There is no such parent or location\.$/],
] as const)('a container that cannot stand there is refused: %j', async ([input, code, message]) => {
  await using storage = await startSubgraph('storage');
  const error = await refusal(storage, createContainer, { input });
  expect(error).toMatchObject({ message: expect.stringMatching(message), extensions: { code } });
});

test('a barcode is used once', async () => {
  await using storage = await startSubgraph('storage');
  const input = { ...newContainer, barcode: containers[0]?.barcode };
  expect(await refusal(storage, createContainer, { input })).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
});

test('a sample is assigned, moved and removed, and its history goes with it', async () => {
  await using storage = await startSubgraph('storage');
  const input = { ...assignment, positionIdentifier: 'A9', storageConditions: { dry: true }, notes: 'fragile' };
  expect(await told(storage, assign, { input })).toMatchObject({
    sample: { id: notStored },
    container: { id: freePosition },
    positionIdentifier: 'A9',
    notes: 'fragile',
  });
  expect(await whereIs(storage, notStored)).toMatchObject({ container_id: freePosition, storage_conditions: { dry: true } });

  const to = { sampleId: notStored, newContainerId: otherFreePosition, newPositionIdentifier: 'B1', reason: 'room' };
  expect(await told(storage, move, { input: to })).toMatchObject({
    container: { id: otherFreePosition },
    positionIdentifier: 'B1',
    chainOfCustody: [{ action: 'assigned' }, { action: 'moved', reason: 'room' }],
  });
  expect(await whereIs(storage, notStored)).toMatchObject({ container_id: otherFreePosition });

  expect(await told<boolean>(storage, remove(notStored))).toBe(true);
  expect(await whereIs(storage, notStored)).toBeNull();
  expect(storage.calls.find(({ method }) => method === 'DELETE')?.query.get('reason')).toBe('used up');
});

test('one answer never shows what was before a later change in it', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.askLocally(
    `mutation ($a: AssignSampleInput!, $m: MoveSampleInput!) {
       a: assignSample(input: $a) { container { capacity { used } } }
       m: moveSample(input: $m) { container { parent { occupants { id } capacity { used } } } }
       r: removeSampleFromStorage(sampleId: "${notStored}")
       n: assignSample(input: $a) { container { capacity { used } parent { capacity { used } } } } }`,
    { a: assignment, m: { sampleId: notStored, newContainerId: otherFreePosition } },
    person,
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    a: { container: { capacity: { used: 1 } } },
    r: true,
    n: { container: { capacity: { used: 1 } } },
  });
});

test.for([
  ['a taken position', assign, { ...assignment, containerId: takenPosition }, 'BAD_USER_INPUT'],
  ['a stored sample', assign, { ...assignment, sampleId: stored }, 'BAD_USER_INPUT'],
  ['a rack', assign, { ...assignment, containerId: rack }, 'BAD_USER_INPUT'],
  ['no container', assign, { ...assignment, containerId: unknownId }, 'NOT_FOUND'],
  ['a taken position', move, { sampleId: sampleId(2), newContainerId: takenPosition }, 'BAD_USER_INPUT'],
  ['a sample that is nowhere', move, { sampleId: notStored, newContainerId: freePosition }, 'NOT_FOUND'],
] as const)('%s is refused in our words', async ([, text, input, code]) => {
  await using storage = await startSubgraph('storage');
  const sentences = {
    [assign]: {
      BAD_USER_INPUT: 'The position is taken, or the sample is stored already.',
      NOT_FOUND: 'There is no such container.',
    },
    [move]: {
      BAD_USER_INPUT: 'The position is taken, or it is no position.',
      NOT_FOUND: 'The sample is not stored, or there is no such container.',
    },
  };
  expect(await refusal(storage, text, { input })).toMatchObject({ message: sentences[text]?.[code], extensions: { code } });
});

test('a sample that is nowhere cannot be removed', async () => {
  await using storage = await startSubgraph('storage');
  expect(await refusal(storage, remove(notStored))).toMatchObject({
    message: 'The sample is not stored.',
    extensions: { code: 'NOT_FOUND', service: 'storage' },
  });
});

test.for([
  ['location', createLocation, newLocation],
  ['container', createContainer, newContainer],
  ['assignment', assign, assignment],
] as const)('the same key and input make one %s and give one answer', async ([, text, input]) => {
  await using storage = await startSubgraph('storage');
  const variables = { input, key: 'attempt-1' };
  const [first, second] = await Promise.all([told(storage, text, variables), told(storage, text, variables)]);
  expect(second).toEqual(first);
  expect(await told(storage, text, variables)).toEqual(first);
  expect(writesOf(storage)).toHaveLength(1);
  const changed = text === assign ? { ...input, notes: 'other' } : { ...input, description: 'other' };
  const other = await refusal(storage, text, { input: changed, key: 'attempt-1' });
  expect(other).toMatchObject({ message: 'idempotencyKey: was used for something else before.' });
});

const update = `mutation ($input: UpdateStorageLocationInput!) { it: updateStorageLocation(id: "${locationId(1)}", input: $input) { id } }`;

test.for([
  ['input.name: must have 1 to 255 characters.', createLocation, { ...newLocation, name: '' }],
  ['input.name: must not be blank.', createLocation, { ...newLocation, name: ' ' }],
  ['input.maxCapacity: must be a whole number from 1 to 2147483647.', createLocation, { ...newLocation, maxCapacity: 0 }],
  ['input.metadata: must be a JSON object.', createLocation, { ...newLocation, metadata: 'x' }],
  ['input: must change something.', update, {}],
  ['input: must change something.', update, { name: null }],
  ['input.maxCapacity: must be a whole number from 1 to 2147483647.', update, { maxCapacity: -1 }],
  ['input.capacity: must be a whole number from 1 to 2147483647.', createContainer, { ...newContainer, capacity: 0 }],
  ['input.parentId: must be a UUID.', createContainer, { ...newContainer, parentId: 'x' }],
  ['input: must have both a row and a column, or none.', createContainer, { ...newContainer, row: 1 }],
  ['input.barcode: must have 1 to 100 characters.', createContainer, { ...newContainer, barcode: '' }],
  ['input.sampleId: must be a UUID.', assign, { ...assignment, sampleId: '../x' }],
  ['input.positionIdentifier: must have 1 to 50 characters.', assign, { ...assignment, positionIdentifier: 'x'.repeat(51) }],
  ['input.storageConditions: must be a JSON object.', assign, { ...assignment, storageConditions: [] }],
  ['input.newContainerId: must be a UUID.', move, { sampleId: stored, newContainerId: '7' }],
  [
    'input.reason: must have 0 to 2000 characters.',
    move,
    { sampleId: stored, newContainerId: freePosition, reason: 'x'.repeat(2_001) },
  ],
] as const)('%s Nothing is called', async ([message, text, input]) => {
  await using storage = await startSubgraph('storage');
  expect(await refusal(storage, text, { input })).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
  expect(storage.calls).toEqual([]);
});

test.for([
  'updateStorageLocation(id: "ID", input: { name: "x" }) { id }',
  'deleteStorageLocation(id: "ID")',
  'removeSampleFromStorage(sampleId: "ID")',
] as const)('%s: an id that is none costs no call, one that nobody has is not found', async (field) => {
  await using storage = await startSubgraph('storage');
  const ask = (id: string) => refusal(storage, `mutation { it: ${field.replace('ID', id)} }`);
  expect(await ask('7')).toMatchObject({ message: expect.stringMatching(/d: must be a UUID\.$/) });
  expect(storage.calls).toEqual([]);
  expect(await ask(unknownId)).toMatchObject({ extensions: { code: 'NOT_FOUND', service: 'storage' } });
});

test('strangers change nothing', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.ask(
    `mutation ($l: CreateStorageLocationInput!, $c: CreateStorageContainerInput!, $a: AssignSampleInput!) {
       a: createStorageLocation(input: $l) { id } b: createStorageContainer(input: $c) { id } c: assignSample(input: $a) { id }
       d: updateStorageLocation(id: "${locationId(1)}", input: { name: "x" }) { id } e: deleteStorageLocation(id: "${locationId(4)}")
       f: moveSample(input: { sampleId: "${stored}", newContainerId: "${freePosition}" }) { id }
       g: removeSampleFromStorage(sampleId: "${stored}") }`,
    { l: newLocation, c: newContainer, a: assignment },
    { caller: stranger },
  );
  expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(Array(7).fill('UNAUTHENTICATED'));
  expect(new Set(Object.values(data ?? {}))).toEqual(new Set([null]));
  expect(storage.calls).toEqual([]);
});

test.for([
  [400, 'BAD_USER_INPUT', 'The position is taken, or the sample is stored already.'],
  [401, 'UPSTREAM_REJECTED', 'The storage service refused this gateway.'],
  [404, 'NOT_FOUND', 'There is no such container.'],
  [429, 'UPSTREAM_RATE_LIMITED', 'The storage service asks to come back later.'],
] as const)('%i is told in our words', async ([status, code, message]) => {
  await using upstream = await startUpstream(always(status, '{"error":"relation v_positions on 10.0.0.7"}'));
  await using storage = await startSubgraph('storage', { url: upstream.url });
  const error = await refusal(storage, assign, { input: assignment });
  expect(error).toMatchObject({ message, extensions: { code, service: 'storage' } });
  expect(JSON.stringify(error)).not.toContain('10.0.0.7');
  expect(upstream.seen).toEqual(['POST /storage/samples/assign']);
});

const lying = (container: string): Json => ({
  position_id: unknownId,
  sample_id: notStored,
  position_identifier: null,
  assigned_at: '2026-11-20T00:00:00Z',
  position_status: 'occupied',
  container_id: container,
  container_name: 'A9',
  container_type: 'position',
  storage_conditions: {},
  special_requirements: {},
});

/** Answers every write with 500, and from then on every question as if it had been done. */
function forgetful(before: Record<string, unknown>, after: Record<string, unknown>) {
  let known = before;
  return ({ method, url = '' }: IncomingMessage, response: ServerResponse): void => {
    const json = { 'content-type': 'application/json' };
    const [path = ''] = url.split('?');
    if (method === 'GET') {
      response.writeHead(200, json).end(JSON.stringify({ success: true, data: known[path] ?? null }));
      return;
    }
    known = after;
    response.writeHead(500, json).end('{"error":"connection reset"}');
  };
}

const detailed = `/storage/samples/${notStored}/location-detailed`;
/** Later than any write of these tests, however long they take. */
const now = () => new Date(Date.now() + 600_000).toISOString();
const room = () => ({
  ...locations[0],
  name: newLocation.name,
  location_type: 'cabinet',
  temperature_zone: 'RT',
  max_capacity: 10,
  created_at: now(),
});
const rackRow = () => ({
  ...containers[2],
  name: newContainer.name,
  parent_container_id: freezer,
  barcode: null,
  created_at: now(),
});
const change = { input: { name: newLocation.name, maxCapacity: 10 } };
const pageOf = (rows: readonly object[]) => ({ data: rows, pagination: { total_items: rows.length } });

const failing = () =>
  [
    ['assigning', assign, { input: assignment }, {}, { [detailed]: lying(freePosition) }],
    [
      'moving',
      move,
      { input: { sampleId: notStored, newContainerId: freePosition } },
      { [detailed]: lying(takenPosition) },
      { [detailed]: lying(freePosition) },
    ],
    ['removing', remove(notStored), {}, { [detailed]: lying(freePosition) }, {}],
    [
      'creating a location',
      createLocation,
      { input: newLocation },
      { '/storage/locations': [] },
      { '/storage/locations': [room()] },
    ],
    ['changing a location', update, change, { '/storage/locations': [locations[0]] }, { '/storage/locations': [room()] }],
    [
      'deleting a location',
      `mutation { it: deleteStorageLocation(id: "${locationId(1)}") }`,
      {},
      { '/storage/locations': [room()] },
      { '/storage/locations': [] },
    ],
    [
      'creating a container',
      createContainer,
      { input: newContainer },
      { '/storage/containers': pageOf([]) },
      { '/storage/containers': pageOf([rackRow()]) },
    ],
  ] as const;

test.for(failing())(
  '%s that failed after it took effect says so, and is not repeated',
  async ([, text, variables, before, after]) => {
    await using upstream = await startUpstream(forgetful(before, after));
    await using storage = await startSubgraph('storage', { url: upstream.url });
    expect(await refusal(storage, text, variables)).toMatchObject({
      extensions: { code: 'UPSTREAM_UNAVAILABLE', outcome: 'COMMITTED', retryable: false },
    });
    expect(upstream.seen.filter((seen) => !seen.startsWith('GET'))).toHaveLength(1);
  },
);

test.for(failing())('%s of which no trace is found is unknown', async ([, text, variables, before]) => {
  await using upstream = await startUpstream(forgetful(before, before));
  await using storage = await startSubgraph('storage', { url: upstream.url });
  expect(await refusal(storage, text, variables)).toMatchObject({
    extensions: { code: 'UPSTREAM_UNAVAILABLE', outcome: 'UNKNOWN', retryable: false },
  });
  expect(upstream.seen.filter((seen) => !seen.startsWith('GET'))).toHaveLength(1);
});

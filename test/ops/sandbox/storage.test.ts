import { expect, test } from 'vitest';
import { containerId, counts, isStored, locationId, range, sampleId, userId } from '#ops/sandbox/data/facts.ts';
import { positionContainerId } from '#ops/sandbox/data/storage.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

type Data<Body> = { readonly data: Body };
type Container = {
  readonly id: string;
  readonly name: string;
  readonly occupied_count: number;
  readonly parent_container_id: string;
};
type Assignment = { readonly id: string; readonly chain_of_custody: readonly { readonly action: string }[] };
type Detail = {
  readonly container: Container;
  readonly children: readonly Container[];
  readonly samples: readonly Assignment[];
  readonly capacity_info: { readonly occupied_count: number };
};

const unknownId = '99999999-0000-4000-8000-000000000000';
const [freezer, rack, box] = [containerId(1), containerId(3), containerId(7)];
const [stored, unstored] = [sampleId(1), sampleId(9)];
const [freePosition, otherFreePosition] = [positionContainerId(9), positionContainerId(10)];

async function startStorage() {
  const sandbox = await startSandbox({ services: ['storage'], ports: 'any' });
  return { url: `${sandbox.urls.get('storage')}`, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

test('every success is wrapped in an envelope with a message and a time', async () => {
  await using storage = await startStorage();
  const { status, body } = await call(`${storage.url}/storage/locations/${locationId(1)}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    success: true,
    message: null,
    timestamp: expect.stringMatching(/Z$/),
    data: { id: locationId(1) },
  });
});

test('the list of locations holds all of them by name and ignores paging', async () => {
  await using storage = await startStorage();
  const { body } = await call<Data<{ name: string }[]>>(`${storage.url}/storage/locations?page=2&per_page=1&temperature_zone=RT`);
  const names = body.data.map(({ name }) => name);
  expect(names).toHaveLength(counts.locations);
  expect(names).toEqual(names.toSorted());
});

test('a location can be created, changed, read back and deleted', async () => {
  await using storage = await startStorage();
  const body = { name: 'Incubator', location_type: 'cabinet', temperature_zone: '37C', max_capacity: 10 };
  const created = await call<Data<{ id: string }>>(`${storage.url}/storage/locations`, { method: 'POST', body });
  expect(created.status).toBe(201);
  expect(created.body.data).toMatchObject({ ...body, description: null, current_capacity: 0, status: 'active', metadata: {} });
  const one = `${storage.url}/storage/locations/${created.body.data.id}`;
  const change = { method: 'PUT', body: { status: 'maintenance', description: 'Door is broken' } };
  expect((await call(one, change)).body).toMatchObject({ data: { status: 'maintenance', name: 'Incubator' } });
  expect((await call(one)).body).toMatchObject({ data: { description: 'Door is broken', max_capacity: 10 } });
  expect((await call(one, { method: 'DELETE' })).body).toMatchObject({ data: 'Storage location deleted successfully' });
  expect((await call(one)).status).toBe(404);
});

test('a location is refused without room, without change or with containers in it', async () => {
  await using storage = await startStorage();
  const locations = `${storage.url}/storage/locations`;
  const body = { name: 'Shelf', location_type: 'cabinet', temperature_zone: 'RT', max_capacity: 0 };
  const noRoom = await call(locations, { method: 'POST', body });
  const noChange = await call(`${locations}/${locationId(1)}`, { method: 'PUT', body: {} });
  const inUse = await call(`${locations}/${locationId(1)}`, { method: 'DELETE' });
  expect([noRoom.status, noChange.status, inUse.status]).toEqual([400, 400, 400]);
});

test('errors carry a text and a time with an offset, and no code', async () => {
  await using storage = await startStorage();
  const location = await call(`${storage.url}/storage/locations/${unknownId}`);
  expect([location.status, location.body]).toEqual([404, { error: 'Not found', timestamp: expect.stringMatching(/\+00:00$/) }]);
  const container = await call(`${storage.url}/storage/containers/${unknownId}`);
  expect([container.status, container.body]).toEqual([
    404,
    { error: 'Storage location not found', timestamp: expect.anything() },
  ]);
});

test('the framework refuses in plain text, and unknown routes and methods with nothing', async () => {
  await using storage = await startStorage();
  const assign = `${storage.url}/storage/samples/assign`;
  const broken = await call(assign, { method: 'POST', body: '{' });
  const wrongShape = await call(assign, { method: 'POST', body: { sample_id: stored } });
  const notUuid = await call(`${storage.url}/storage/locations/first`);
  const wrongQuery = await call(`${storage.url}/storage/containers?page=one`);
  expect([broken, wrongShape, notUuid, wrongQuery].map(({ status }) => status)).toEqual([400, 422, 400, 400]);
  expect(wrongShape.headers.get('content-type')).toContain('text/plain');
  const nowhere = await call(`${storage.url}/nowhere`);
  const wrongMethod = await call(`${storage.url}/storage/locations`, { method: 'DELETE' });
  expect([nowhere.status, nowhere.text, wrongMethod.status, wrongMethod.text]).toEqual([404, '', 405, '']);
});

test('the capacity of a location is what is used of it', async () => {
  await using storage = await startStorage();
  const { body } = await call(`${storage.url}/storage/locations/${locationId(1)}/capacity`);
  expect(body).toMatchObject({
    data: {
      location_id: locationId(1),
      max_capacity: 120,
      current_capacity: 80,
      utilization_percentage: 66.67,
      available_capacity: 40,
      status: 'normal',
    },
  });
});

test('the summary lists every location, and the utilization counts all positions', async () => {
  await using storage = await startStorage();
  const summary = await call<Data<unknown[]>>(`${storage.url}/storage/capacity/summary`);
  expect(summary.body.data).toHaveLength(counts.locations);
  expect(summary.body.data).toContainEqual(
    expect.objectContaining({ location_name: 'Cold Room', temperature_zone: '4C', current_capacity: 0, status: 'normal' }),
  );
  const utilization = await call(`${storage.url}/storage/utilization`);
  const share = { total_positions: 100, occupied_count: 80, utilization_percentage: 80 };
  expect(utilization.body).toMatchObject({
    data: {
      total_positions: 200,
      occupied_count: 160,
      available_count: 40,
      by_temperature_zone: [
        { temperature_zone: '-20C', ...share },
        { temperature_zone: '-80C', ...share },
      ],
    },
  });
});

test('the list of containers has data inside data, pages and working filters', async () => {
  await using storage = await startStorage();
  const list = `${storage.url}/storage/containers`;
  const first = await call(list);
  expect(first.body).toMatchObject({
    data: {
      data: { length: 20, 0: { id: freezer, container_type: 'freezer', location_id: locationId(1), grid_position: null } },
      pagination: { page: 1, per_page: 20, total_pages: 11, total_items: 214, has_next: true, has_prev: false },
    },
  });
  const boxes = await call(`${list}?container_type=box&temperature_zone=-20C&per_page=3&page=2`);
  expect(boxes.body).toMatchObject({
    data: { data: { length: 1 }, pagination: { page: 2, total_items: 4, has_next: false, has_prev: true } },
  });
  const children = await call(`${list}?parent_id=${rack}&status=active`);
  expect(children.body).toMatchObject({ data: { data: { length: 2, 0: { parent_container_id: rack, location_id: null } } } });
});

test('a container comes with its children, its samples and its capacity', async () => {
  await using storage = await startStorage();
  const { body: ofBox } = await call<Data<Detail>>(`${storage.url}/storage/containers/${box}`);
  expect(ofBox.data.children).toHaveLength(25);
  expect(ofBox.data.capacity_info).toEqual({
    total_capacity: 25,
    occupied_count: 21,
    available_count: 4,
    utilization_percentage: 84,
    capacity_status: 'warning',
    child_containers_count: 25,
    direct_samples_count: 0,
  });
  const position = `${storage.url}/storage/containers/${positionContainerId(1)}`;
  const { body: ofPosition } = await call<Data<Detail>>(position);
  expect(ofPosition.data.samples).toMatchObject([{ sample_id: stored, position_identifier: 'A1', removed_at: null }]);
  const { body: bare } = await call<Data<Detail>>(`${position}?include_samples=false`);
  expect(bare.data).toMatchObject({ samples: [], capacity_info: { direct_samples_count: 1 } });
});

test('a new container must fit into its parent, and its barcode must be new', async () => {
  await using storage = await startStorage();
  const containers = `${storage.url}/storage/containers`;
  const add = (body: object) =>
    call<Data<Container>>(containers, { method: 'POST', body: { name: 'New', capacity: 4, ...body } });
  const added = await add({ container_type: 'rack', parent_container_id: freezer, barcode: 'RAC-NEW', temperature_zone: '-80C' });
  expect(added.status).toBe(201);
  expect(added.body.data).toMatchObject({ parent_container_id: freezer, occupied_count: 0, created_by: null });
  const read = await call<Data<Detail>>(`${containers}/${added.body.data.id}`);
  expect(read.body.data.container).toEqual(added.body.data);
  const wrongParent = await add({ container_type: 'box', parent_container_id: freezer });
  const noRoom = await add({ container_type: 'rack', capacity: 0 });
  const noParent = await add({ container_type: 'box', parent_container_id: unknownId });
  const sameBarcode = await add({ container_type: 'rack', barcode: 'RAC-NEW' });
  expect([wrongParent, noRoom, noParent, sameBarcode].map(({ status }) => status)).toEqual([400, 400, 404, 409]);
});

test('the grid of a box shows every position, or only the occupied ones', async () => {
  await using storage = await startStorage();
  const grid = `${storage.url}/storage/containers/${box}/grid`;
  const { body } = await call<Data<{ positions: { position_identifier: string; sample_id: string | null }[] }>>(grid);
  expect(body.data).toMatchObject({ container_name: 'Box 1', grid_dimensions: { rows: 5, columns: 5, total_positions: 25 } });
  expect(body.data.positions.map((cell) => cell.position_identifier).join(' ')).toMatch(/^A1 A2 A3 A4 A5 B1 .* E5$/);
  expect(body.data.positions[8]).toMatchObject({ row: 2, column: 4, is_occupied: false, sample_id: null, status: 'available' });
  const full = await call<Data<{ positions: { sample_id: string | null }[] }>>(`${grid}?include_empty=false`);
  expect(full.body.data.positions).toHaveLength(range(25).filter(isStored).length);
  expect(full.body.data.positions[0]).toMatchObject({ sample_id: stored, status: 'occupied', sample_barcode: null });
});

test('the hierarchy goes down from a container as deep as it is told', async () => {
  await using storage = await startStorage();
  const hierarchy = `${storage.url}/storage/containers/${freezer}/hierarchy`;
  const { body: all } = await call<Data<unknown[]>>(hierarchy);
  expect(all.data).toHaveLength(1 + 2 + 4 + 100);
  expect(all.data.at(-1)).toMatchObject({
    container_type: 'position',
    level: 3,
    path: ['Freezer 1', 'Rack 2', 'Box 2', 'E5'],
    full_path: 'Freezer 1 / Rack 2 / Box 2 / E5',
  });
  const { body: shallow } = await call<Data<unknown[]>>(`${hierarchy}?max_depth=1`);
  expect(shallow.data).toMatchObject([
    { level: 0, path: ['Freezer 1'] },
    { level: 1, name: 'Rack 1' },
    { level: 1, name: 'Rack 2' },
  ]);
});

test('free containers and containers of a zone can be listed', async () => {
  await using storage = await startStorage();
  const containers = `${storage.url}/storage/containers`;
  const { body: free } = await call<Data<Container[]>>(`${containers}/available`);
  expect(free.data).toHaveLength(40);
  expect(free.data[0]?.id).toBe(freePosition);
  const { body: cold } = await call<Data<Container[]>>(`${containers}/available?temperature_zone=-80C&container_type=box`);
  expect(cold.data).toHaveLength(4);
  const { body: zone } = await call<Data<Container[]>>(`${containers}/by-temperature/-20C`);
  expect(zone.data).toHaveLength(107);
});

test('the detailed location names everything from the freezer down to the position', async () => {
  await using storage = await startStorage();
  const { body } = await call(`${storage.url}/storage/samples/${sampleId(198)}/location-detailed`);
  expect(body).toMatchObject({
    data: {
      sample_id: sampleId(198),
      position_identifier: 'E3',
      assigned_by: userId(6),
      position_status: 'occupied',
      storage_conditions: { temperature_zone: '-20C' },
      container_id: positionContainerId(198),
      container_name: 'E3',
      container_type: 'position',
      container_barcode: 'POS-0198',
      temperature_zone: '-20C',
      level: 3,
      path: ['Freezer 2', 'Rack 2', 'Box 2', 'E3'],
      full_path: 'Freezer 2 / Rack 2 / Box 2 / E3',
      location_name: 'Minus Twenty Room',
      location_zone_type: '-20C',
    },
  });
  const nowhere = await call(`${storage.url}/storage/samples/${unstored}/location-detailed`);
  expect([nowhere.status, nowhere.body]).toEqual([200, expect.objectContaining({ success: true, data: null })]);
});

test('assigning a sample fills its position and is counted up to the location', async () => {
  await using storage = await startStorage();
  const body = {
    sample_id: unstored,
    container_id: freePosition,
    position_identifier: 'B4',
    assigned_by: userId(2),
    notes: 'New',
  };
  const assigned = await call(`${storage.url}/storage/samples/assign`, { method: 'POST', body });
  expect(assigned.status).toBe(201);
  expect(assigned.body).toMatchObject({
    data: {
      ...body,
      status: 'occupied',
      removed_at: null,
      chain_of_custody: [{ action: 'assigned', container_id: freePosition }],
    },
  });
  const read = await call(`${storage.url}/storage/samples/${unstored}/location-detailed`);
  expect(read.body).toMatchObject({ data: { full_path: 'Freezer 1 / Rack 1 / Box 1 / B4', notes: 'New' } });
  for (const [id, occupied] of [
    [freePosition, 1],
    [box, 22],
    [rack, 41],
    [freezer, 81],
  ] as const) {
    const { body: detail } = await call<Data<Detail>>(`${storage.url}/storage/containers/${id}`);
    expect(detail.data.capacity_info.occupied_count).toBe(occupied);
  }
  const location = await call(`${storage.url}/storage/locations/${locationId(1)}`);
  expect(location.body).toMatchObject({ data: { current_capacity: 81 } });
});

test('a sample is refused where it cannot lie', async () => {
  await using storage = await startStorage();
  const assign = (sample: string, container: string) =>
    call<{ error: string }>(`${storage.url}/storage/samples/assign`, {
      method: 'POST',
      body: { sample_id: sample, container_id: container },
    });
  const refusals = [
    await assign(unstored, positionContainerId(1)),
    await assign(stored, freePosition),
    await assign(unstored, box),
    await assign(unstored, unknownId),
  ];
  expect(refusals.map(({ status, body }) => [status, body.error])).toEqual([
    [400, 'Position is already occupied'],
    [400, 'Sample is already assigned to a storage position'],
    [400, 'Samples can only be assigned to position containers'],
    [404, 'Storage location not found'],
  ]);
});

test('moving a sample keeps its conditions and extends its chain of custody', async () => {
  await using storage = await startStorage();
  const move = (sample: string) =>
    call<Data<Assignment>>(`${storage.url}/storage/samples/${sample}/move`, {
      method: 'PUT',
      body: { new_container_id: otherFreePosition, new_position_identifier: 'B5', moved_by: userId(3), reason: 'Defrost' },
    });
  const { status, body } = await move(stored);
  expect(status).toBe(200);
  expect(body.data).toMatchObject({
    container_id: otherFreePosition,
    assigned_by: userId(3),
    storage_conditions: { temperature_zone: '-80C' },
    chain_of_custody: [{ action: 'assigned' }, { action: 'moved', from_container_id: positionContainerId(1), reason: 'Defrost' }],
  });
  const left = await call<Data<Detail>>(`${storage.url}/storage/containers/${positionContainerId(1)}`);
  expect(left.body.data).toMatchObject({ samples: [], container: { occupied_count: 0 } });
  expect((await move(stored)).status).toBe(400);
  expect([(await move(unstored)).status, (await move(unstored)).body]).toEqual([
    404,
    expect.objectContaining({ error: 'Sample not found' }),
  ]);
});

test('removing a sample empties its position once', async () => {
  await using storage = await startStorage();
  const position = `${storage.url}/storage/samples/${stored}/position?removed_by=${userId(2)}&reason=used`;
  expect((await call(position, { method: 'DELETE' })).body).toMatchObject({ data: 'Sample removed from storage successfully' });
  const read = await call(`${storage.url}/storage/samples/${stored}/location-detailed`);
  expect(read.body).toMatchObject({ data: null });
  expect((await call(position, { method: 'DELETE' })).status).toBe(404);
});

test('placeholders answer a sentence in the envelope', async () => {
  await using storage = await startStorage();
  const sample = `${storage.url}/storage/samples/${stored}`;
  const answers = [
    await call(sample),
    await call(`${sample}/location`),
    await call(`${sample}/retrieve`, { method: 'POST' }),
    await call(`${storage.url}/storage/samples`, { method: 'POST' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 501]);
  for (const { body } of answers) expect(body).toMatchObject({ success: true, data: expect.any(String) });
});

test('health, readiness and metrics tell about the service', async () => {
  await using storage = await startStorage();
  const health = await call(`${storage.url}/health`);
  expect(health.body).toMatchObject({ status: 'healthy', service: 'enhanced-storage-service' });
  expect((await call(`${storage.url}/health/ready`)).body).toMatchObject({ status: 'ready' });
  const metrics = await call(`${storage.url}/health/metrics`);
  expect(metrics.body).toMatchObject({ statistics: { total_locations: 4, total_containers: 214, stored_samples: 160 } });
});

import { expect, test } from 'vitest';
import { containerId, counts, isStored, locationId, range, sampleId, userId } from '#ops/sandbox/data/facts.ts';
import type { Container } from '#ops/sandbox/data/storage.ts';
import { containers, locations, positionContainerId, seedAssignments } from '#ops/sandbox/data/storage.ts';
import type { ContainerRow } from '#subgraphs/storage/answers.ts';
import { capacityOfContainer, capacityOfLocation } from '#subgraphs/storage/capacity.ts';
import type { StorageClient } from '#subgraphs/storage/client.ts';
import { storageLoaders } from '#subgraphs/storage/loaders.ts';
import { locationOf, pathOf } from '#subgraphs/storage/place.ts';
import { usualWord, zoneOf } from '#subgraphs/storage/words.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const freezer = containerId(1);
const box = containerId(7);
const position = positionContainerId(1);

const samplesEntities = (fields: string): string =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { ${fields} } } }`;
const samples = (numbers: readonly number[]): object[] => numbers.map((n) => ({ __typename: 'Sample', id: sampleId(n) }));
const pathsOf = ({ calls }: SubgraphUnderTest): string[] =>
  calls.map(({ path, query }) => path + (query.size > 0 ? `?${query}` : ''));

const entitiesIn = (data: Readonly<Record<string, unknown>> | null | undefined): readonly unknown[] => {
  const entities = data?.['_entities'];
  return Array.isArray(entities) ? entities : [];
};

const assignments = seedAssignments();

test('every location comes in one call, by name, with zone and capacity', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.askLocally(
    `{ storageLocations { id name description locationType temperatureZone temperatureZoneRaw status metadata createdAt updatedAt
       capacity { total used available utilizationPercent status } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data?.['storageLocations']).toMatchObject([
    { name: 'Ambient Archive', temperatureZone: 'ROOM_TEMPERATURE', temperatureZoneRaw: 'RT' },
    { name: 'Cold Room', temperatureZone: 'REFRIGERATED_4', capacity: { total: 300, used: 0, available: 300, status: 'NORMAL' } },
    { name: 'Minus Twenty Room', temperatureZone: 'FREEZER_MINUS_20' },
    { id: locationId(1), temperatureZone: 'ULTRA_LOW_MINUS_80', temperatureZoneRaw: '-80C', locationType: 'freezer' },
  ]);
  expect(pathsOf(storage)).toEqual(['/storage/locations']);
});

test('several locations of a request share one call, and an unknown one is null', async () => {
  await using storage = await startSubgraph('storage');
  const text = `{ a: storageLocation(id: "${locationId(1)}") { name } b: storageLocation(id: "${locationId(2).toUpperCase()}") { name }
    c: storageLocation(id: "${unknownId}") { name } storageLocations { id } }`;
  const { data, errors } = await storage.askLocally(text);
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ a: { name: 'Ultra-Low Freezer Room' }, b: { name: 'Minus Twenty Room' }, c: null });
  expect(pathsOf(storage)).toEqual(['/storage/locations']);
});

test('what cannot be an id is null without a call', async () => {
  await using storage = await startSubgraph('storage');
  const text = `{ a: storageLocation(id: "1") { id } b: storageContainer(id: "../locations") { id } c: storageContainer(id: "") { id } }`;
  expect(await storage.ask(text)).toEqual({ data: { a: null, b: null, c: null } });
  expect(storage.calls).toEqual([]);
});

test('every field of a container has an answer, and none asks for occupants that are not wanted', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.askLocally(
    `{ storageContainer(id: "${box}") { id name type barcode description status temperatureZone temperatureZoneRaw metadata createdAt
       updatedAt capacity { total used } parent { id name } location { name } path { name type } children { id name } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data?.['storageContainer']).toMatchObject({
    id: box,
    name: 'Box 1',
    type: 'BOX',
    barcode: 'BOX-0001',
    temperatureZone: 'ULTRA_LOW_MINUS_80',
    capacity: { total: 25, used: 21 },
    parent: { id: containerId(3), name: 'Rack 1' },
    location: { name: 'Ultra-Low Freezer Room' },
    path: [
      { name: 'Freezer 1', type: 'FREEZER' },
      { name: 'Rack 1', type: 'RACK' },
      { name: 'Box 1', type: 'BOX' },
    ],
    children: { length: 25 },
  });
  expect(pathsOf(storage).sort()).toEqual(
    [box, containerId(3), freezer]
      .map((id) => `/storage/containers/${id}?include_samples=false`)
      .concat('/storage/locations')
      .sort(),
  );
});

test('a box shows its grid, its cells and the samples in them in two calls', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.askLocally(
    `{ storageContainer(id: "${box}") { grid { rows columns cells { identifier row column occupied status sample { id } container { id name type } } } } }`,
  );
  expect(errors).toBeUndefined();
  const box1 = data?.['storageContainer'] as { grid: { cells: object[] } };
  const { grid } = box1;
  expect(grid).toMatchObject({ rows: 5, columns: 5 });
  expect(grid.cells).toHaveLength(25);
  expect(grid.cells[0]).toEqual({
    identifier: 'A1',
    row: 1,
    column: 1,
    occupied: true,
    status: 'occupied',
    sample: { id: sampleId(1) },
    container: { id: position, name: 'A1', type: 'POSITION' },
  });
  expect(grid.cells[8]).toMatchObject({ identifier: 'B4', occupied: isStored(9), sample: null });
  expect(storage.calls).toHaveLength(2);
});

test('a position has no grid, and costs no call for it', async () => {
  await using storage = await startSubgraph('storage');
  const { data } = await storage.askLocally(`{ storageContainer(id: "${position}") { grid { rows } } }`);
  expect(data).toEqual({ storageContainer: { grid: null } });
  expect(storage.calls).toHaveLength(1);
});

test('a position tells its occupant with the whole chain of custody', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.ask(
    `{ storageContainer(id: "${position}") { occupants { id sample { id } container { id type } positionIdentifier status assignedAt
       assignedBy { id } removedAt storageConditions specialRequirements chainOfCustody notes } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data?.['storageContainer']).toEqual({
    occupants: [
      {
        id: assignments[0]?.id,
        sample: { id: sampleId(1) },
        container: { id: position, type: 'POSITION' },
        positionIdentifier: 'A1',
        status: 'occupied',
        assignedAt: assignments[0]?.assigned_at,
        assignedBy: { id: userId(1) },
        removedAt: null,
        storageConditions: { temperature_zone: '-80C' },
        specialRequirements: {},
        chainOfCustody: assignments[0]?.chain_of_custody,
        notes: null,
      },
    ],
  });
});

test('where twenty samples lie costs twenty calls for them and one for all locations', async () => {
  await using storage = await startSubgraph('storage');
  const stored = range(counts.samples).filter(isStored).slice(0, 20);
  const { data, errors } = await storage.askLocally(
    samplesEntities('storagePosition { positionIdentifier container { name location { name temperatureZone } } }'),
    { of: samples(stored) },
  );
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toHaveLength(20);
  const [first] = entitiesIn(data);
  expect(first).toEqual({
    storagePosition: {
      positionIdentifier: 'A1',
      container: { name: 'A1', location: { name: 'Ultra-Low Freezer Room', temperatureZone: 'ULTRA_LOW_MINUS_80' } },
    },
  });
  expect(pathsOf(storage).sort()).toEqual(
    stored
      .map((n) => `/storage/samples/${sampleId(n)}/location-detailed`)
      .concat('/storage/locations')
      .sort(),
  );
});

test('the same sample asked for twice is looked up once', async () => {
  await using storage = await startSubgraph('storage');
  await storage.askLocally(samplesEntities('storagePosition { id }'), { of: samples([1, 1, 1]) });
  expect(storage.calls).toHaveLength(1);
});

test('a sample that is not stored, unknown or no sample at all has no position', async () => {
  await using storage = await startSubgraph('storage');
  const of = [...samples([9, 300]), { __typename: 'Sample', id: unknownId }, { __typename: 'Sample', id: '../locations' }];
  const { data, errors } = await storage.ask(samplesEntities('id storagePosition { id }'), { of });
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toMatchObject(of.map(({ id }: { id?: string }) => ({ id, storagePosition: null })));
});

test('fields beyond a stub cost one call per container, shared by all of them', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.askLocally(
    samplesEntities(
      'storagePosition { container { barcode status capacity { total } metadata createdAt description parent { name } } }',
    ),
    { of: samples([1, 2]) },
  );
  expect(errors).toBeUndefined();
  expect(entitiesIn(data)[1]).toMatchObject({
    storagePosition: { container: { barcode: 'POS-0002', status: 'active', capacity: { total: 1 }, parent: { name: 'Box 1' } } },
  });
  const gets = pathsOf(storage).filter((path) => path.startsWith('/storage/containers/'));
  expect(gets).toHaveLength(3);
});

test('the chain of custody of a stored sample costs one call to its position', async () => {
  await using storage = await startSubgraph('storage');
  const { data } = await storage.askLocally(samplesEntities('storagePosition { chainOfCustody }'), { of: samples([2]) });
  expect(data?.['_entities']).toEqual([
    { storagePosition: { chainOfCustody: [expect.objectContaining({ action: 'assigned' })] } },
  ]);
  expect(pathsOf(storage)).toContain(`/storage/containers/${positionContainerId(2)}?include_samples=true`);
});

test('references to locations and containers come back in order, unknown ones as null', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.ask(
    `query ($of: [_Any!]!) { _entities(representations: $of) { ... on StorageLocation { id name } ... on StorageContainer { id name } } }`,
    {
      of: [
        { __typename: 'StorageContainer', id: box },
        { __typename: 'StorageLocation', id: unknownId },
        { __typename: 'StorageContainer', id: unknownId },
        { __typename: 'StorageLocation', id: locationId(2) },
        { __typename: 'StorageContainer', id: 'x' },
      ],
    },
  );
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual([
    { id: box, name: 'Box 1' },
    null,
    null,
    { id: locationId(2), name: 'Minus Twenty Room' },
    null,
  ]);
});

type Page = {
  nodes: { id: string }[];
  edges: { cursor: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number | null;
};

const pageText = `query ($first: Int, $after: String, $filter: StorageContainerFilter) {
  storageContainers(first: $first, after: $after, filter: $filter) {
    nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`;

async function walk(storage: SubgraphUnderTest, variables: Record<string, unknown>): Promise<Page[]> {
  const pages: Page[] = [];
  for (let after: string | null = null; ; ) {
    const { data } = await storage.askLocally(pageText, { ...variables, after });
    const page = data?.['storageContainers'] as Page;
    pages.push(page);
    if (!page.pageInfo.hasNextPage) return pages;
    after = page.pageInfo.endCursor;
  }
}

test('walking the pages meets every container once', async () => {
  await using storage = await startSubgraph('storage');
  const pages = await walk(storage, { first: 60 });
  expect(pages.flatMap(({ nodes }) => nodes.map(({ id }) => id))).toEqual(containers.map(({ id }) => id));
  expect(pages.map(({ totalCount }) => totalCount)).toEqual(pages.map(() => containers.length));
});

test.for<[string, object, (container: Container) => boolean]>([
  ['type', { type: 'RACK' }, (container) => container.container_type === 'rack'],
  ['temperatureZone', { temperatureZone: 'FREEZER_MINUS_20' }, (container) => container.temperature_zone === '-20C'],
  ['parentId', { parentId: box }, (container) => container.parent_container_id === box],
  ['status', { status: 'retired' }, () => false],
])('walking with a filter by %s meets what the filter means, and counts nothing', async ([, filter, matches]) => {
  await using storage = await startSubgraph('storage');
  const pages = await walk(storage, { first: 3, filter });
  expect(pages.flatMap(({ nodes }) => nodes.map(({ id }) => id))).toEqual(containers.filter(matches).map(({ id }) => id));
  expect(pages.every(({ totalCount }) => totalCount === null)).toBe(true);
});

test('a page of no rows tells the total and asks whether more follow', async () => {
  await using storage = await startSubgraph('storage');
  const { data } = await storage.ask(pageText, { first: 0 });
  expect(data?.['storageContainers']).toMatchObject({
    nodes: [],
    totalCount: containers.length,
    pageInfo: { hasNextPage: true },
  });
});

test.for([
  [{ first: 501 }, 'first: 501 is not between 0 and 500.'],
  [{ first: -1 }, 'first: -1 is not between 0 and 500.'],
  [{ after: 'nonsense' }, 'after: is not a cursor of this list.'],
  [{ filter: { parentId: 'x&per_page=9' } }, 'filter.parentId: is not a UUID.'],
] as const)('a list of containers refuses %j before any call', async ([variables, message]) => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.ask(pageText, variables);
  expect(data).toEqual({ storageContainers: null });
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(storage.calls).toEqual([]);
});

test('free positions are told apart by zone in one call', async () => {
  await using storage = await startSubgraph('storage');
  const { data, errors } = await storage.askLocally(
    `{ availablePositions(temperatureZone: FREEZER_MINUS_20) { id type temperatureZone capacity { available status } } }`,
  );
  expect(errors).toBeUndefined();
  const free = data?.['availablePositions'] as { id: string }[];
  const expected = range(counts.positions).filter((n) => n > 100 && !isStored(n));
  expect(free.map(({ id }) => id)).toEqual(expected.map(positionContainerId));
  expect(free[0]).toMatchObject({
    type: 'POSITION',
    temperatureZone: 'FREEZER_MINUS_20',
    capacity: { available: 1, status: 'NORMAL' },
  });
  expect(pathsOf(storage)).toEqual(['/storage/containers/available']);
});

test('positions of every zone are free when none is asked for', async () => {
  await using storage = await startSubgraph('storage');
  const { data } = await storage.ask('{ availablePositions { id } }');
  expect(data?.['availablePositions']).toHaveLength(counts.positions - assignments.length);
});

test('a service that fails leaves the sample and tells why', async () => {
  await using broken = await startUpstream(always(500, '{"error":"function round(double precision, integer) does not exist"}'));
  await using storage = await startSubgraph('storage', { url: broken.url });
  const { data, errors } = await storage.ask(samplesEntities('id storagePosition { id }'), { of: samples([1]) });
  expect(data).toEqual({ _entities: [{ id: sampleId(1), storagePosition: null }] });
  expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'storage', retryable: true } }]);
  expect(JSON.stringify(errors)).not.toContain('round');
});

test('an answer that is not the contract is told as such', async () => {
  await using odd = await startUpstream(always(200, '{"locations":[]}'));
  await using storage = await startSubgraph('storage', { url: odd.url });
  const { data, errors } = await storage.ask('{ storageLocations { id } }');
  expect(data).toEqual({ storageLocations: null });
  expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }]);
});

test.for([
  ['-80C', 'ULTRA_LOW_MINUS_80'],
  ['ultra_low_freezer', 'ULTRA_LOW_MINUS_80'],
  ['-20c', 'FREEZER_MINUS_20'],
  ['freezer', 'FREEZER_MINUS_20'],
  ['standard_freezer', 'FREEZER_MINUS_20'],
  ['4C', 'REFRIGERATED_4'],
  ['refrigerated', 'REFRIGERATED_4'],
  ['RT', 'ROOM_TEMPERATURE'],
  [' room_temperature ', 'ROOM_TEMPERATURE'],
  ['37C', 'INCUBATOR_37'],
  ['incubator', 'INCUBATOR_37'],
  ['liquid nitrogen', null],
  ['constructor', null],
  [null, null],
] as const)('the word %j means zone %s', ([word, zone]) => {
  expect(zoneOf(word)).toBe(zone);
  if (zone !== null) expect(zoneOf(usualWord(zone))).toBe(zone);
});

test('containers warn from 80 and 95 percent on, locations only above', () => {
  expect([79, 80, 94, 95].map((used) => capacityOfContainer(100, used).status)).toEqual([
    'NORMAL',
    'WARNING',
    'WARNING',
    'CRITICAL',
  ]);
  expect([80, 81, 95, 96].map((used) => capacityOfLocation(100, used).status)).toEqual([
    'NORMAL',
    'WARNING',
    'WARNING',
    'CRITICAL',
  ]);
  expect(capacityOfContainer(0, 0)).toMatchObject({ utilizationPercent: 0, available: 0 });
  expect(capacityOfContainer(3, 4)).toMatchObject({ utilizationPercent: 133.33, available: 0 });
});

const row = (id: string, parentId: string | null, locationId: string | null = null): ContainerRow => ({
  kind: 'row',
  id,
  name: id,
  type: 'BOX',
  barcode: null,
  temperatureZone: null,
  temperatureZoneRaw: null,
  parentId,
  locationId,
  description: null,
  status: 'active',
  capacity: capacityOfContainer(1, 0),
  metadata: {},
  createdAt: '2026-11-01T00:00:00Z',
  updatedAt: '2026-11-01T00:00:00Z',
});

function madeUp(rows: readonly ContainerRow[], names: readonly string[] = []) {
  const asked: string[] = [];
  const client: StorageClient = {
    locations: async () => names.map((name, index) => ({ ...place, id: locationId(index + 1), name })),
    container: async (id) => {
      asked.push(id);
      const container = rows.find((candidate) => candidate.id === id);
      return container === undefined ? null : { container, children: [] };
    },
    containers: async () => ({ rows: [], total: 0 }),
    occupants: async () => null,
    grid: async () => null,
    available: async () => [],
    position: async () => null,
  };
  return { loaders: storageLoaders(client), asked };
}

const place = {
  description: null,
  locationType: 'room',
  temperatureZone: null,
  temperatureZoneRaw: 'RT',
  status: 'active',
  capacity: capacityOfLocation(1, 0),
  metadata: {},
  createdAt: '2026-11-01T00:00:00Z',
  updatedAt: '2026-11-01T00:00:00Z',
};

test('containers that stand in each other in a circle end the climb', async () => {
  const circle = [row(containerId(1), containerId(2)), row(containerId(2), containerId(1))];
  const { loaders, asked } = madeUp(circle);
  const [first] = circle;
  expect(first && (await pathOf(first, loaders)).map(({ id }) => id)).toEqual([containerId(2), containerId(1)]);
  expect(first && (await locationOf(first, loaders))).toBeNull();
  expect(asked.length).toBeLessThanOrEqual(2);
});

test('a climb ends after six containers', async () => {
  const tower = range(10).map((n) => row(containerId(n), containerId(n + 1)));
  const { loaders } = madeUp(tower);
  expect(tower[0] && (await pathOf(tower[0], loaders))).toHaveLength(6);
});

test('a name that two locations share is not trusted: the containers are climbed', async () => {
  const rows = [row(containerId(1), containerId(2)), row(containerId(2), null, locationId(2))];
  const { loaders, asked } = madeUp(rows, ['Room', 'Room']);
  const stub = { ...row(containerId(1), null), kind: 'stub' as const, locationName: 'Room' };
  expect(await locationOf(stub, loaders)).toMatchObject({ id: locationId(2) });
  expect(asked).toEqual([containerId(1), containerId(2)]);
});

test('the seed has the rows these tests count on', () => {
  expect(locations).toHaveLength(counts.locations);
  expect(containers.find(({ id }) => id === box)?.name).toBe('Box 1');
});

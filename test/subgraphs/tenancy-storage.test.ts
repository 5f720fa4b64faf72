import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { containerId, isStored, locationId, sampleId } from '#ops/sandbox/data/facts.ts';
import { positionContainerId } from '#ops/sandbox/data/storage.ts';
import { askEverything } from '#test/harness/ask-everything.ts';
import { administrator } from '#test/harness/callers.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import {
  acme,
  canary,
  expectAlike,
  expectOwn,
  foreignId,
  helix,
  missingId,
  plant,
  samplesOf,
  writesOf,
} from '#test/harness/tenants.ts';

let storage: SubgraphUnderTest;

/** Free positions, one for each that changes something. */
const free = (n: number): string => positionContainerId([9, 10, 19, 20, 29][n] ?? 9);
const ownStored = samplesOf('acme-genomics').filter(isStored);
const boxes = Array.from({ length: 60 }, (_, n) => containerId(n + 1));

beforeAll(async () => {
  storage = await startSubgraph('storage');
  await plant(`${storage.upstream}/storage/locations`, {
    name: 'Room of all',
    description: canary,
    location_type: 'room',
    temperature_zone: 'RT',
    max_capacity: 10,
    metadata: { for: canary },
  });
  await plant(`${storage.upstream}/storage/samples/assign`, {
    sample_id: sampleId(29),
    container_id: free(4),
    position_identifier: canary,
    storage_conditions: { word: canary },
    notes: canary,
  });
});

beforeEach(() => {
  storage.calls.length = 0;
});

afterAll(() => storage[Symbol.asyncDispose]());

test('no root field and no entity tells an organization of what is not its own', async () => {
  const answers = await askEverything(storage, {
    caller: acme,
    depth: 3,
    fields: {
      storageLocation: [`id: "${locationId(1)}"`],
      storageContainer: [positionContainerId(2), free(4), ...boxes.slice(0, 8)].map((id) => `id: "${id}"`),
      storageContainers: ['first: 30', 'first: 5, filter: { type: POSITION }'],
    },
    entities: {
      Sample: [{ id: foreignId }, { id: sampleId(29) }, { id: sampleId(1) }],
      StorageContainer: [{ id: positionContainerId(3) }, { id: free(4) }],
      StorageLocation: [{ id: locationId(2) }],
    },
  });
  for (const { data, errors } of answers) expectOwn({ data, errors });
  expect(answers.flatMap(({ errors = [] }) => errors)).toEqual([]);
  expect(JSON.stringify(answers)).toContain(sampleId(1));
  expect(JSON.stringify(answers)).toContain('Room of all');
});

test('an organization sees where its own samples lie', async () => {
  const text =
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { storagePosition { sample { id } container { id } } } } }';
  const of = ownStored.slice(0, 3).map((n) => ({ __typename: 'Sample', id: sampleId(n) }));
  const { data } = await storage.ask(text, { of }, { caller: acme });
  const placed = ownStored
    .slice(0, 3)
    .map((n) => ({ storagePosition: { sample: { id: sampleId(n) }, container: { id: positionContainerId(n) } } }));
  expect(data).toEqual({ _entities: placed });
  expect((await storage.ask(text, { of }, { caller: helix })).data).toEqual({
    _entities: of.map(() => ({ storagePosition: null })),
  });
});

test('where the sample of another lies an organization sees that it is taken, and no more', async () => {
  const text = `query ($id: ID!) { storageContainer(id: $id) { capacity { used } occupants { sample { id } }
    parent { grid { cells { identifier occupied sample { id } container { id } } } } } }`;
  const seenBy = async (caller = administrator) => {
    const { data, errors } = await storage.ask(text, { id: positionContainerId(2) }, { caller });
    expect(errors).toBeUndefined();
    const { storageContainer: seen } = data as unknown as { storageContainer: Seen };
    return { ...seen, cells: seen.parent.grid.cells };
  };
  const [whole, own] = [await seenBy(), await seenBy(acme)];
  expect([whole.occupants, own.occupants]).toEqual([[{ sample: { id: sampleId(2) } }], []]);
  expect(own.capacity).toEqual({ used: 1 });
  expect(own.cells.map(({ occupied }) => occupied)).toEqual(whole.cells.map(({ occupied }) => occupied));
  const ownIds = new Set(samplesOf('acme-genomics').map(sampleId));
  const expected = whole.cells.map(({ sample }) => (sample !== null && ownIds.has(sample.id) ? sample : null));
  expect(own.cells.map(({ sample }) => sample)).toEqual(expected);
  expect(expected.filter((sample) => sample !== null).length).toBeGreaterThan(2);
});

type Cell = { readonly occupied: boolean; readonly sample: { readonly id: string } | null };
type Seen = {
  readonly capacity: object;
  readonly occupants: readonly object[];
  readonly parent: { readonly grid: { readonly cells: readonly Cell[] } };
};

describe('the sample of another is as one that is not there', () => {
  const position = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { storagePosition { id } } } }';

  test.for([
    (id: string) => ({ text: position, variables: { of: [{ __typename: 'Sample', id }] } }),
    (id: string) => ({ text: `mutation { assignSample(input: { sampleId: "${id}", containerId: "${free(0)}" }) { id } }` }),
    (id: string) => ({ text: `mutation { storeSample(input: { sampleId: "${id}", containerId: "${free(0)}" }) { id } }` }),
    (id: string) => ({ text: `mutation { moveSample(input: { sampleId: "${id}", newContainerId: "${free(0)}" }) { id } }` }),
    (id: string) => ({ text: `mutation { removeSampleFromStorage(sampleId: "${id}") }` }),
  ])('in text and calls (%#)', async (question) => {
    const { errors } = await expectAlike(storage, question);
    expect(writesOf(storage)).toEqual([]);
    if (question('').text !== position) expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });
});

test('an organization moves its own samples, takes them out and puts them away', async () => {
  const [first = 1, second = 4] = ownStored;
  const changes = [
    `moveSample(input: { sampleId: "${sampleId(first)}", newContainerId: "${free(1)}" }) { container { id } }`,
    `removeSampleFromStorage(sampleId: "${sampleId(second)}")`,
    `assignSample(input: { sampleId: "${sampleId(second)}", containerId: "${free(2)}" }) { container { id } }`,
  ];
  const answers: unknown[] = [];
  for (const change of changes) answers.push(await storage.askLocally(`mutation { it: ${change} }`, {}, { caller: acme }));
  expect(answers).toEqual([
    { data: { it: { container: { id: free(1) } } } },
    { data: { it: true } },
    { data: { it: { container: { id: free(2) } } } },
  ]);
});

test("a position that another's sample has taken is taken", async () => {
  const text = `mutation { storeSample(input: { sampleId: "${sampleId(19)}", containerId: "${positionContainerId(2)}" }) { id } }`;
  const { errors } = await storage.askLocally(text, {}, { caller: acme });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  const { data } = await storage.askLocally(
    `{ storageContainer(id: "${positionContainerId(2)}") { occupants { sample { id } } } }`,
  );
  expect(data).toEqual({ storageContainer: { occupants: [{ sample: { id: sampleId(2) } }] } });
});

test.for([
  'createStorageLocation(input: { name: "x", locationType: "room", temperatureZone: REFRIGERATED_4, maxCapacity: 1 }) { id }',
  `updateStorageLocation(id: "${locationId(1)}", input: { name: "x" }) { id }`,
  `updateStorageLocation(id: "${missingId}", input: { name: "x" }) { id }`,
  `deleteStorageLocation(id: "${locationId(1)}")`,
  'createStorageContainer(input: { name: "x", type: FREEZER, capacity: 1 }) { id }',
])('places are for the laboratory to change (%#)', async (change) => {
  const { errors } = await storage.ask(`mutation { it: ${change} }`, {}, { caller: helix });
  const message = 'This is for the laboratory alone, not for other organizations.';
  expect(errors).toMatchObject([{ message, extensions: { code: 'FORBIDDEN' } }]);
  expect(storage.calls).toEqual([]);
});

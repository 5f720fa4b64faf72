import type { Call } from '#kit/call.ts';
import type { Clock } from '#kit/clock.ts';
import type { Connection } from '#kit/connection.ts';
import { connection, pagesFor, windowOf } from '#kit/connection.ts';
import type { Once, SubgraphResolvers } from '#kit/define-subgraph.ts';
import { ExpectedError } from '#kit/errors.ts';
import { isUuid } from '#kit/ids.ts';
import { referenceTo } from '#kit/reference.ts';
import type { SampleStates } from '#kit/sample-states.ts';
import type { Container, ContainerRow, Grid, SamplePosition } from './answers.ts';
import type { ContainerFilter, StorageClient } from './client.ts';
import type { StorageLoaders } from './loaders.ts';
import { locationOf, pathOf, rowOf } from './place.ts';
import type { TemperatureZone } from './words.ts';
import type { StorageWrites } from './writes.ts';

export type StorageClients = {
  readonly client: StorageClient;
  readonly writes: StorageWrites;
  readonly samples: SampleStates;
};

export type StorageContext = StorageClients & {
  /** The same with a deadline of their own, for what must come to an end although the caller is gone. */
  readonly detached: () => StorageClients;
  readonly onLeftBehind: (error: Error) => void;
  readonly loaders: StorageLoaders;
  /** Puts new loaders in place of those that may know what has changed. */
  readonly forget: () => void;
  readonly clock: Clock;
  readonly call: Call;
  readonly once: Once;
};

type ById = { readonly id: string };

type InZone = { readonly temperatureZone?: TemperatureZone | null };

type ManyContainers = {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly filter?: ContainerFilter | null;
};

const location = (_: unknown, { id }: ById, { loaders }: StorageContext) => loaders.location.load(id);
const container = (_: unknown, { id }: ById, { loaders }: StorageContext) => loaders.container.load(id);

export const resolvers: SubgraphResolvers = {
  Query: {
    storageLocation: location,
    storageLocations: (_: unknown, __: unknown, { loaders }: StorageContext) => loaders.locations(),
    storageContainer: container,
    storageContainers: (_: unknown, wanted: ManyContainers, context: StorageContext) => containers(wanted, context),
    availablePositions: (_: unknown, wanted: InZone, context: StorageContext) => available(wanted, context),
  },
  StorageLocation: {
    __resolveReference: (reference: ById, context: StorageContext) => location(null, reference, context),
  },
  StorageContainer: {
    __resolveReference: (reference: ById, context: StorageContext) => container(null, reference, context),
    description: fromRow((row) => row.description),
    status: fromRow((row) => row.status),
    parent: fromRow(({ parentId }, { container }) => (parentId === null ? null : container.load(parentId))),
    location: (from: Container, _: unknown, { loaders }: StorageContext) => locationOf(from, loaders),
    path: (from: Container, _: unknown, { loaders }: StorageContext) => pathOf(from, loaders),
    children: ({ id }: Container, _: unknown, { loaders }: StorageContext) => loaders.children.load(id),
    occupants: ({ id }: Container, _: unknown, { loaders }: StorageContext) => loaders.occupants.load(id),
    grid: (from: Container, _: unknown, { loaders }: StorageContext) => gridOf(from, loaders),
    capacity: fromRow((row) => row.capacity),
    metadata: fromRow((row) => row.metadata),
    createdAt: fromRow((row) => row.createdAt),
    updatedAt: fromRow((row) => row.updatedAt),
  },
  GridCell: {
    container: (cell: Cell, _: unknown, { loaders }: StorageContext) => containerOfCell(cell, loaders),
    sample: ({ sampleId }: Cell) => referenceTo('Sample', sampleId),
  },
  SamplePosition: {
    sample: ({ sampleId }: SamplePosition) => ({ __typename: 'Sample', id: sampleId }),
    container: ({ container, containerId }: SamplePosition, _: unknown, { loaders }: StorageContext) =>
      container ?? loaders.container.load(containerId),
    assignedBy: ({ assignedBy }: SamplePosition) => referenceTo('User', assignedBy),
    chainOfCustody: (position: SamplePosition, _: unknown, { loaders }: StorageContext) => custodyOf(position, loaders),
  },
  Sample: {
    __resolveReference: ({ id }: ById) => ({ id }),
    storagePosition: ({ id }: ById, _: unknown, { loaders }: StorageContext) => loaders.position.load(id),
  },
};

/** A field that a stub has to look up. */
function fromRow<Value>(field: (row: ContainerRow, loaders: StorageLoaders) => Value) {
  return async (from: Container, _: unknown, { loaders }: StorageContext) => {
    const row = await rowOf(from, loaders);
    return row === null ? null : field(row, loaders);
  };
}

async function containers(wanted: ManyContainers, { client, loaders }: StorageContext): Promise<Connection<ContainerRow>> {
  const filter = wanted.filter ?? {};
  const window = windowOf(wanted, { size: 20, max: 500 });
  if (filter.parentId != null && !isUuid(filter.parentId))
    throw new ExpectedError('BAD_USER_INPUT', 'filter.parentId: is not a UUID.');
  // With a filter the service's total is of no use, so one row more is read to see whether any follows.
  const filtered = Object.values(filter).some((condition) => condition != null);
  const read = filtered ? { ...window, limit: window.limit + 1 } : window;
  const { size, pages, skip } = pagesFor(read, 1_000);
  const answers = await Promise.all(pages.map((page) => client.containers({ page, size, filter })));
  const rows = answers.flatMap((answer) => loaders.remember(answer.rows)).slice(skip);
  if (filtered) return connection({ rows, window, total: null, hasNext: rows.length > window.limit });
  return connection({ rows, window, total: answers[0]?.total ?? 0 });
}

/** The service compares words of zones, of which one zone may have several; so all are read and compared by zone here. */
async function available({ temperatureZone }: InZone, { client, loaders }: StorageContext): Promise<readonly ContainerRow[]> {
  const rows = loaders.remember(await client.available());
  return temperatureZone == null ? rows : rows.filter((row) => row.temperatureZone === temperatureZone);
}

type Cell = Grid['cells'][number] & { readonly insideOf: string };

async function gridOf({ id, type }: Container, { grid }: StorageLoaders): Promise<object | null> {
  const found = type === 'POSITION' ? null : await grid.load(id);
  return found && { ...found, cells: found.cells.map((cell): Cell => ({ ...cell, insideOf: id })) };
}

/** The children of the container around it come in one call, and then every cell of the grid is known. */
async function containerOfCell({ containerId, insideOf }: Cell, loaders: StorageLoaders): Promise<ContainerRow | null> {
  if (containerId === null) return null;
  await loaders.children.load(insideOf);
  return loaders.container.load(containerId);
}

async function custodyOf({ id, containerId, chainOfCustody }: SamplePosition, { occupants }: StorageLoaders): Promise<unknown> {
  if (chainOfCustody !== undefined) return chainOfCustody;
  const stay = (await occupants.load(containerId))?.find((occupant) => occupant.id === id);
  return stay?.chainOfCustody ?? null;
}

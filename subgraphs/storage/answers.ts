import { z } from 'zod';
import type { Capacity } from './capacity.ts';
import { capacityOfContainer, capacityOfLocation } from './capacity.ts';
import type { ContainerType, TemperatureZone } from './words.ts';
import { ContainerTypeWord, zoneOf } from './words.ts';

/* How the storage service writes what it knows (contract section 1.3), and what becomes of it here. */

const text = z.string().nullable().default(null);
const json = z.unknown();

export const StorageLocation = z
  .object({
    id: z.string(),
    name: z.string(),
    description: text,
    location_type: z.string(),
    temperature_zone: z.string(),
    max_capacity: z.number(),
    current_capacity: z.number(),
    status: z.string(),
    metadata: json,
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    locationType: row.location_type,
    temperatureZone: zoneOf(row.temperature_zone),
    temperatureZoneRaw: row.temperature_zone,
    status: row.status,
    capacity: capacityOfLocation(row.max_capacity, row.current_capacity),
    metadata: row.metadata,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));

export type StorageLocation = Readonly<z.infer<typeof StorageLocation>>;

type ContainerHead = {
  readonly id: string;
  readonly name: string;
  readonly type: ContainerType;
  readonly barcode: string | null;
  readonly temperatureZone: TemperatureZone | null;
  readonly temperatureZoneRaw: string | null;
};

/** What the position of a sample tells about the container it is in. */
type ContainerStub = ContainerHead & { readonly kind: 'stub'; readonly locationName: string | null };

export type ContainerRow = ContainerHead & {
  readonly kind: 'row';
  readonly parentId: string | null;
  readonly locationId: string | null;
  readonly description: string | null;
  readonly status: string;
  readonly capacity: Capacity;
  readonly metadata: unknown;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type Container = ContainerStub | ContainerRow;

export const ContainerRow = z
  .object({
    id: z.string(),
    name: z.string(),
    container_type: ContainerTypeWord,
    parent_container_id: text,
    location_id: text,
    capacity: z.number(),
    occupied_count: z.number(),
    temperature_zone: text,
    barcode: text,
    description: text,
    status: z.string(),
    container_metadata: json,
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform(
    (row): ContainerRow => ({
      kind: 'row',
      id: row.id,
      name: row.name,
      type: row.container_type,
      barcode: row.barcode,
      temperatureZone: zoneOf(row.temperature_zone),
      temperatureZoneRaw: row.temperature_zone,
      parentId: row.parent_container_id,
      locationId: row.location_id,
      description: row.description,
      status: row.status,
      capacity: capacityOfContainer(row.capacity, row.occupied_count),
      metadata: row.container_metadata,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }),
  );

export type SamplePosition = {
  readonly id: string;
  readonly sampleId: string;
  readonly containerId: string;
  /** Comes along where the position was asked for by its sample. */
  readonly container?: ContainerStub;
  readonly positionIdentifier: string | null;
  readonly status: string;
  readonly assignedAt: string;
  readonly assignedBy: string | null;
  readonly removedAt: string | null;
  readonly storageConditions: unknown;
  readonly specialRequirements: unknown;
  /** Only what lies in a container is told with its history. */
  readonly chainOfCustody?: unknown;
  readonly notes: string | null;
};

const stay = {
  sample_id: z.string(),
  container_id: z.string(),
  position_identifier: text,
  assigned_at: z.string(),
  assigned_by: text,
  storage_conditions: json,
  special_requirements: json,
  notes: text,
};

type Stay = z.infer<z.ZodObject<typeof stay>>;

const fromStay = (row: Stay) => ({
  sampleId: row.sample_id,
  containerId: row.container_id,
  positionIdentifier: row.position_identifier,
  assignedAt: row.assigned_at,
  assignedBy: row.assigned_by,
  storageConditions: row.storage_conditions,
  specialRequirements: row.special_requirements,
  notes: row.notes,
});

export const Occupant = z
  .object({ ...stay, id: z.string(), status: z.string(), removed_at: text, chain_of_custody: json })
  .transform(
    (row): SamplePosition => ({
      ...fromStay(row),
      id: row.id,
      status: row.status,
      removedAt: row.removed_at,
      chainOfCustody: row.chain_of_custody ?? null,
    }),
  );

export const DetailedLocation = z
  .object({
    ...stay,
    position_id: z.string(),
    position_status: z.string(),
    container_name: z.string(),
    container_type: ContainerTypeWord,
    container_barcode: text,
    temperature_zone: text,
    location_name: text,
  })
  .transform(
    (row): SamplePosition => ({
      ...fromStay(row),
      id: row.position_id,
      status: row.position_status,
      removedAt: null,
      container: {
        kind: 'stub',
        id: row.container_id,
        name: row.container_name,
        type: row.container_type,
        barcode: row.container_barcode,
        temperatureZone: zoneOf(row.temperature_zone),
        temperatureZoneRaw: row.temperature_zone,
        locationName: row.location_name,
      },
    }),
  );

const Cell = z
  .object({
    container_id: text,
    position_identifier: z.string(),
    row: z.number(),
    column: z.number(),
    is_occupied: z.boolean(),
    sample_id: text,
    status: z.string(),
  })
  .transform((cell) => ({
    containerId: cell.container_id,
    identifier: cell.position_identifier,
    row: cell.row,
    column: cell.column,
    occupied: cell.is_occupied,
    sampleId: cell.sample_id,
    status: cell.status,
  }));

export const Grid = z
  .object({ grid_dimensions: z.object({ rows: z.number(), columns: z.number() }), positions: z.array(Cell) })
  .transform(({ grid_dimensions: { rows, columns }, positions }) => ({ rows, columns, cells: positions }));

export type Grid = Readonly<z.infer<typeof Grid>>;

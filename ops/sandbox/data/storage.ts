import { containerId, counts, epoch, isStored, locationId, range, sampleId, userId } from './facts.ts';
import type { Owner, OwnerOf } from './owners.ts';
import { seedOwners } from './owners.ts';

export type Location = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly location_type: string;
  readonly temperature_zone: string;
  readonly max_capacity: number;
  /** The used count, despite the name (contract section 1.3). */
  readonly current_capacity: number;
  readonly coordinates: unknown;
  readonly status: string;
  readonly metadata: unknown;
  readonly created_at: string;
  readonly updated_at: string;
};

export const containerTypes = ['freezer', 'rack', 'box', 'position'] as const;

type ContainerType = (typeof containerTypes)[number];

/** A container of the seed; the columns it leaves out are null. */
export type Container = {
  readonly id: string;
  readonly name: string;
  readonly container_type: ContainerType;
  readonly parent_container_id: string | null;
  /** Only freezers have one; everything below climbs its parents. */
  readonly location_id: string | null;
  readonly grid_position: { readonly row: number; readonly column: number } | null;
  readonly dimensions: { readonly rows: number; readonly columns: number } | null;
  /** In samples, on every level: 100 for a freezer, 50 for a rack, 25 for a box, 1 for a position. */
  readonly capacity: number;
  readonly occupied_count: number;
  readonly temperature_zone: string;
  readonly barcode: string;
  readonly status: string;
  readonly installation_date: string | null;
  readonly container_metadata: unknown;
  readonly access_restrictions: unknown;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by: string;
};

export type Assignment = {
  readonly id: string;
  readonly sample_id: string;
  readonly container_id: string;
  readonly position_identifier: string;
  readonly assigned_at: string;
  readonly assigned_by: string;
  readonly status: string;
  readonly storage_conditions: unknown;
  readonly special_requirements: unknown;
  readonly chain_of_custody: readonly unknown[];
  readonly position_metadata: unknown;
  readonly notes: string | null;
  readonly created_at: string;
  readonly updated_at: string;
};

const gridSide = 5;
const positionsPerBox = gridSide * gridSide;
const boxesPerRack = 2;
const racksPerFreezer = 2;
const racks = counts.freezers * racksPerFreezer;
const boxes = racks * boxesPerRack;

/** Containers are numbered through: freezers first, then racks, boxes and positions. */
const firstOf = { freezer: 0, rack: counts.freezers, box: counts.freezers + racks, position: counts.freezers + racks + boxes };

export const positionContainerId = (position: number): string => containerId(firstOf.position + position);

const day = 86_400_000;
const at = (daysBefore: number): string => new Date(epoch - daysBefore * day).toISOString();
const zones = ['-80C', '-20C', '4C', 'RT'] as const;

const capacityOf: Record<ContainerType, number> = {
  freezer: positionsPerBox * boxesPerRack * racksPerFreezer,
  rack: positionsPerBox * boxesPerRack,
  box: positionsPerBox,
  position: 1,
};

/** Samples in the n-th container of a type: positions are filled in order, so each container covers a stretch of them. */
function occupiedIn(type: ContainerType, n: number): number {
  const size = capacityOf[type];
  return range(size).filter((index) => isStored((n - 1) * size + index)).length;
}

const places = [
  { name: 'Ultra-Low Freezer Room', location_type: 'freezer', max_capacity: 120 },
  { name: 'Minus Twenty Room', location_type: 'freezer', max_capacity: 150 },
  { name: 'Cold Room', location_type: 'refrigerator', max_capacity: 300 },
  { name: 'Ambient Archive', location_type: 'cabinet', max_capacity: 500 },
] as const;

export const locations: readonly Location[] = places.map((place, index) => ({
  ...place,
  id: locationId(index + 1),
  description: `${zones[index]} storage on floor ${index + 1}`,
  temperature_zone: zones[index] ?? 'RT',
  current_capacity: index < counts.freezers ? occupiedIn('freezer', index + 1) : 0,
  coordinates: { floor: index + 1, room: `S-${index + 1}01` },
  status: 'active',
  metadata: {},
  created_at: at(700),
  updated_at: at(30),
}));

type Shape = Pick<Container, 'name' | 'container_type' | 'grid_position' | 'dimensions'> & { readonly parent: number | null };

function container(n: number, { parent, ...shape }: Shape): Container {
  const type = shape.container_type;
  const freezer = Math.ceil((n * capacityOf[type]) / capacityOf.freezer);
  return {
    ...shape,
    id: containerId(firstOf[type] + n),
    parent_container_id: parent === null ? null : containerId(parent),
    location_id: parent === null ? locationId(freezer) : null,
    capacity: capacityOf[type],
    occupied_count: occupiedIn(type, n),
    temperature_zone: zones[freezer - 1] ?? 'RT',
    barcode: `${type.slice(0, 3).toUpperCase()}-${String(n).padStart(4, '0')}`,
    status: 'active',
    installation_date: type === 'freezer' ? at(600) : null,
    container_metadata: {},
    access_restrictions: {},
    created_at: at(600),
    updated_at: at(30),
    created_by: userId(1),
  };
}

const freezer = (n: number): Container =>
  container(n, { name: `Freezer ${n}`, container_type: 'freezer', grid_position: null, dimensions: null, parent: null });

const rack = (n: number): Container =>
  container(n, {
    name: `Rack ${within(n, racksPerFreezer)}`,
    container_type: 'rack',
    grid_position: { row: within(n, racksPerFreezer), column: 1 },
    dimensions: { rows: 1, columns: boxesPerRack },
    parent: firstOf.freezer + Math.ceil(n / racksPerFreezer),
  });

const box = (n: number): Container =>
  container(n, {
    name: `Box ${within(n, boxesPerRack)}`,
    container_type: 'box',
    grid_position: { row: 1, column: within(n, boxesPerRack) },
    dimensions: { rows: gridSide, columns: gridSide },
    parent: firstOf.rack + Math.ceil(n / boxesPerRack),
  });

function position(n: number): Container {
  const row = Math.ceil(within(n, positionsPerBox) / gridSide);
  const column = within(n, gridSide);
  return container(n, {
    name: cellName(n),
    container_type: 'position',
    grid_position: { row, column },
    dimensions: null,
    parent: firstOf.box + Math.ceil(n / positionsPerBox),
  });
}

/** Runs 1…size over and over. */
function within(n: number, size: number): number {
  return ((n - 1) % size) + 1;
}

function cellName(n: number): string {
  return `${'ABCDE'[Math.ceil(within(n, positionsPerBox) / gridSide) - 1]}${within(n, gridSide)}`;
}

export const containers: readonly Container[] = [
  ...range(counts.freezers).map(freezer),
  ...range(racks).map(rack),
  ...range(boxes).map(box),
  ...range(counts.positions).map(position),
];

const assignmentId = (n: number): string => `a5510000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Sample n lies in the n-th position. */
export const seedAssignments = (ownerOf: OwnerOf = seedOwners): readonly Assignment[] =>
  range(counts.positions)
    .filter(isStored)
    .map((n) => assignment(n, ownerOf(n)));

function assignment(n: number, { mark }: Owner): Assignment {
  const note = mark === undefined ? {} : { note: mark };
  const assignedAt = at(n / 10);
  const assignedBy = userId(within(n, counts.users));
  const where = { container_id: positionContainerId(n), position_identifier: cellName(n) };
  return {
    ...where,
    id: assignmentId(n),
    sample_id: sampleId(n),
    assigned_at: assignedAt,
    assigned_by: assignedBy,
    status: 'occupied',
    storage_conditions: { temperature_zone: zones[n <= capacityOf.freezer ? 0 : 1], ...note },
    special_requirements: note,
    chain_of_custody: [{ action: 'assigned', timestamp: assignedAt, by: assignedBy, ...where, ...note }],
    position_metadata: note,
    notes: mark ?? null,
    created_at: assignedAt,
    updated_at: assignedAt,
  };
}

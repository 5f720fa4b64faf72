import type { DatabaseSync } from 'node:sqlite';
import type { OwnerOf } from '#ops/sandbox/data/owners.ts';
import { containers, locations, seedAssignments } from '#ops/sandbox/data/storage.ts';
import { insertInto, transaction } from '#ops/sandbox/data/table.ts';
import { openDatabase } from '#ops/sandbox/database.ts';

export const locationColumns = [
  'id',
  'name',
  'description',
  'location_type',
  'temperature_zone',
  'max_capacity',
  'current_capacity',
  'coordinates',
  'status',
  'metadata',
  'created_at',
  'updated_at',
] as const;

export const containerColumns = [
  'id',
  'name',
  'container_type',
  'parent_container_id',
  'location_id',
  'grid_position',
  'dimensions',
  'capacity',
  'occupied_count',
  'temperature_zone',
  'barcode',
  'description',
  'status',
  'installation_date',
  'last_maintenance_date',
  'next_maintenance_date',
  'container_metadata',
  'access_restrictions',
  'created_at',
  'updated_at',
  'created_by',
] as const;

export const assignmentColumns = [
  'id',
  'sample_id',
  'container_id',
  'position_identifier',
  'assigned_at',
  'assigned_by',
  'removed_at',
  'removed_by',
  'status',
  'reservation_expires_at',
  'storage_conditions',
  'special_requirements',
  'chain_of_custody',
  'position_metadata',
  'notes',
  'created_at',
  'updated_at',
] as const;

const schema = `
  CREATE TABLE locations (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, location_type TEXT NOT NULL, temperature_zone TEXT NOT NULL,
    max_capacity INTEGER NOT NULL, current_capacity INTEGER NOT NULL, coordinates TEXT, status TEXT NOT NULL,
    metadata TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE containers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, container_type TEXT NOT NULL,
    parent_container_id TEXT REFERENCES containers, location_id TEXT REFERENCES locations,
    grid_position TEXT, dimensions TEXT, capacity INTEGER NOT NULL, occupied_count INTEGER NOT NULL,
    temperature_zone TEXT, barcode TEXT UNIQUE, description TEXT, status TEXT NOT NULL,
    installation_date TEXT, last_maintenance_date TEXT, next_maintenance_date TEXT,
    container_metadata TEXT NOT NULL, access_restrictions TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, created_by TEXT
  ) STRICT;
  CREATE INDEX containers_by_parent ON containers (parent_container_id);
  CREATE INDEX containers_by_location ON containers (location_id);
  CREATE TABLE assignments (
    id TEXT PRIMARY KEY, sample_id TEXT NOT NULL, container_id TEXT NOT NULL REFERENCES containers, position_identifier TEXT,
    assigned_at TEXT NOT NULL, assigned_by TEXT, removed_at TEXT, removed_by TEXT, status TEXT NOT NULL,
    reservation_expires_at TEXT, storage_conditions TEXT NOT NULL, special_requirements TEXT NOT NULL,
    chain_of_custody TEXT NOT NULL, position_metadata TEXT NOT NULL, notes TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX one_place_per_sample ON assignments (sample_id) WHERE removed_at IS NULL;
  CREATE INDEX occupants_of_container ON assignments (container_id) WHERE removed_at IS NULL;
`;

/** The seeded tables of this service. */
export function openStorage(ownerOf: OwnerOf): DatabaseSync {
  const db = openDatabase(schema);
  transaction(db, () => {
    locations.forEach(insertInto(db, 'locations', locationColumns));
    containers.forEach(insertInto(db, 'containers', containerColumns));
    seedAssignments(ownerOf).forEach(insertInto(db, 'assignments', assignmentColumns));
  });
  return db;
}

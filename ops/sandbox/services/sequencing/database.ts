import type { DatabaseSync } from 'node:sqlite';
import { seedJobs, seedSheets, seedWorkflows } from '#ops/sandbox/data/jobs.ts';
import type { OwnerOf } from '#ops/sandbox/data/owners.ts';
import { insertInto, transaction } from '#ops/sandbox/data/table.ts';
import { openDatabase } from '#ops/sandbox/database.ts';

export const jobColumns = [
  'id',
  'name',
  'description',
  'status',
  'priority',
  'platform_id',
  'workflow_id',
  'sample_sheet_id',
  'run_id',
  'created_by',
  'assigned_to',
  'estimated_start',
  'estimated_completion',
  'actual_start',
  'actual_completion',
  'metadata',
  'created_at',
  'updated_at',
] as const;

export const sheetColumns = [
  'id',
  'name',
  'platform_id',
  'version',
  'status',
  'sample_count',
  'file_path',
  'validation_errors',
  'metadata',
  'samples_data',
  'created_by',
  'created_at',
  'updated_at',
] as const;

const workflowColumns = [
  'id',
  'name',
  'description',
  'workflow_type',
  'platform',
  'version',
  'is_active',
  'steps',
  'parameters',
  'created_by',
  'created_at',
  'updated_at',
] as const;

const schema = `
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, status TEXT NOT NULL, priority TEXT NOT NULL,
    platform_id TEXT NOT NULL, workflow_id TEXT NOT NULL, sample_sheet_id TEXT, run_id TEXT, created_by TEXT NOT NULL,
    assigned_to TEXT, estimated_start TEXT, estimated_completion TEXT, actual_start TEXT, actual_completion TEXT,
    metadata TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX jobs_by_age ON jobs (created_at DESC);
  CREATE INDEX jobs_by_sheet ON jobs (sample_sheet_id);
  CREATE TABLE sheets (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, platform_id TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL,
    sample_count INTEGER NOT NULL, file_path TEXT, validation_errors TEXT, validation TEXT, metadata TEXT NOT NULL,
    samples_data TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE workflows (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, workflow_type TEXT NOT NULL, platform TEXT NOT NULL,
    version TEXT NOT NULL, is_active INTEGER NOT NULL, steps TEXT NOT NULL, parameters TEXT NOT NULL,
    created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT;
`;

/** The seeded tables of this service. */
export function openSequencing(ownerOf: OwnerOf): DatabaseSync {
  const db = openDatabase(schema);
  transaction(db, () => {
    seedJobs(ownerOf).forEach(insertInto(db, 'jobs', jobColumns));
    seedSheets(ownerOf).forEach(insertInto(db, 'sheets', sheetColumns));
    seedWorkflows.forEach(insertInto(db, 'workflows', workflowColumns));
  });
  return db;
}

import type { DatabaseSync } from 'node:sqlite';

/** One step per version of the file, in order; a step that was released is never changed. */
const steps: readonly string[] = [
  `CREATE TABLE organizations (id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
   CREATE TABLE api_keys (id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
   CREATE UNIQUE INDEX api_keys_hash ON api_keys (document ->> '$.key_hash');
   CREATE INDEX api_keys_organization ON api_keys (document ->> '$.organization_id', document ->> '$.created_at');
   CREATE TABLE audit_logs (id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
   CREATE INDEX audit_logs_time ON audit_logs (document ->> '$.timestamp');
   CREATE INDEX audit_logs_organization ON audit_logs (document ->> '$.organization_id', document ->> '$.timestamp');
   CREATE TABLE usage_daily (
     organization_id TEXT NOT NULL, day TEXT NOT NULL, api_key_id TEXT NOT NULL, requests INTEGER NOT NULL, points INTEGER NOT NULL,
     PRIMARY KEY (organization_id, day, api_key_id)
   ) STRICT, WITHOUT ROWID;`,
];

/** Brings a file to the newest version. @throws Error for a file of a newer program */
export function migrateEmbedded(database: DatabaseSync): void {
  if (versionOf(database) === steps.length) return;
  // Two processes may start on one new file: the second finds the work done once it has the lock.
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > steps.length)
      throw new Error(`The store of organizations is of version ${version}; this program knows ${steps.length}.`);
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${steps.length}; COMMIT`);
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

const versionOf = (database: DatabaseSync): number => Number(database.prepare('PRAGMA user_version').get()?.['user_version']);

import type { SQLOutputValue } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import { migrateEmbedded } from './embedded-migrations.ts';
import { ApiKey, AuditEvent, fromDocument, Organization, toDocument, UsageRow } from './records.ts';
import type { KeyUse, OrganizationStore } from './store.ts';

/** How long a write waits for another process's, looking again every few milliseconds. */
const busyTries = 400;
const busyPauseMs = 5;

/**
 * A store in one SQLite file, or in memory for `:memory:`. Several processes may have the file open.
 * @throws Error when the file cannot be opened or was written by a newer version
 */
export function openEmbeddedStore(file: string): OrganizationStore {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  migrateEmbedded(database);
  // From here on waiting for a lock must not stop the process.
  database.exec('PRAGMA busy_timeout = 0');
  const write = writer(database);
  const organizations = documents(database, 'organizations', Organization);
  const keys = documents(database, 'api_keys', ApiKey);
  const events = documents(database, 'audit_logs', AuditEvent);
  const countUses = keyUseCounter(database);
  const usage = usageTable(database);
  const byHash = keys.select(`document ->> '$.key_hash' IN (?, ?)`);
  const ofOrganization = keys.select(`document ->> '$.organization_id' = ? ORDER BY document ->> '$.created_at', id`);
  const allOrganizations = organizations.select('TRUE ORDER BY id');
  const allEvents = events.select(`TRUE ORDER BY document ->> '$.timestamp' DESC LIMIT ?`);
  const eventsOf = events.select(`document ->> '$.organization_id' = ? ORDER BY document ->> '$.timestamp' DESC LIMIT ?`);
  return {
    // Opening did it.
    migrate: async () => undefined,
    ping: async () => database.exec('SELECT 1'),
    addOrganization: (organization) => write(() => organizations.insert(organization.id, organization)),
    organization: async (id) => organizations.get(id),
    organizations: async () => allOrganizations(),
    updateOrganization: (id, changes) => write(() => organizations.update(id, changes)),
    addKey: (key) => write(() => keys.insert(key.id, key)),
    key: async (id) => keys.get(id),
    keyByHash: async ([first = '', second = first]) => byHash(first, second)[0],
    keys: async (organizationId) => ofOrganization(organizationId),
    updateKey: (id, changes) => write(() => keys.update(id, changes)),
    countKeyUses: (uses) => write(() => uses.forEach(countUses)),
    addAuditEvents: (added) => write(() => added.forEach((event) => void events.insert(event.eventId, event))),
    auditEvents: async ({ organizationId, limit }) =>
      organizationId === undefined ? allEvents(limit) : eventsOf(organizationId, limit),
    addUsage: (rows) => write(() => rows.forEach(usage.add)),
    usage: async (organizationId, { from, to }) => usage.read(organizationId, from, to),
    [Symbol.asyncDispose]: async () => database.close(),
  };
}

/** Runs a change in a transaction of its own; while another process writes, it waits its turn. */
function writer(database: DatabaseSync) {
  const transact = <Result>(change: () => Result): Result => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = change();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
  return async <Result>(change: () => Result): Promise<Result> => {
    for (let tries = 1; tries < busyTries; tries++) {
      try {
        return transact(change);
      } catch (error) {
        if (!isBusy(error)) throw error;
        await pause(busyPauseMs);
      }
    }
    return transact(change);
  };
}

/** SQLITE_BUSY: another connection holds the lock. */
const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;

/** A table of records kept as JSON, found by id. */
function documents<Shape extends object>(database: DatabaseSync, table: string, shape: z.ZodType<Shape>) {
  const insert = database.prepare(`INSERT OR IGNORE INTO ${table} (id, document) VALUES (?, ?)`);
  const replace = database.prepare(`UPDATE ${table} SET document = ? WHERE id = ?`);
  const byId = database.prepare(`SELECT document FROM ${table} WHERE id = ?`);
  const read = ({ document }: Record<string, SQLOutputValue>): Shape => fromDocument(shape, JSON.parse(String(document)));
  const json = (record: object): string => JSON.stringify(toDocument(record));
  const get = (id: string): Shape | undefined => {
    const row = byId.get(id);
    return row && read(row);
  };
  return {
    get,
    insert: (id: string, record: Shape): boolean => insert.run(id, json(record)).changes === 1,
    update(id: string, changes: Partial<Shape>): Shape | undefined {
      const record = get(id);
      if (record === undefined) return undefined;
      const changed = { ...record, ...changes };
      replace.run(json(changed), id);
      return changed;
    },
    select(where: string) {
      const statement = database.prepare(`SELECT document FROM ${table} WHERE ${where}`);
      return (...values: (string | number)[]): readonly Shape[] => statement.all(...values).map(read);
    },
  };
}

function keyUseCounter(database: DatabaseSync): (use: KeyUse) => void {
  const statement = database.prepare(
    `UPDATE api_keys SET document = json_set(document,
       '$.usage_count', (document ->> '$.usage_count') + :uses,
       '$.last_used_at', max(coalesce(document ->> '$.last_used_at', ''), :at))
     WHERE id = :id`,
  );
  return ({ id, uses, lastUsedAt }) => void statement.run({ id, uses, at: lastUsedAt.toISOString() });
}

function usageTable(database: DatabaseSync) {
  const add = database.prepare(
    `INSERT INTO usage_daily (organization_id, api_key_id, day, requests, points) VALUES (:organization, :key, :day, :requests, :points)
     ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, points = points + excluded.points`,
  );
  const read = database.prepare(
    'SELECT * FROM usage_daily WHERE organization_id = ? AND day BETWEEN ? AND ? ORDER BY day, api_key_id',
  );
  return {
    add: ({ organizationId, apiKeyId, day, requests, points }: UsageRow): void =>
      void add.run({ organization: organizationId, key: apiKeyId, day, requests, points }),
    read: (organizationId: string, from: string, to: string): readonly UsageRow[] =>
      read.all(organizationId, from, to).map((row) => fromDocument(UsageRow, row)),
  };
}

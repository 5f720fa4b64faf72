import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { insertInto } from '#ops/sandbox/data/table.ts';
import { prepare } from '#ops/sandbox/database.ts';

export type AuditEvent = {
  readonly event_type: string;
  readonly user_id: string | null;
  readonly user_email: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly severity: 'info' | 'warning';
  readonly timestamp: string;
};

type AuditEntry = AuditEvent & { readonly id: string; readonly event_id: string };

export type AuditLog = {
  readonly add: (event: AuditEvent) => void;
  readonly newest: (limit: number) => readonly AuditEntry[];
  readonly countSince: (eventType: string, time: string) => number;
};

export const auditSchema = `
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, event_id TEXT NOT NULL, event_type TEXT NOT NULL, user_id TEXT,
    user_email TEXT, ip_address TEXT, user_agent TEXT, details TEXT NOT NULL, severity TEXT NOT NULL, timestamp TEXT NOT NULL
  );
  CREATE INDEX audit_by_type ON audit (event_type, timestamp);
`;

const columns = [
  'id',
  'event_id',
  'event_type',
  'user_id',
  'user_email',
  'ip_address',
  'user_agent',
  'details',
  'severity',
  'timestamp',
] as const satisfies readonly (keyof AuditEntry)[];

type Row = Omit<AuditEntry, 'details'> & { readonly details: string };

export function auditLog(database: DatabaseSync): AuditLog {
  const insert = insertInto(database, 'audit', columns);
  const newest = prepare<Row>(database, `SELECT ${columns.join(', ')} FROM audit ORDER BY number DESC LIMIT :limit`);
  const since = prepare<{ total: number }>(
    database,
    'SELECT COUNT(*) AS total FROM audit WHERE event_type = :eventType AND timestamp >= :time',
  );
  return {
    add: (event) => insert({ id: randomUUID(), event_id: randomUUID(), ...event }),
    newest: (limit) => newest.all({ limit }).map((row) => ({ ...row, details: JSON.parse(row.details) })),
    countSince: (eventType, time) => since.one({ eventType, time })?.total ?? 0,
  };
}

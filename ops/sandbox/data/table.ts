import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Prepares one insert; objects and lists of a record are kept as JSON, columns it lacks as null. */
export function insertInto(db: DatabaseSync, table: string, columns: readonly string[]): (record: object) => void {
  const statement = db.prepare(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `:${name}`).join(', ')})`,
  );
  return (record) => {
    const values = new Map(Object.entries(record));
    statement.run(Object.fromEntries(columns.map((name) => [name, encode(values.get(name))])));
  };
}

/** Changes the named columns of one row; undefined leaves a column as it is. The names must come from a schema, not a caller. */
export function updateIn(db: DatabaseSync, table: string): (id: string, changes: object) => void {
  return (id, changes) => {
    const set = Object.entries(changes).filter(([, value]) => value !== undefined);
    const names = set.map(([name]) => `${name} = ?`).join(', ');
    db.prepare(`UPDATE ${table} SET ${names} WHERE id = ?`).run(...set.map(([, value]) => encode(value)), id);
  };
}

/** The fields that say something, for services to which null means "unchanged". */
export function withoutNulls(changes: object): object {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined && value !== null));
}

/** What may be bound to a parameter: JSON text for objects and lists, null for undefined. */
export function encode(value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return JSON.stringify(value);
}

/** A row as its record, the JSON columns parsed. */
export function decode(row: Row, jsonColumns: readonly string[]): Record<string, unknown> {
  const record: Record<string, unknown> = { ...row };
  for (const name of jsonColumns) record[name] = parsed(row[name]);
  return record;
}

export function parsed(value: SQLOutputValue | undefined): unknown {
  return typeof value === 'string' ? JSON.parse(value) : null;
}

/** Runs a change as a whole or not at all. */
export function transaction<Result>(db: DatabaseSync, change: () => Result): Result {
  db.exec('BEGIN');
  try {
    const result = change();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

type Row = {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Milliseconds since the epoch after which it is of no use. */
  readonly ends: number;
};

export type Bounds = { readonly maxEntries: number; readonly maxBytes: number };

/** A SQLite file with entries and the stamps of tags. Every method is one short synchronous step. */
export type FileTables = Disposable & {
  /** Lengths of the entries that are there. */
  readonly sizes: (keys: readonly string[]) => ReadonlyMap<string, number>;
  readonly read: (keys: readonly string[]) => ReadonlyMap<string, Buffer>;
  readonly stamps: (tags: readonly string[]) => ReadonlyMap<string, string>;
  /** Keeps entries, and lets go of those that were used longest ago, as far as there are too many or too large ones. */
  readonly put: (rows: readonly Row[], used: number, bounds: Bounds) => void;
  readonly setStamps: (tags: readonly string[], stamp: string) => void;
  readonly countStamps: () => number;
  /** Forgets all stamps but those that are given instead. */
  readonly replaceStamps: (tags: readonly string[], stamp: string) => void;
  readonly touch: (keys: readonly string[], used: number) => void;
  readonly remove: (key: string) => void;
  /** Removes some of the entries that ended before now; tells how many. */
  readonly clean: (now: number) => number;
};

const schema = `
  CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, size INTEGER NOT NULL, ends REAL NOT NULL, used REAL NOT NULL, bytes BLOB NOT NULL);
  CREATE INDEX IF NOT EXISTS entries_by_end ON entries (ends);
  CREATE INDEX IF NOT EXISTS entries_by_use ON entries (used, key, size);
  CREATE TABLE IF NOT EXISTS stamps (tag TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY CHECK (id = 0), entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
  INSERT OR IGNORE INTO totals SELECT 0, count(*), coalesce(sum(size), 0) FROM entries;
  CREATE TRIGGER IF NOT EXISTS entry_added AFTER INSERT ON entries BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + new.size; END;
  CREATE TRIGGER IF NOT EXISTS entry_removed AFTER DELETE ON entries BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - old.size; END;
  CREATE TRIGGER IF NOT EXISTS entry_replaced AFTER UPDATE OF size ON entries BEGIN
    UPDATE totals SET bytes = bytes - old.size + new.size; END`;

const cleanStep = 200;
/** Of a hundred entries each; a file that was allowed to be much larger before shrinks write by write. */
const evictRounds = 5;

/** Opens the file, its folder too; two processes may share one. @throws Error for one that cannot be written or is not whole */
export function openFileTables(file: string): FileTables {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // What organizations keep is nobody else's on the machine.
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: 2_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const [found] = database.prepare('PRAGMA quick_check(1)').all();
    if (found?.['quick_check'] !== 'ok') throw new Error('The file of the cache is not whole.');
    database.exec(`BEGIN IMMEDIATE; ${schema}; COMMIT`);
    // From here on waiting for a lock must not stop the process.
    database.exec('PRAGMA busy_timeout = 0');
    return tables(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function tables(database: DatabaseSync): FileTables {
  const among = 'IN (SELECT value FROM json_each(?))';
  const sizes = database.prepare(`SELECT key, size AS value FROM entries WHERE key ${among}`);
  const bytes = database.prepare(`SELECT key, bytes AS value FROM entries WHERE key ${among}`);
  const stamps = database.prepare(`SELECT tag AS key, stamp AS value FROM stamps WHERE tag ${among}`);
  const put = database.prepare(`INSERT INTO entries (key, size, ends, used, bytes) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET size = excluded.size, ends = excluded.ends, used = excluded.used, bytes = excluded.bytes`);
  const total = database.prepare('SELECT entries, bytes FROM totals');
  const oldest = database.prepare('SELECT key, size FROM entries ORDER BY used LIMIT 100');
  const remove = database.prepare(`DELETE FROM entries WHERE key ${among}`);
  const stamp = database.prepare('INSERT OR REPLACE INTO stamps SELECT value, ? FROM json_each(?)');
  const stampCount = database.prepare('SELECT count(*) AS stamps FROM stamps');
  const touch = database.prepare(`UPDATE entries SET used = ? WHERE key ${among}`);
  const clean = database.prepare(
    `DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE ends <= ? ORDER BY ends LIMIT ${cleanStep})`,
  );
  const evict = ({ maxEntries, maxBytes }: Bounds): void => {
    const left = { ...total.get() } as { entries: number; bytes: number };
    for (let round = 0; round < evictRounds && (left.entries > maxEntries || left.bytes > maxBytes); round++) {
      const goes: string[] = [];
      for (const { key, size } of oldest.all()) {
        if (left.entries <= maxEntries && left.bytes <= maxBytes) break;
        goes.push(String(key));
        left.entries -= 1;
        left.bytes -= Number(size);
      }
      remove.run(JSON.stringify(goes));
    }
  };
  return {
    sizes: (keys) => mapOf(sizes, keys, Number),
    read: (keys) => mapOf(bytes, keys, (value) => Buffer.from(value as Uint8Array)),
    stamps: (tags) => mapOf(stamps, tags, String),
    put: (rows, used, bounds) =>
      transact(database, () => {
        for (const row of rows) put.run(row.key, row.bytes.length, row.ends, used, row.bytes);
        evict(bounds);
      }),
    setStamps: (tags, value) => void stamp.run(value, JSON.stringify(tags)),
    countStamps: () => Number(stampCount.get()?.['stamps']),
    replaceStamps: (tags, value) =>
      transact(database, () => {
        database.exec('DELETE FROM stamps');
        stamp.run(value, JSON.stringify(tags));
      }),
    touch: (keys, used) => void touch.run(used, JSON.stringify(keys)),
    remove: (key) => void remove.run(JSON.stringify([key])),
    clean: (now) => Number(clean.run(now).changes),
    [Symbol.dispose]: () => database.close(),
  };
}

function transact(database: DatabaseSync, change: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    change();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

const mapOf = <Value>(statement: StatementSync, keys: readonly string[], read: (value: unknown) => Value) =>
  new Map(statement.all(JSON.stringify(keys)).map(({ key, value }) => [String(key), read(value)]));

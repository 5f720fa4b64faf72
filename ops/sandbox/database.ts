import type { SQLInputValue } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

type Params = Readonly<Record<string, SQLInputValue>>;

/** A prepared statement: named parameters in, typed rows out. */
export type Query<Row> = {
  readonly one: (params?: Params) => Row | undefined;
  readonly all: (params?: Params) => readonly Row[];
  /** Runs it for its effect and answers how many rows changed. */
  readonly run: (params?: Params) => number;
};

/** An in-memory database with the given tables, empty. */
export function openDatabase(schema: string): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec(schema);
  return database;
}

/** Prepares a statement once; the caller's `Row` must be what its SELECT lists, nothing checks it. */
export function prepare<Row>(database: DatabaseSync, sql: string): Query<Row> {
  const statement = database.prepare(sql);
  return {
    one: (params = {}) => statement.get(params) as Row | undefined,
    all: (params = {}) => statement.all(params) as Row[],
    run: (params = {}) => Number(statement.run(params).changes),
  };
}

/** Prepares on first use and keeps it, for statements whose text depends on what a call asks. */
export function preparedOnce<Row>(database: DatabaseSync): (sql: string) => Query<Row> {
  const known = new Map<string, Query<Row>>();
  return (sql) => {
    const query = known.get(sql) ?? prepare<Row>(database, sql);
    known.set(sql, query);
    return query;
  };
}

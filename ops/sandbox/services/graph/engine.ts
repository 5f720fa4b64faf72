import type { LbugValue, PreparedStatement, QueryResult } from '@ladybugdb/core';
import { Connection, Database } from '@ladybugdb/core';
import pLimit from 'p-limit';
import type { FrameRows } from '#ops/sandbox/data/graph.ts';
import { cellOf } from './cells.ts';
import { load } from './load.ts';

export type Table = { readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] };

export type Statement = { readonly query: string; readonly parameters: Readonly<Record<string, unknown>> };

/** Why a statement has no result: it was wrong from the start, or it broke while it ran. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: 'INVALID_QUERY' | 'INVALID_QUERY_SYNTAX' | 'XGT_OPERATION_ERROR' | 'QUERY_TIMEOUT';

  constructor(code: QueryError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export type Engine = AsyncDisposable & {
  readonly version: string;
  /** `onStart` is called when the statement leaves the queue. */
  readonly run: (statement: Statement, onStart?: () => void) => Promise<Table>;
};

const megabyte = 1024 * 1024;
/** Each running query holds one of libuv's four threads; one is left for the rest of the process. */
const lanes = 3;
/** The documents allow 300 s, but the engine cannot be interrupted from outside, so closing it would wait that long. */
const maxSeconds = 10;
/** The documents' limit for the rows of one request. */
export const maxRows = 10_000;

/** The embedded graph engine with graph `lab` in it. Statements run side by side, at most three at a time. */
export async function openEngine(rows: FrameRows): Promise<Engine> {
  const database = new Database(':memory:', 256 * megabyte);
  const connections = Array.from({ length: lanes }, () => new Connection(database, 1));
  const [first] = connections;
  if (first !== undefined) await load(first, rows);
  for (const connection of connections) connection.setQueryTimeout(maxSeconds * 1_000);
  const free = [...connections];
  const limit = pLimit({ concurrency: lanes, rejectOnClear: true });
  const running = new Set<Promise<Table>>();

  const runNow = async (statement: Statement): Promise<Table> => {
    const connection = free.pop();
    if (connection === undefined) throw new Error('More statements are running than there are connections.');
    const table = execute(connection, statement);
    running.add(table);
    try {
      return await table;
    } finally {
      running.delete(table);
      free.push(connection);
    }
  };

  return {
    version: Database.getVersion(),

    run: (statement, onStart) =>
      limit(() => {
        onStart?.();
        return runNow(statement);
      }),

    async [Symbol.asyncDispose]() {
      limit.clearQueue();
      // Closing a connection under a running query corrupts the memory of the process.
      await Promise.allSettled(running);
      for (const connection of connections) await connection.close();
      await database.close();
    },
  };
}

async function execute(connection: Connection, { query, parameters }: Statement): Promise<Table> {
  const prepared = await connection.prepare(query);
  if (!prepared.isSuccess()) throw new QueryError('INVALID_QUERY_SYNTAX', prepared.getErrorMessage());
  // The guard has read the words of the query already; this is what the engine makes of it.
  if (!prepared.isReadOnly()) throw new QueryError('INVALID_QUERY', 'Queries are read-only');
  const result = await resultOf(connection, { prepared, parameters });
  try {
    return read(result);
  } finally {
    result.close();
  }
}

type Call = { readonly prepared: PreparedStatement; readonly parameters: Readonly<Record<string, unknown>> };

async function resultOf(connection: Connection, { prepared, parameters }: Call): Promise<QueryResult> {
  try {
    // Parameters were parsed from JSON, so they are among the values the engine takes.
    const results = await connection.execute(prepared, parameters as Record<string, LbugValue>);
    const [result] = Array.isArray(results) ? results : [results];
    if (result === undefined) throw new QueryError('XGT_OPERATION_ERROR', 'The statement has no result');
    return result;
  } catch (error) {
    throw asQueryError(error);
  }
}

/** Cells are found by the column's name, so two columns of one name would give the same cell twice. */
function read(result: QueryResult): Table {
  const columns = result.getColumnNamesSync();
  if (new Set(columns).size < columns.length) {
    throw new QueryError('INVALID_QUERY_SYNTAX', 'Multiple result columns with the same name are not supported');
  }
  const types = result.getColumnDataTypesSync();
  const rows: unknown[][] = [];
  while (rows.length < maxRows && result.hasNext()) {
    const row = result.getNextSync() ?? {};
    rows.push(columns.map((name, index) => cellOf(row[name], types[index] ?? '')));
  }
  return { columns, rows };
}

function asQueryError(error: unknown): QueryError {
  if (error instanceof QueryError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith('Interrupted')) return new QueryError('QUERY_TIMEOUT', `Query ran longer than ${maxSeconds} s`);
  // Exceptions of the engine carry their kind; what is left is a parameter that is missing or of no usable type.
  const code = message.includes('exception:') ? 'XGT_OPERATION_ERROR' : 'INVALID_QUERY';
  return new QueryError(code, message);
}

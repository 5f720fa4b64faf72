import type { Connection } from '@ladybugdb/core';
import type { FrameRows } from '#ops/sandbox/data/graph.ts';
import type { Cell, Column, ColumnType, EdgeFrame, FrameRow, VertexFrame } from '#ops/sandbox/data/graph-frames.ts';
import { edgeFrames, vertexFrames } from '#ops/sandbox/data/graph-frames.ts';
import { engineTypes } from './cells.ts';

/** Creates the frames in an empty engine and fills each with a single statement. */
export async function load(connection: Connection, rows: FrameRows): Promise<void> {
  for (const frame of vertexFrames) {
    await connection.query(`CREATE NODE TABLE ${frame.name} (${definitions(frame)}, PRIMARY KEY (${frame.key}))`);
    await insert(connection, { statement: createVertices(frame), rows: rows[frame.name], columns: frame.columns });
  }
  for (const frame of edgeFrames) {
    await connection.query(`CREATE REL TABLE ${frame.name} (FROM ${frame.source} TO ${frame.target}, ${definitions(frame)})`);
    await insert(connection, { statement: createEdges(frame), rows: rows[frame.name], columns: frame.columns });
  }
}

type Insertion = {
  readonly statement: string;
  readonly rows: readonly FrameRow[];
  readonly columns: readonly Column[];
};

async function insert(connection: Connection, { statement, rows, columns }: Insertion): Promise<void> {
  const prepared = await connection.prepare(statement);
  if (!prepared.isSuccess()) throw new Error(prepared.getErrorMessage());
  const records = rows.map((row) =>
    Object.fromEntries(columns.map(([name, type]) => [name, asParameter(row[name] ?? null, type)])),
  );
  await connection.execute(prepared, { rows: records });
}

function definitions({ columns }: VertexFrame | EdgeFrame): string {
  return columns.map(([name, type]) => `${name} ${engineTypes[type]}`).join(', ');
}

function createVertices({ name, columns }: VertexFrame): string {
  return `UNWIND $rows AS row CREATE (:${name} {${properties(columns)}})`;
}

function createEdges({ name, source, target, columns }: EdgeFrame): string {
  return `
    UNWIND $rows AS row
    MATCH (source:${source} {key: row.source_key}), (target:${target} {key: row.target_key})
    CREATE (source)-[:${name} {${properties(columns)}}]->(target)
  `;
}

function properties(columns: readonly Column[]): string {
  return columns.map(([name, type]) => `${name}: CAST(row.${name} AS ${engineTypes[type]})`).join(', ');
}

/** Everything but lists and booleans travels as text, so that all rows of a column have one type. */
function asParameter(value: Cell, type: ColumnType): string | boolean | string[] | null {
  if (value === null || typeof value === 'boolean') return value;
  if (type === 'duration') return `${value} milliseconds`;
  return Array.isArray(value) ? [...value] : String(value);
}

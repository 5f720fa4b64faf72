import { z } from 'zod';

/* How the graph service writes what it knows (graph contract section 1.2), and what becomes of it here. */

const Column = z
  .tuple([z.string(), z.string()])
  .rest(z.unknown())
  .transform(([name, type, leafType, depth]) => ({
    name,
    type,
    leafType: typeof leafType === 'string' ? leafType : type,
    depth: typeof depth === 'number' ? depth : 0,
  }));

const frame = { name: z.string(), num_rows: z.number().nullable(), schema_definition: z.array(Column) };

const VertexFrame = z
  .object({ ...frame, key: z.string() })
  .transform((row) => ({ name: row.name, key: row.key, rowCount: row.num_rows, columns: row.schema_definition }));

const EdgeFrame = z
  .object({
    ...frame,
    source_frame: z.string(),
    source_key: z.string(),
    target_frame: z.string(),
    target_key: z.string(),
  })
  .transform((row) => ({
    name: row.name,
    sourceFrame: row.source_frame,
    sourceKey: row.source_key,
    targetFrame: row.target_frame,
    targetKey: row.target_key,
    rowCount: row.num_rows,
    columns: row.schema_definition,
  }));

export const TableFrame = z
  .object(frame)
  .transform((row) => ({ name: row.name, rowCount: row.num_rows, columns: row.schema_definition }));

export type TableFrame = Readonly<z.infer<typeof TableFrame>>;

export const GraphInfo = z
  .object({ name: z.string(), vertices: z.array(VertexFrame), edges: z.array(EdgeFrame) })
  .transform(({ name, vertices, edges }) => ({ name, vertexFrames: vertices, edgeFrames: edges }));

export type GraphInfo = Readonly<z.infer<typeof GraphInfo>>;

const Property = z
  .object({ name: z.string(), type: z.string(), leaf_type: z.string(), depth: z.number() })
  .transform(({ leaf_type, ...property }) => ({ ...property, leafType: leaf_type }));

const Node = z
  .object({ name: z.string(), key: z.string(), properties: z.array(Property) })
  .transform(({ name, ...node }) => ({ frame: name, ...node }));

const Edge = z
  .object({
    name: z.string(),
    source: z.string(),
    source_key: z.string(),
    target: z.string(),
    target_key: z.string(),
    properties: z.array(Property),
  })
  .transform((edge) => ({
    frame: edge.name,
    source: edge.source,
    sourceKey: edge.source_key,
    target: edge.target,
    targetKey: edge.target_key,
    properties: edge.properties,
  }));

export const GraphSchema = z
  .object({ nodes: z.array(Node), edges: z.array(Edge) })
  .transform(({ nodes, edges }) => ({ vertices: nodes, edges }));

export type GraphSchema = Readonly<z.infer<typeof GraphSchema>>;
export type VertexSchema = GraphSchema['vertices'][number];
export type EdgeSchema = GraphSchema['edges'][number];

/** Keys may be numbers; clients see them as text. */
export const Key = z.union([z.string(), z.number()]).transform(String);

const properties = z.record(z.string(), z.unknown());

/* Cells of a query's rows. */

export const VertexCell = z.object({ frame: z.string(), key: Key, properties });

export type VertexCell = Readonly<z.infer<typeof VertexCell>>;

export const EdgeCell = z.object({ frame: z.string(), source_key: Key, target_key: Key, properties }).transform((edge) => ({
  frame: edge.frame,
  sourceKey: edge.source_key,
  targetKey: edge.target_key,
  properties: edge.properties,
}));

export type EdgeCell = Readonly<z.infer<typeof EdgeCell>>;

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { FrameRows } from '#ops/sandbox/data/graph.ts';
import type { Column, EdgeFrame, Frame, FrameRow } from '#ops/sandbox/data/graph-frames.ts';
import { edgeFrames, frames, labGraph, sourceKey, targetKey, vertexFrames } from '#ops/sandbox/data/graph-frames.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { seedCell } from './cells.ts';
import { count, flag, queryOf } from './input.ts';
import type { Tokens } from './tokens.ts';

const GraphsQuery = z.object({ include_empty: flag.default(false) });
const SchemaQuery = z.object({ fully_qualified: flag.default(false), add_missing_edge_nodes: flag.default(false) });
const FramesQuery = z.object({ graph_name: z.string().optional(), frame_type: z.enum(['vertex', 'edge', 'table']).optional() });
const RowsQuery = z.object({ offset: count(0).default(0), limit: count(1, 10_000).default(100) });

type Parts = { readonly tokens: Tokens; readonly rows: FrameRows };

type GraphParams = { readonly Params: { readonly graph: string } };

/** What there is: graphs, their schema, and frames with their rows. Nothing here changes, so it is put together once. */
export function catalogRoutes(app: FastifyInstance, { tokens, rows: rowsByName }: Parts): void {
  const secured = { onRequest: tokens.guard };
  const rows: Readonly<Record<string, readonly FrameRow[]>> = rowsByName;
  const rowsOf = ({ name }: { readonly name: string }): readonly FrameRow[] => rows[name] ?? [];
  const lab = graphInfo((frame) => rowsOf(frame).length);

  app.get('/api/v1/public/graphs', secured, async (request) => {
    queryOf(GraphsQuery, request);
    return { graphs: [lab], total_count: 1 };
  });

  app.get<GraphParams>('/api/v1/public/graphs/:graph', secured, async ({ params }) => {
    requireGraph(params.graph);
    return lab;
  });

  app.get<GraphParams>('/api/v1/public/graphs/:graph/schema', secured, async (request) => {
    requireGraph(request.params.graph);
    // Every edge of lab joins vertices of lab, so there are no missing nodes to add.
    const { fully_qualified } = queryOf(SchemaQuery, request);
    return schema(fully_qualified ? qualified : (name) => name);
  });

  app.get('/api/v1/public/frames', secured, async (request) => {
    const { graph_name = labGraph, frame_type } = queryOf(FramesQuery, request);
    const inGraph = graph_name === labGraph ? frames : [];
    const listed = inGraph.filter(({ kind }) => frame_type === undefined || kind === frame_type);
    return {
      frames: listed.map((frame) => frameInfo(frame, rowsOf(frame).length)).sort((a, b) => (a.name < b.name ? -1 : 1)),
      total_count: listed.length,
      graphs: [labGraph],
    };
  });

  app.get<{ Params: { readonly frame: string } }>('/api/v1/public/frames/:frame/data', secured, async (request) => {
    const wanted = request.params.frame;
    const frame = frames.find(({ name }) => name === wanted || qualified(name) === wanted);
    if (frame === undefined) throw new ServiceFailure(404, `Frame "${wanted}" not found`, { code: 'FRAME_NOT_FOUND' });
    const { offset, limit } = queryOf(RowsQuery, request);
    const all = rowsOf(frame);
    const page = all.slice(offset, offset + limit);
    return {
      frame_name: frame.name,
      frame_type: frame.kind,
      namespace: labGraph,
      columns: frame.columns.map(([name]) => name),
      rows: page.map((row) => frame.columns.map(([name, type]) => seedCell(row[name], type))),
      total_rows: all.length,
      offset,
      limit,
      returned_rows: page.length,
    };
  });
}

export function requireGraph(name: string): void {
  if (name === labGraph) return;
  throw new ServiceFailure(404, `Graph "${name}" not found`, { code: 'GRAPH_NOT_FOUND', detail: { graph_name: name } });
}

/** Every edge frame calls the columns of its ends alike. */
const edgeKeys = { source_key: sourceKey, target_key: targetKey };

const qualified = (name: string): string => `${labGraph}__${name}`;

function graphInfo(sizeOf: (frame: Frame) => number) {
  const base = (frame: Frame) => ({
    name: frame.name,
    schema_definition: frame.columns.map(definition),
    num_rows: sizeOf(frame),
    create_rows: false,
    delete_frame: false,
  });
  return {
    name: labGraph,
    vertices: vertexFrames.map((frame) => ({ ...base(frame), key: frame.key })),
    edges: edgeFrames.map((frame) => ({ ...base(frame), source_frame: frame.source, target_frame: frame.target, ...edgeKeys })),
  };
}

function schema(named: (frame: string) => string) {
  const edge = ({ name, source, target, columns }: EdgeFrame) => ({
    name: named(name),
    properties: columns.map(property),
    source: named(source),
    target: named(target),
    ...edgeKeys,
  });
  return {
    graph: labGraph,
    nodes: vertexFrames.map(({ name, key, columns }) => ({ name: named(name), properties: columns.map(property), key })),
    edges: edgeFrames.map(edge),
  };
}

function frameInfo(frame: Frame, rows: number) {
  const edge = frame.kind === 'edge' ? frame : undefined;
  return {
    name: frame.name,
    full_name: qualified(frame.name),
    namespace: labGraph,
    frame_type: frame.kind,
    num_rows: rows,
    schema_definition: frame.columns.map(definition),
    key: frame.kind === 'vertex' ? frame.key : null,
    source_name: edge?.source ?? null,
    target_name: edge?.target ?? null,
    ...(edge ? edgeKeys : { source_key: null, target_key: null }),
  };
}

/** A list's type is told in two parts: what it holds and how deep. */
function property([name, type]: Column) {
  return type === 'list<text>' ? { name, type: 'list', leaf_type: 'text', depth: 1 } : { name, type, leaf_type: type, depth: 0 };
}

function definition([name, type]: Column) {
  return type === 'list<text>' ? [name, 'list', 'text', 1] : [name, type];
}

import type { Call } from '#kit/call.ts';
import type { Clock } from '#kit/clock.ts';
import type { Once } from '#kit/define-subgraph.ts';
import type { Freshness } from '#kit/freshness.ts';
import type { RunWatch } from '#kit/query-watch.ts';
import type { RestClient } from '#kit/rest-client.ts';
import { assemble } from './assemble.ts';
import type { Catalog, Catalogs, EdgeFrame, VertexFrame } from './catalog.ts';
import type { GraphClient } from './client.ts';
import type { Direction } from './cypher.ts';
import { neighborhood, shortestPath } from './cypher.ts';
import type { GraphLoaders } from './loaders.ts';
import type { Statements } from './own-statements.ts';
import type { Edge, Ends, Subgraph, Vertex } from './parts.ts';
import { joiner, toVertex } from './parts.ts';
import { NeighborhoodRows, PathRows } from './rows.ts';
import { readVertexId } from './vertex-id.ts';

export type GraphContext = {
  readonly client: GraphClient;
  readonly catalogs: Catalogs;
  readonly loaders: GraphLoaders;
  readonly statements: Statements;
  readonly rest: RestClient;
  readonly clock: Clock;
  readonly call: Call;
  readonly once: Once;
  readonly watch?: RunWatch | undefined;
  readonly hear: (freshness: Freshness) => void;
};

export type NeighborhoodArguments = {
  readonly id: string;
  readonly depth: number;
  readonly direction: Direction;
  readonly edgeFrames?: readonly string[] | null;
  readonly limit: number;
};

/** A vertex and what lies around it; null when there is no such vertex. */
export async function neighborhoodOf(wanted: NeighborhoodArguments, context: GraphContext): Promise<Subgraph | null> {
  const found = await placeOf(wanted.id, context);
  if (found === null) return null;
  const { graph, frame, key, catalog } = found;
  const edges = catalog.edgeFrames(wanted.edgeFrames);
  const statement = neighborhood({ ...wanted, frame, edges: namesOf(edges) }, key);
  const [start, { rows, isCut }] = await Promise.all([
    context.loaders.vertex.load(wanted.id),
    edges.length === 0 ? nothing : context.client.run(graph, statement, NeighborhoodRows),
  ]);
  if (start === null) return null;
  const met = rows.map(([depth, cell, edge]) => ({ depth, vertex: toVertex(graph, cell), edge }));
  const options = { limit: wanted.limit, cut: isCut, endsOf: endsIn(edges), hides: context.client.hides?.(graph) === true };
  return assemble([{ depth: 0, vertex: start, edge: null }, ...met], options);
}

const nothing = { rows: [], isCut: false };

export type PathArguments = {
  readonly from: string;
  readonly to: string;
  readonly maxHops: number;
  readonly edgeFrames?: readonly string[] | null;
};

type GraphPath = { readonly length: number; readonly vertices: readonly Vertex[]; readonly edges: readonly Edge[] };

/** A shortest way between two vertices; null when there is none. */
export async function pathBetween(wanted: PathArguments, context: GraphContext): Promise<GraphPath | null> {
  const [from, to] = await Promise.all([placeOf(wanted.from, context), placeOf(wanted.to, context)]);
  if (from === null || to === null || from.graph !== to.graph) return null;
  const edges = from.catalog.edgeFrames(wanted.edgeFrames);
  if (wanted.from === wanted.to) return pathToItself(wanted.from, context);
  if (edges.length === 0) return null;
  const ways = { from: from.frame, to: to.frame, edges: namesOf(edges), maxHops: wanted.maxHops };
  const statement = shortestPath(ways, { from: from.key, to: to.key });
  const [row] = (await context.client.run(from.graph, statement, PathRows)).rows;
  if (row === undefined) return null;
  const [length, vertexCells, edgeCells] = row;
  const vertices = vertexCells.map((cell) => toVertex(from.graph, cell));
  const join = joiner(vertices, endsIn(edges));
  return { length, vertices, edges: edgeCells.map(join).filter((edge) => edge !== null) };
}

async function pathToItself(id: string, { loaders }: GraphContext): Promise<GraphPath | null> {
  const vertex = await loaders.vertex.load(id);
  return vertex && { length: 0, vertices: [vertex], edges: [] };
}

type Place = {
  readonly graph: string;
  readonly frame: VertexFrame;
  readonly key: string | number;
  readonly catalog: Catalog;
};

/** Where a vertex would be; null for an id whose graph, frame or kind of key does not exist. */
async function placeOf(id: string, { catalogs }: GraphContext): Promise<Place | null> {
  const ref = readVertexId(id);
  const catalog = ref && (await catalogs.of(ref.graph));
  const frame = ref && catalog?.vertexFrame(ref.frame);
  if (!ref || !catalog || !frame) return null;
  const key = frame.keyValue(ref.key);
  return key === null ? null : { graph: ref.graph, frame, key, catalog };
}

const namesOf = (edges: readonly EdgeFrame[]) => edges.map(({ name }) => name);

function endsIn(edges: readonly EdgeFrame[]): (edgeFrame: string) => Ends | undefined {
  const byName = new Map<string, Ends>(edges.map((edge) => [edge.name, edge]));
  return (edgeFrame) => byName.get(edgeFrame);
}

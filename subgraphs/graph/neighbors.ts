import type { Window } from '#kit/connection.ts';
import type { EdgeCell } from './answers.ts';
import type { Catalog, Catalogs, EdgeFrame, VertexFrame } from './catalog.ts';
import type { GraphClient } from './client.ts';
import type { Around, Direction } from './cypher.ts';
import { degrees, maxRows, neighbors } from './cypher.ts';
import type { Ends, Vertex } from './parts.ts';
import { toVertex } from './parts.ts';
import { DegreeRows, NeighborRows } from './rows.ts';

/** What vertices must have in common for their neighbours to be asked for together. */
export type AroundArguments = {
  readonly graph: string;
  readonly frame: string;
  readonly direction: Direction;
  readonly edgeFrames?: readonly string[] | null | undefined;
};

export type Neighbor = { readonly vertex: Vertex; readonly edge: EdgeCell; readonly ends: Ends };

type Sources = { readonly client: GraphClient; readonly catalogs: Catalogs };

/**
 * The neighbours of many vertices within a window, and one more each where there is one.
 * One statement for all; only where together they have over 10,000 neighbours is each vertex asked for by itself. Who may not
 * see all is shown what is theirs of the first 10,000 of a vertex.
 */
export async function neighborsOf(
  keys: readonly string[],
  { window, ...wanted }: AroundArguments & { readonly window: Window },
  { client, catalogs }: Sources,
): Promise<ReadonlyMap<string, readonly Neighbor[]>> {
  const found = surroundings(await catalogs.of(wanted.graph), wanted);
  if (found === null) return new Map();
  const { start, around, keyColumns, endsOf } = found;
  const read = async (values: readonly unknown[], { offset, limit }: Window) => {
    const statement = neighbors({ ...around, keys: keyColumns, offset, limit }, values);
    const { rows, isCut } = await client.run(wanted.graph, statement, NeighborRows);
    const found = rows.map(([, key, cell, edge]) => ({ key, vertex: toVertex(wanted.graph, cell), edge, ends: endsOf(edge) }));
    return { isCut, found: found.filter((row): row is typeof row & Neighbor => row.ends !== undefined) };
  };
  const page = { offset: window.offset, limit: window.limit + 1 };
  const whole = { offset: 0, limit: maxRows };
  const values = valuesOf(keys, start);
  const together = values.length > 1 ? await read(values, whole) : null;
  if (together !== null && !together.isCut) return cutEach(together.found, page);
  // Where rows are hidden the service's places are not the caller's, so the window is cut here.
  const hides = client.hides?.(wanted.graph) === true;
  const apart = await Promise.all(values.map((value) => read([value], hides ? whole : page)));
  return cutEach(
    apart.flatMap(({ found }) => found),
    hides ? page : { ...page, offset: 0 },
  );
}

/** The rows of each key that stand within the window. */
function cutEach<Row extends { readonly key: string }>(
  rows: readonly Row[],
  { offset, limit }: Window,
): ReadonlyMap<string, readonly Row[]> {
  return new Map([...Map.groupBy(rows, ({ key }) => key)].map(([key, own]) => [key, own.slice(offset, offset + limit)]));
}

/** How many neighbours each vertex has, in one statement; one that has none is left out. */
export async function degreesOf(
  keys: readonly string[],
  wanted: AroundArguments,
  { client, catalogs }: Sources,
): Promise<ReadonlyMap<string, number>> {
  const found = surroundings(await catalogs.of(wanted.graph), wanted);
  if (found === null) return new Map();
  const statement = degrees(found.around, valuesOf(keys, found.start));
  const { rows } = await client.run(wanted.graph, statement, DegreeRows);
  return new Map(rows.map(([degree, key]) => [key, degree]));
}

type Surroundings = {
  readonly start: VertexFrame;
  readonly around: Around;
  readonly keyColumns: Around['edges'];
  readonly endsOf: (edge: EdgeCell) => Ends | undefined;
};

/** The edge frames that touch the vertices at all, and what the keys at their far ends are called; null when there are none. */
function surroundings(catalog: Catalog | null, { frame, direction, edgeFrames }: AroundArguments): Surroundings | null {
  const start = catalog?.vertexFrame(frame);
  if (!catalog || !start) return null;
  const touching = catalog.edgeFrames(edgeFrames).filter((edge) => farEnds(edge, frame, direction).length > 0);
  const far = new Set(touching.flatMap((edge) => farEnds(edge, frame, direction)));
  const keyColumns = new Set([...far].map((name) => catalog.vertexFrame(name)?.key).filter((key) => key !== undefined));
  if (keyColumns.size === 0) return null;
  const ends = new Map<string, Ends>(touching.map((edge) => [edge.name, edge]));
  return {
    start,
    around: { frame: start, direction, edges: touching.map(({ name }) => name) },
    keyColumns: [...keyColumns],
    endsOf: (edge) => ends.get(edge.frame),
  };
}

function farEnds({ source, target }: EdgeFrame, frame: string, direction: Direction): readonly string[] {
  const out = direction !== 'IN' && source === frame ? [target] : [];
  return direction !== 'OUT' && target === frame ? [...out, source] : out;
}

const valuesOf = (keys: readonly string[], { keyValue }: VertexFrame) =>
  keys.map((key) => keyValue(key)).filter((value) => value !== null);

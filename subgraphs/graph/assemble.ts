import type { EdgeCell } from './answers.ts';
import type { Edge, Ends, Subgraph, Vertex } from './parts.ts';
import { joiner } from './parts.ts';

/** A vertex that a walk met, so many steps from where it began, and an edge found with it. */
export type Met = { readonly depth: number; readonly vertex: Vertex; readonly edge: EdgeCell | null };

type AssembleOptions = {
  /** Most vertices to give. */
  readonly limit: number;
  /** True when the walk itself had to stop early. */
  readonly cut: boolean;
  readonly endsOf: (edgeFrame: string) => Ends | undefined;
  /** True when the walk met more than it may show: then only what is joined to its beginning by what is shown counts as met. */
  readonly hides: boolean;
};

/** Makes what a walk met into a part of a graph: everything once, nearest first, no edge into the void. */
export function assemble(met: readonly Met[], { limit, cut, endsOf, hides }: AssembleOptions): Subgraph {
  const nearest = new Map<string, Met>();
  for (const meeting of met) {
    const known = nearest.get(meeting.vertex.id);
    if (known === undefined || meeting.depth < known.depth) nearest.set(meeting.vertex.id, meeting);
  }
  const all = [...nearest.values()].sort(byDepthAndKey);
  const ordered = (hides ? joinedToBeginning(all, met, endsOf) : all).map(({ vertex }) => vertex);
  const vertices = ordered.slice(0, limit);
  // Many ask for the vertices alone; graphql-js calls a function only for a field that is asked for.
  return { vertices, edges: () => edgesAmong(vertices, met, endsOf), truncated: cut || ordered.length > limit };
}

function edgesAmong(vertices: readonly Vertex[], met: readonly Met[], endsOf: AssembleOptions['endsOf']): readonly Edge[] {
  const join = joiner(vertices, endsOf);
  // Two vertices may be joined by several edges of one frame, which only their properties tell apart.
  const cells = new Map(met.map(({ edge }) => [JSON.stringify(edge), edge]));
  const edges = cells.values().map((edge) => edge && join(edge));
  return [...edges].filter((edge) => edge !== null).sort(byFrameAndKeys);
}

function joinedToBeginning(nearest: readonly Met[], met: readonly Met[], endsOf: AssembleOptions['endsOf']): readonly Met[] {
  const edges = edgesAmong(
    nearest.map(({ vertex }) => vertex),
    met,
    endsOf,
  );
  const pairs = edges.flatMap(({ source, target }) => [
    [source.id, target.id],
    [target.id, source.id],
  ]);
  const beside = Map.groupBy(pairs, ([from]) => from);
  // A set is walked in the order in which it grows, to its end.
  const joined = new Set(nearest.filter(({ depth }) => depth === 0).map(({ vertex }) => vertex.id));
  for (const id of joined) for (const [, next = id] of beside.get(id) ?? []) joined.add(next);
  return nearest.filter(({ vertex }) => joined.has(vertex.id));
}

const byDepthAndKey = (a: Met, b: Met): number =>
  a.depth - b.depth || compare(a.vertex.key, b.vertex.key) || compare(a.vertex.frame, b.vertex.frame);

const byFrameAndKeys = (a: Edge, b: Edge): number =>
  compare(a.frame, b.frame) || compare(a.source.key, b.source.key) || compare(a.target.key, b.target.key);

/** Not by locale: the order must be the same everywhere. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

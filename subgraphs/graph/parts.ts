import type { EdgeCell, VertexCell } from './answers.ts';
import { vertexId } from './vertex-id.ts';

/* What graphs are shown as. */

export type Vertex = {
  readonly id: string;
  readonly graph: string;
  readonly frame: string;
  readonly key: string;
  readonly properties: unknown;
};

export type Edge = {
  readonly frame: string;
  readonly source: Vertex;
  readonly target: Vertex;
  readonly properties: unknown;
};

export type Subgraph = {
  readonly vertices: readonly Vertex[];
  readonly edges: () => readonly Edge[];
  readonly truncated: boolean;
};

/** Which vertex frames the edges of a frame join. */
export type Ends = { readonly source: string; readonly target: string };

export const toVertex = (graph: string, { frame, key, properties }: VertexCell): Vertex => ({
  id: vertexId({ graph, frame, key }),
  graph,
  frame,
  key,
  properties,
});

/** Joins edges to vertices of one graph; gives null for an edge that does not lead from one of them to another. */
export function joiner(vertices: readonly Vertex[], endsOf: (edgeFrame: string) => Ends | undefined) {
  const byFrameAndKey = new Map(vertices.map((vertex) => [place(vertex.frame, vertex.key), vertex]));
  return ({ frame, sourceKey, targetKey, properties }: EdgeCell): Edge | null => {
    const ends = endsOf(frame);
    const source = ends && byFrameAndKey.get(place(ends.source, sourceKey));
    const target = ends && byFrameAndKey.get(place(ends.target, targetKey));
    return source && target ? { frame, source, target, properties } : null;
  };
}

/** A frame's name has no blank. */
const place = (frame: string, key: string): string => `${frame} ${key}`;

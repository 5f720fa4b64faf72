import type { Window } from '#kit/connection.ts';
import { isUuid } from '#kit/ids.ts';
import type { Loader } from '#kit/loader.ts';
import { batchLoader } from '#kit/loader.ts';
import type { Catalogs } from './catalog.ts';
import type { GraphClient } from './client.ts';
import { vertices } from './cypher.ts';
import type { LineageArguments } from './lineage.ts';
import { lineages } from './lineage.ts';
import type { AroundArguments, Neighbor } from './neighbors.ts';
import { degreesOf, neighborsOf } from './neighbors.ts';
import type { Subgraph, Vertex } from './parts.ts';
import { toVertex } from './parts.ts';
import { VertexRows } from './rows.ts';
import type { VertexRef } from './vertex-id.ts';
import { readVertexId } from './vertex-id.ts';

/** One statement for all vertices of a frame, or for all samples and vertices with equal arguments. */
export type GraphLoaders = {
  /** By id; what cannot be an id is null without a call. */
  readonly vertex: Loader<string, Vertex>;
  /** By id of the sample; what cannot be an id is null without a call. */
  readonly lineage: (wanted: LineageArguments) => Loader<string, Subgraph>;
  /** By key; up to one row more than the window is long, and null for no rows at all. */
  readonly neighbors: (wanted: AroundArguments & { readonly window: Window }) => Loader<string, readonly Neighbor[]>;
  /** By key; null where neighbours are hidden from the caller. */
  readonly degree: (wanted: AroundArguments) => Loader<string, number>;
};

type Sources = { readonly client: GraphClient; readonly catalogs: Catalogs };

export function graphLoaders(sources: Sources): GraphLoaders {
  const ofFrame = onePerArguments((frame: FrameRef) => batchLoader<string, Vertex>((keys) => verticesOf(keys, frame, sources)));
  const lineage = onePerArguments((wanted: LineageArguments) =>
    batchLoader<string, Subgraph>((ids) => lineages(ids, wanted, sources.client)),
  );
  return {
    vertex: {
      async load(id) {
        const ref = readVertexId(id);
        return ref && ofFrame({ graph: ref.graph, frame: ref.frame }).load(ref.key);
      },
    },
    lineage: (wanted) => ({ load: async (id) => (isUuid(id) ? lineage(wanted).load(id.toLowerCase()) : null) }),
    neighbors: onePerArguments((wanted) => batchLoader((keys) => neighborsOf(keys, wanted, sources))),
    degree: onePerArguments((wanted) => {
      const counted = batchLoader((keys: readonly string[]) => degreesOf(keys, wanted, sources));
      const isHiding = sources.client.hides?.(wanted.graph) === true;
      return { load: async (key) => (isHiding ? null : ((await counted.load(key)) ?? 0)) };
    }),
  };
}

type FrameRef = Omit<VertexRef, 'key'>;

async function verticesOf(
  keys: readonly string[],
  { graph, frame }: FrameRef,
  { client, catalogs }: Sources,
): Promise<ReadonlyMap<string, Vertex>> {
  const known = (await catalogs.of(graph))?.vertexFrame(frame);
  const values = known ? keys.map(known.keyValue).filter((value) => value !== null) : [];
  if (!known || values.length === 0) return new Map();
  const { rows } = await client.run(graph, vertices(known, values), VertexRows);
  return new Map(rows.map(([, key, cell]) => [key, toVertex(graph, cell)]));
}

/** Equal arguments get the same loader, and so the same batch. */
function onePerArguments<Arguments, Value>(
  make: (wanted: Arguments) => Loader<string, Value>,
): (wanted: Arguments) => Loader<string, Value> {
  const loaders = new Map<string, Loader<string, Value>>();
  return (wanted) => {
    const key = JSON.stringify(wanted);
    const loader = loaders.get(key) ?? make(wanted);
    loaders.set(key, loader);
    return loader;
  };
}

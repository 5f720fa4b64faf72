import type { GraphQLResolveInfo } from 'graphql';
import { asksFor } from '#kit/asks-for.ts';
import { connection, windowOf } from '#kit/connection.ts';
import type { SubgraphResolvers } from '#kit/define-subgraph.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { GraphInfo } from './answers.ts';
import type { Direction } from './cypher.ts';
import type { LineageArguments } from './lineage.ts';
import type { GraphLoaders } from './loaders.ts';
import type { Neighbor } from './neighbors.ts';
import type { Vertex } from './parts.ts';
import { joiner } from './parts.ts';
import { cypherQuery, graphQueryJob, graphQueryJobs, resultsOfJob, submitGraphQuery } from './raw.ts';
import type { VertexRef } from './vertex-id.ts';
import { vertexId } from './vertex-id.ts';
import type { GraphContext, NeighborhoodArguments, PathArguments } from './walk.ts';
import { neighborhoodOf, pathBetween } from './walk.ts';

/** Arguments as clients give them: every one with a default may still be null. */
type Given<Arguments> = { readonly [Name in keyof Arguments]?: Arguments[Name] | null };

type ById = { readonly id: string };

type LineageRequest = [ById, Given<LineageArguments>, GraphContext, GraphQLResolveInfo];

type NeighborArguments = {
  readonly direction?: Direction | null;
  readonly edgeFrames?: readonly string[] | null;
  readonly first?: number | null;
  readonly after?: string | null;
};

export const resolvers: SubgraphResolvers = {
  Query: {
    graphs: (_: unknown, __: unknown, { client }: GraphContext) => client.graphs(),
    graph: (_: unknown, { name }: { readonly name: string }, { client }: GraphContext) => client.graph(name),
    vertex: (_: unknown, ref: VertexRef, { loaders }: GraphContext) => loaders.vertex.load(vertexId(ref)),
    neighborhood: (_: unknown, given: Given<NeighborhoodArguments> & ById, context: GraphContext) =>
      neighborhoodOf(
        {
          id: given.id,
          depth: within('depth', given.depth ?? 1, 5),
          direction: given.direction ?? 'BOTH',
          edgeFrames: given.edgeFrames ?? null,
          limit: within('limit', given.limit ?? 200, 10_000),
        },
        context,
      ),
    shortestPath: (_: unknown, given: PathArguments & Given<Pick<PathArguments, 'maxHops'>>, context: GraphContext) =>
      pathBetween({ ...given, maxHops: within('maxHops', given.maxHops ?? 6, 10) }, context),
    cypherQuery: (_: unknown, given: Parameters<typeof cypherQuery>[0], context: GraphContext) => cypherQuery(given, context),
    graphQueryJob: (_: unknown, { id }: ById, context: GraphContext) => graphQueryJob(id, context),
    graphQueryJobs: (_: unknown, given: Parameters<typeof graphQueryJobs>[0], context: GraphContext) =>
      graphQueryJobs(given, context),
  },
  Mutation: {
    submitGraphQuery: (_: unknown, given: Parameters<typeof submitGraphQuery>[0], context: GraphContext) =>
      submitGraphQuery(given, context),
  },
  GraphQueryJob: { results: resultsOfJob },
  GraphInfo: {
    tableFrames: ({ name }: GraphInfo, _: unknown, { client }: GraphContext) => client.tables(name),
    schema: async ({ name }: GraphInfo, _: unknown, { catalogs }: GraphContext) => (await catalogs.of(name))?.schema ?? null,
  },
  GraphVertex: {
    __resolveReference: ({ id }: ById, { loaders }: GraphContext) => loaders.vertex.load(id),
    neighbors: (vertex: Vertex, given: NeighborArguments, { loaders }: GraphContext) => neighbors(vertex, given, loaders),
  },
  Sample: {
    __resolveReference: ({ id }: ById) => ({ id }),
    lineage: (...[{ id }, given, { loaders }, info]: LineageRequest) =>
      loaders
        .lineage({
          direction: given.direction ?? 'UPSTREAM',
          maxDepth: within('maxDepth', given.maxDepth ?? 5, 5),
          limit: within('limit', given.limit ?? 200, 10_000),
          whole: asksFor(info, ['properties', 'edges']),
        })
        .load(id),
  },
};

/** Depths and limits stand in the text of statements, so nothing else than a whole number within bounds may pass. */
function within(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new ExpectedError('BAD_USER_INPUT', `${name}: ${value} is not between 1 and ${max}.`);
}

async function neighbors(vertex: Vertex, given: NeighborArguments, loaders: GraphLoaders): Promise<object> {
  const window = windowOf(given, { size: 25, max: 1_000 });
  const { graph, frame, key } = vertex;
  const wanted = { graph, frame, direction: given.direction ?? 'BOTH', edgeFrames: given.edgeFrames ?? null };
  const rows = (await loaders.neighbors({ ...wanted, window }).load(key)) ?? [];
  const page = connection({ rows, window, total: null, hasNext: rows.length > window.limit });
  return {
    pageInfo: page.pageInfo,
    nodes: page.nodes.map((neighbor) => neighbor.vertex),
    edges: page.edges.map(({ cursor, node }) => ({ cursor, node: node.vertex, edge: edgeTo(node, vertex) })),
    totalCount: () => loaders.degree(wanted).load(key),
  };
}

const edgeTo = ({ vertex, edge, ends }: Neighbor, from: Vertex) => joiner([from, vertex], () => ends)(edge);

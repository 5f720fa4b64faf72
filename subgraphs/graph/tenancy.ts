import { z } from 'zod';
import { organizationIn } from '#kit/tenancy.ts';
import type { GraphInfo } from './answers.ts';
import type { Catalogs } from './catalog.ts';
import type { GraphClient } from './client.ts';
import { lab } from './lineage.ts';

/*
 * An organization has the graph of its namespace (graph contract section 1.4) for itself. Of graph lab, which holds the vertices
 * of all, it sees those whose column `organization_id` names it, and its frames without their numbers of rows. There is no other
 * graph for it, and whether there is one costs no call.
 */

/** Null for a short name that could be confused with another's. */
export const graphOf = (tenant: string): string | null =>
  /^[a-z0-9]+(-[a-z0-9]+)*$/.test(tenant) ? `org_${tenant.replaceAll('-', '_')}` : null;

const mayRead = (tenant: string, graph: string): boolean => graph === graphOf(tenant) || graph === lab.graph;

export function ownClient(client: GraphClient, tenant: string): GraphClient {
  const name = graphOf(tenant);
  const shown = (graph: GraphInfo): GraphInfo => (graph.name === name ? graph : withoutCounts(graph));
  return {
    graphs: async () => (await client.graphs()).filter((graph) => mayRead(tenant, graph.name)).map(shown),
    async graph(wanted) {
      const found = mayRead(tenant, wanted) ? await client.graph(wanted) : null;
      return found && shown(found);
    },
    tables: async (graph) => (graph === name ? client.tables(graph) : []),
    async run(graph, statement, schema) {
      if (!mayRead(tenant, graph)) return { rows: [], isCut: false };
      const { rows, isCut } = await client.run(graph, statement, schema);
      return { rows: graph === name ? rows : rows.filter((row) => isOf(tenant, row)), isCut };
    },
    hides: (graph) => graph !== name,
  };
}

function withoutCounts({ vertexFrames, edgeFrames, ...graph }: GraphInfo): GraphInfo {
  return {
    ...graph,
    vertexFrames: vertexFrames.map((frame) => ({ ...frame, rowCount: null })),
    edgeFrames: edgeFrames.map((frame) => ({ ...frame, rowCount: null })),
  };
}

const Vertex = z.object({ frame: z.string(), key: z.string(), properties: z.unknown() });

/** A row of a statement shows vertices, all of them the tenant's. An edge is only shown between vertices that are. */
function isOf(tenant: string, row: readonly unknown[]): boolean {
  const vertices = row.flat().flatMap((cell) => Vertex.safeParse(cell).data ?? []);
  return vertices.length > 0 && vertices.every(({ properties }) => organizationIn(properties) === tenant);
}

/** The schema of a graph is asked for with the tenant's own credential, and so kept for the tenant alone. */
export const ownCatalogs = (catalogs: Catalogs, tenant: string): Catalogs => ({
  of: async (graph) => (mayRead(tenant, graph) ? catalogs.of(graph, tenant) : null),
  forget: (graph) => catalogs.forget(graph, tenant),
});

import { defineSubgraph } from '#kit/define-subgraph.ts';
import type { RunningQuery } from '#kit/query-watch.ts';
import { catalogs } from './catalog.ts';
import { graphClient, readSchema } from './client.ts';
import { decode } from './decode.ts';
import { jobClient } from './jobs.ts';
import { graphLoaders } from './loaders.ts';
import { ownStatements } from './own-statements.ts';
import { permissions } from './permissions.ts';
import { resolvers } from './resolvers.ts';
import { ownCatalogs, ownClient } from './tenancy.ts';
import type { GraphContext } from './walk.ts';

export const graphSubgraph = defineSubgraph<GraphContext>({
  name: 'graph',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  open: ({ background, credentialOf, clock, watchQuery }) => {
    const all = catalogs({ read: (graph, tenant) => readSchema(background('graph-schema', tenant), graph), clock });
    return ({ rest, call, once, hear }) => {
      const { requestId, caller } = call;
      const { tenant } = caller;
      const watch = watchQuery && ((query: RunningQuery) => watchQuery({ ...query, requestId, caller }));
      const known = tenant === undefined ? all : ownCatalogs(all, tenant);
      const whole = graphClient({ rest, signal: call.signal, onMissing: known.forget, watch });
      const client = tenant === undefined ? whole : ownClient(whole, tenant);
      const loaders = graphLoaders({ client, catalogs: known });
      const jobs = jobClient(rest);
      const statements =
        tenant === undefined ? { graph: known.of, jobs } : ownStatements({ catalogs: known, jobs, tenant, credentialOf });
      return { client, catalogs: known, loaders, statements, rest, clock, call, once, hear, watch };
    };
  },
});

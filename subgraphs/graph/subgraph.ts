import { defineSubgraph } from '#kit/define-subgraph.ts';
import { catalogs } from './catalog.ts';
import { graphClient, readSchema } from './client.ts';
import { decode } from './decode.ts';
import { jobClient } from './jobs.ts';
import { graphLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import { resolvers } from './resolvers.ts';
import type { GraphContext } from './walk.ts';

export const graphSubgraph = defineSubgraph<GraphContext>({
  name: 'graph',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  open: ({ background, clock }) => {
    const known = catalogs({ read: (graph) => readSchema(background('graph-schema'), graph), clock });
    return ({ rest, call, once }) => {
      const client = graphClient({ rest, signal: call.signal, onMissing: known.forget });
      const loaders = graphLoaders({ client, catalogs: known });
      return { client, catalogs: known, loaders, jobs: jobClient(rest), rest, clock, call, once };
    };
  },
});

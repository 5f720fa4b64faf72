import { defineSubgraph } from '#kit/define-subgraph.ts';
import { sequencingClient } from './client.ts';
import { jobIndex } from './job-index.ts';
import { sequencingLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import type { SequencingContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';

export const sequencingSubgraph = defineSubgraph<SequencingContext>({
  name: 'sequencing',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  open: ({ background, clock }) => {
    const index = jobIndex({ client: () => sequencingClient(background('jobs-index')), clock });
    return (request) => {
      const client = sequencingClient(request.rest);
      return { client, loaders: sequencingLoaders(client), index };
    };
  },
});

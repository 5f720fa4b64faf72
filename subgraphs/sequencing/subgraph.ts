import { defineSubgraph } from '#kit/define-subgraph.ts';
import { sequencingClient } from './client.ts';
import { jobIndex } from './job-index.ts';
import { sequencingLoaders } from './loaders.ts';
import { mutations } from './mutations.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import type { SequencingContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';
import { workflowClient } from './workflows.ts';
import { sequencingWrites } from './writes.ts';

export const sequencingSubgraph = defineSubgraph<SequencingContext>({
  name: 'sequencing',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers: { ...resolvers, Mutation: mutations },
  permissions,
  decode,
  open: ({ background, clock }) => {
    const index = jobIndex({ client: () => sequencingClient(background('jobs-index')), clock });
    return ({ rest, call, once }) => {
      const client = sequencingClient(rest);
      const loaders = sequencingLoaders(client);
      return { client, loaders, index, clock, call, once, writes: sequencingWrites(rest), workflows: workflowClient(rest) };
    };
  },
});

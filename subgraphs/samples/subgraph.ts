import { defineSubgraph } from '#kit/define-subgraph.ts';
import { samplesClient } from './client.ts';
import { sampleLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import type { SamplesContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';

export const samplesSubgraph = defineSubgraph<SamplesContext>({
  name: 'samples',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  open: () => (request) => {
    const client = samplesClient(request.rest);
    return { client, loaders: sampleLoaders(client) };
  },
});

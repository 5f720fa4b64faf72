import { defineSubgraph } from '#kit/define-subgraph.ts';
import { ragClient } from './client.ts';
import { ragLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import type { RagContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';

export const ragSubgraph = defineSubgraph<RagContext>({
  name: 'rag',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  open: () => (request) => {
    const client = ragClient(request.rest);
    return { client, loaders: ragLoaders(client) };
  },
});

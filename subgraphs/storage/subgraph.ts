import { defineSubgraph } from '#kit/define-subgraph.ts';
import { storageClient } from './client.ts';
import { storageLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import type { StorageContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';

export const storageSubgraph = defineSubgraph<StorageContext>({
  name: 'storage',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  open: () => (request) => {
    const client = storageClient(request.rest);
    return { client, loaders: storageLoaders(client) };
  },
});

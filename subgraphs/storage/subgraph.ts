import { defineSubgraph } from '#kit/define-subgraph.ts';
import { storageClient } from './client.ts';
import { storageLoaders } from './loaders.ts';
import { mutations } from './mutations.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import type { StorageContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';
import { storageWrites } from './writes.ts';

export const storageSubgraph = defineSubgraph<StorageContext>({
  name: 'storage',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers: { ...resolvers, Mutation: mutations },
  permissions,
  decode,
  open:
    ({ clock }) =>
    ({ rest, call, once }) => {
      const client = storageClient(rest);
      let loaders = storageLoaders(client);
      return {
        client,
        clock,
        call,
        once,
        writes: storageWrites(rest),
        get loaders() {
          return loaders;
        },
        forget() {
          loaders = storageLoaders(client);
        },
      };
    },
});

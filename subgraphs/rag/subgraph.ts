import { defineSubgraph } from '#kit/define-subgraph.ts';
import { ragClient } from './client.ts';
import type { RagContext } from './context.ts';
import { ragLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import { resolvers } from './resolvers.ts';
import { ragWrites } from './writes.ts';

export const ragSubgraph = defineSubgraph<RagContext>({
  name: 'rag',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  open:
    () =>
    ({ rest, call, once }) => {
      const client = ragClient(rest);
      let loaders = ragLoaders(client);
      return {
        writes: ragWrites(rest),
        // The fields of a mutation run one after the other, each with its answer, so a write may begin the reading anew.
        get loaders() {
          return loaders;
        },
        forget() {
          loaders = ragLoaders(client);
        },
        call,
        once,
      };
    },
});

import { defineSubgraph } from '#kit/define-subgraph.ts';
import { templatesClient } from './client.ts';
import type { TemplatesContext } from './context.ts';
import { templateLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import { resolvers } from './resolvers.ts';
import { templateWrites } from './writes.ts';

export const templatesSubgraph = defineSubgraph<TemplatesContext>({
  name: 'templates',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  open:
    () =>
    ({ rest, call, once }) => {
      const client = templatesClient(rest);
      const context = {
        loaders: templateLoaders(client),
        client,
        writes: templateWrites(rest),
        // The fields of a mutation run one after the other, each with its answer, so a write may begin the reading anew.
        forget() {
          context.loaders = templateLoaders(client);
        },
        call,
        once,
      };
      return context;
    },
});

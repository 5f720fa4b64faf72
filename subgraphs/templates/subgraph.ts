import { defineSubgraph } from '#kit/define-subgraph.ts';
import { templatesClient } from './client.ts';
import { templateLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import type { TemplatesContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';

export const templatesSubgraph = defineSubgraph<TemplatesContext>({
  name: 'templates',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  open: () => (request) => {
    const client = templatesClient(request.rest);
    return { client, loaders: templateLoaders(client) };
  },
});

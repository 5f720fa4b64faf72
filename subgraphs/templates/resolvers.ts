import type { SubgraphResolvers } from '#kit/define-subgraph.ts';
import type { Template } from './client.ts';
import type { TemplatesContext } from './context.ts';
import { mutations } from './mutations.ts';

type ById = { readonly id: string };

export const resolvers: SubgraphResolvers = {
  Query: {
    template: (_: unknown, { id }: ById, { loaders }: TemplatesContext) => loaders.one.load(id),
    templates: (_: unknown, _arguments: object, { loaders }: TemplatesContext) => loaders.newest(),
  },
  Mutation: mutations,
  Template: {
    __resolveReference: ({ id }: ById, { loaders }: TemplatesContext) => loaders.picked.load(id),
    metadata: async ({ id }: Template, _: object, { loaders }: TemplatesContext) => (await loaders.content.load(id))?.metadata,
    sheets: async ({ id }: Template, _: object, { loaders }: TemplatesContext) => (await loaders.content.load(id))?.sheets,
    fields: ({ id }: Template, _: object, { loaders }: TemplatesContext) => loaders.fields.load(id),
  },
};

import { defineSubgraph } from '#kit/define-subgraph.ts';
import { samplesClient } from './client.ts';
import type { SamplesContext } from './context.ts';
import { sampleLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import { resolvers } from './resolvers.ts';
import { sampleWrites } from './writes.ts';

export const samplesSubgraph = defineSubgraph<SamplesContext>({
  name: 'samples',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  open:
    () =>
    ({ rest, call, once }) => {
      const client = samplesClient(rest);
      return { client, writes: sampleWrites(rest), loaders: sampleLoaders(client), call, once };
    },
});

import { defineSubgraph } from '#kit/define-subgraph.ts';
import { samplesClient } from './client.ts';
import type { SamplesContext } from './context.ts';
import { wholeList } from './list.ts';
import { sampleLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import { resolvers } from './resolvers.ts';
import { ownClient, ownList, ownWrites } from './tenancy.ts';
import { sampleWrites } from './writes.ts';

export const samplesSubgraph = defineSubgraph<SamplesContext>({
  name: 'samples',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  open:
    ({ clock }) =>
    ({ rest, call, once }) => {
      const whole = samplesClient(rest);
      const writes = sampleWrites(rest);
      const { tenant } = call.caller;
      if (tenant === undefined) {
        const loaders = sampleLoaders(whole);
        return { client: whole, writes, loaders, list: wholeList(loaders), call, once };
      }
      const client = ownClient(whole, tenant);
      const loaders = sampleLoaders(client);
      const own = ownWrites(writes, { client, loaders, tenant, clock });
      return { client, writes: own, loaders, list: ownList(whole, tenant, loaders), call, once };
    },
});

import { defineSubgraph } from '#kit/define-subgraph.ts';
import { ownSamples } from '#kit/own-samples.ts';
import type { Decoder } from '#kit/rest-client.ts';
import { ragClient } from './client.ts';
import type { RagContext } from './context.ts';
import { ragLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import { resolvers } from './resolvers.ts';
import { noWrites, ownClient } from './tenancy.ts';
import { ragWrites } from './writes.ts';

export const ragSubgraph = defineSubgraph<RagContext, 'samples'>({
  name: 'rag',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  others: { samples: ruledAlike },
  open:
    () =>
    ({ rest, other, call, once }) => {
      const { tenant } = call.caller;
      const whole = ragClient(rest);
      const client = tenant === undefined ? whole : ownClient(whole, ownSamples(other('samples'), tenant));
      const context = {
        loaders: ragLoaders(client),
        writes: tenant === undefined ? ragWrites(rest) : noWrites,
        // The fields of a mutation run one after the other, each with its answer, so a write may begin the reading anew.
        forget() {
          context.loaders = ragLoaders(client);
        },
        call,
        once,
      };
      return context;
    },
});

/** Of the sample service's refusals only those count that every service has. */
function ruledAlike(): ReturnType<Decoder> {
  return undefined;
}

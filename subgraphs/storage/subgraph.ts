import type { Clients } from '#kit/define-subgraph.ts';
import { defineSubgraph } from '#kit/define-subgraph.ts';
import { ownSamples } from '#kit/own-samples.ts';
import { refusedMove, sampleStates } from '#kit/sample-states.ts';
import { storageClient } from './client.ts';
import { storageLoaders } from './loaders.ts';
import { mutations } from './mutations.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import type { StorageClients, StorageContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';
import { ownClient, ownWrites } from './tenancy.ts';
import { storageWrites } from './writes.ts';

export const storageSubgraph = defineSubgraph<StorageContext, 'samples'>({
  name: 'storage',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers: { ...resolvers, Mutation: mutations },
  permissions,
  decode,
  others: { samples: refusedMove('The sample is in another state by now, from which it cannot go into storage.') },
  open:
    ({ clock, onLeftBehind }) =>
    ({ call, once, detached, ...own }) => {
      const { tenant } = call.caller;
      const clientsOf = ({ rest, other }: Clients<'samples'>): StorageClients => {
        const whole = { client: storageClient(rest), writes: storageWrites(rest) };
        const samples = sampleStates(other('samples'), call.caller);
        if (tenant === undefined) return { ...whole, samples };
        const own = ownSamples(other('samples'), tenant);
        return { client: ownClient(whole.client, own), writes: ownWrites(whole.writes, own), samples };
      };
      const clients = clientsOf(own);
      const context = {
        loaders: storageLoaders(clients.client),
        ...clients,
        detached: () => clientsOf(detached()),
        onLeftBehind,
        clock,
        call,
        once,
        forget() {
          context.loaders = storageLoaders(clients.client);
        },
      };
      return context;
    },
});

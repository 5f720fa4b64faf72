import type { Clients } from '#kit/define-subgraph.ts';
import { defineSubgraph } from '#kit/define-subgraph.ts';
import { sequencingClient } from './client.ts';
import { jobIndex } from './job-index.ts';
import { sequencingLoaders } from './loaders.ts';
import { mutations } from './mutations.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import type { SequencingClients, SequencingContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';
import { decodeSamples, sampleStates } from './samples.ts';
import { workflowClient } from './workflows.ts';
import { sequencingWrites } from './writes.ts';

export const sequencingSubgraph = defineSubgraph<SequencingContext, 'samples'>({
  name: 'sequencing',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers: { ...resolvers, Mutation: mutations },
  permissions,
  decode,
  others: { samples: decodeSamples },
  open: ({ background, clock, onLeftBehind }) => {
    const index = jobIndex({ client: () => sequencingClient(background('jobs-index')), clock });
    return ({ call, once, detached, ...own }) => {
      const clientsOf = ({ rest, other }: Clients<'samples'>): SequencingClients => ({
        client: sequencingClient(rest),
        writes: sequencingWrites(rest),
        samples: sampleStates(other('samples'), call.caller),
      });
      const clients = clientsOf(own);
      return {
        ...clients,
        detached: () => clientsOf(detached()),
        onLeftBehind,
        loaders: sequencingLoaders(clients.client),
        workflows: workflowClient(own.rest),
        index,
        clock,
        call,
        once,
      };
    };
  },
});

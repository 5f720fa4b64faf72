import type { Clients } from '#kit/define-subgraph.ts';
import { defineSubgraph } from '#kit/define-subgraph.ts';
import { ownSamples } from '#kit/own-samples.ts';
import { refusedMove, sampleStates } from '#kit/sample-states.ts';
import { sequencingClient } from './client.ts';
import { jobIndex } from './job-index.ts';
import { wholeList } from './lists.ts';
import { sequencingLoaders } from './loaders.ts';
import { mutations } from './mutations.ts';
import { ownWrites } from './own-writes.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import type { SequencingClients, SequencingContext } from './resolvers.ts';
import { resolvers } from './resolvers.ts';
import { ownClient, ownIndex, ownLists } from './tenancy.ts';
import { workflowClient } from './workflows.ts';
import { sequencingWrites } from './writes.ts';

export const sequencingSubgraph = defineSubgraph<SequencingContext, 'samples'>({
  name: 'sequencing',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers: { ...resolvers, Mutation: mutations },
  permissions,
  decode,
  others: { samples: refusedMove('A sample is in another state by now, from which it may not change so.') },
  open: ({ background, clock, onChange, onLeftBehind }) => {
    const index = jobIndex({ client: () => sequencingClient(background('jobs-index')), clock });
    onChange('SequencingJob', index.drop);
    return ({ call, once, detached, ...own }) => {
      const { tenant } = call.caller;
      const clientsOf = ({ rest, other }: Clients<'samples'>): SequencingClients => {
        const whole = { client: sequencingClient(rest), writes: sequencingWrites(rest) };
        const samples = sampleStates(other('samples'), call.caller);
        if (tenant === undefined) return { ...whole, samples };
        const client = ownClient(whole.client, tenant);
        const parts = { client, samples: ownSamples(other('samples'), tenant), tenant };
        return { client, writes: ownWrites(whole.writes, parts), samples };
      };
      const clients = clientsOf(own);
      const { client } = clients;
      const lists =
        tenant === undefined
          ? { jobs: wholeList(client.jobs), sheets: wholeList(client.sheets) }
          : ownLists({ client, index, tenant });
      return {
        ...clients,
        detached: () => clientsOf(detached()),
        onLeftBehind,
        loaders: sequencingLoaders(client),
        lists,
        workflows: workflowClient(own.rest),
        index: tenant === undefined ? index : ownIndex(index, tenant),
        clock,
        call,
        once,
      };
    };
  },
});

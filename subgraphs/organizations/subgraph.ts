import { defineStoreSubgraph } from '#kit/define-store-subgraph.ts';
import { eachLoader } from '#kit/loader.ts';
import { administration } from '#kit/organizations/administration.ts';
import { originOf } from './audit.ts';
import type { OrganizationsContext } from './context.ts';
import { permissions } from './permissions.ts';
import { reachable } from './reachable.ts';
import { resolvers } from './resolvers.ts';

export const organizationsSubgraph = defineStoreSubgraph<OrganizationsContext>({
  name: 'organizations',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  open: ({ clock, onFailure, ...parts }) => {
    const office = { ...parts, store: reachable(parts.store, onFailure), clock };
    const { store } = office;
    return (call) => ({
      store,
      organizations: eachLoader(async (id: string) => (await store.organization(id)) ?? null),
      administration: () => administration({ ...office, origin: { ...originOf(call), startedAt: clock.now() } }),
      clock,
      call,
    });
  },
});

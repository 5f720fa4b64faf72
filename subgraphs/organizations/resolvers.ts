import type { Caller } from '#kit/caller.ts';
import type { SubgraphResolvers } from '#kit/define-subgraph.ts';
import { checked } from '#kit/input.ts';
import type { Organization } from '#kit/organizations/records.ts';
import { Days } from './bounds.ts';
import type { OrganizationsContext } from './context.ts';
import { mutations } from './mutations.ts';
import { inCapitals, shownKey } from './shown.ts';
import { lastDays, usageDays } from './usage.ts';

type ById = { readonly id: string };

export const resolvers: SubgraphResolvers = {
  Query: {
    viewer: (_: unknown, _arguments: object, { call }: OrganizationsContext) => call.caller,
    organization: (_: unknown, { id }: ById, { organizations }: OrganizationsContext) => organizations.load(id),
    organizations: (_: unknown, _arguments: object, { store }: OrganizationsContext) => store.organizations(),
  },
  Mutation: mutations,
  Viewer: {
    kind: ({ kind }: Caller) => inCapitals(kind),
    roles: ({ roles }: Caller) => roles.map(inCapitals),
    organization: ({ organization }: Caller, _: object, { organizations }: OrganizationsContext) =>
      organizations.load(organization),
  },
  Organization: {
    status: ({ status }: Organization) => inCapitals(status),
    createdAt: ({ createdAt }: Organization) => createdAt.toISOString(),
    apiKeys: async ({ id }: Organization, _: object, { store, clock }: OrganizationsContext) =>
      (await store.keys(id)).map((key) => shownKey(key, clock.now())),
    usage: async ({ id }: Organization, { days }: { readonly days?: number | null }, { store, clock }: OrganizationsContext) =>
      usageDays(await store.usage(id, lastDays(checked(Days, days ?? 30, 'days'), clock.now()))),
  },
};

import type { Call, CallBudget } from '#kit/call.ts';
import type { Caller } from '#kit/caller.ts';
import type { SubgraphResolvers } from '#kit/define-subgraph.ts';
import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import type { Organization } from '#kit/organizations/records.ts';
import { Days } from './bounds.ts';
import type { OrganizationsContext } from './context.ts';
import { mutations } from './mutations.ts';
import { inCapitals, shownKey } from './shown.ts';
import { lastDays, usageDays } from './usage.ts';

type ById = { readonly id: string };

/** The gateway alone keeps the budget: a subgraph in another process does not know it. */
function rateLimit({ budget }: Call): CallBudget | null {
  if (budget === undefined)
    throw new ExpectedError('UPSTREAM_UNAVAILABLE', 'The budget is not known here.', { extensions: { retryable: false } });
  return budget() ?? null;
}

export const resolvers: SubgraphResolvers = {
  Query: {
    viewer: (_: unknown, _arguments: object, { call }: OrganizationsContext) => call.caller,
    rateLimit: (_: unknown, _arguments: object, { call }: OrganizationsContext) => rateLimit(call),
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

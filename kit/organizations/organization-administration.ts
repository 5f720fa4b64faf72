import type { Clock } from '#kit/clock.ts';
import type { Announce } from './announce.ts';
import type { Organization } from './records.ts';
import { missing, refused } from './refusals.ts';
import type { OrganizationChanges, OrganizationStore } from './store.ts';

type Parts = { readonly store: OrganizationStore; readonly announce: Announce; readonly clock: Clock };

type NewOrganization = Pick<Organization, 'id' | 'name' | 'plan' | 'limits' | 'graphCredential'>;

/** Writes what is asked of organizations, and tells it. @throws ExpectedError BAD_USER_INPUT, NOT_FOUND for a deleted one too */
export type OrganizationAdministration = {
  readonly create: (wanted: NewOrganization) => Promise<Organization>;
  /** A deleted organization stays known by its name, so that nobody else can take it. */
  readonly change: (id: string, changes: OrganizationChanges) => Promise<Organization>;
};

export function organizationAdministration({ store, announce, clock }: Parts): OrganizationAdministration {
  return {
    async create(wanted) {
      if (!isShortName(wanted.id)) throw refused(`An organization's id ${shortNameRule}.`);
      requirePlan(wanted.plan);
      const organization: Organization = { ...wanted, status: 'active', createdAt: new Date(clock.now()) };
      if (!(await store.addOrganization(organization))) throw refused(`There is an organization ${wanted.id} already.`);
      await announce({ deed: 'organization.create', organizationId: wanted.id, detail: `plan ${wanted.plan}` });
      return organization;
    },
    async change(id, changes) {
      if (changes.plan !== undefined) requirePlan(changes.plan);
      await standing(store, id);
      const organization = await store.updateOrganization(id, changes);
      if (organization === undefined) throw missing('organization', id);
      await announce({
        deed: 'organization.change',
        organizationId: id,
        detail: told(changes),
        kind: organization.status === 'deleted' ? 'deleted' : 'changed',
      });
      return organization;
    },
  };
}

/** An organization that is there and not deleted. @throws ExpectedError NOT_FOUND */
export async function standing(store: Pick<OrganizationStore, 'organization'>, id: string): Promise<Organization> {
  const organization = await store.organization(id);
  if (organization === undefined || organization.status === 'deleted') throw missing('organization', id);
  return organization;
}

const shortNameRule = 'has 2 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit';
const isShortName = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/.test(text);

function requirePlan(plan: string): void {
  if (!isShortName(plan)) throw refused(`A plan's name ${shortNameRule}.`);
}

/** The changes in words, without what nobody may read. */
const told = ({ graphCredential, ...shown }: OrganizationChanges): string =>
  JSON.stringify({ ...shown, ...(graphCredential !== undefined && { graphCredential: 'set' }) });

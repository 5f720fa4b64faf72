import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import type { NewKey } from '#kit/organizations/key-administration.ts';
import { isUsable } from '#kit/organizations/key-state.ts';
import type { Organization } from '#kit/organizations/records.ts';
import { audited } from './audit.ts';
import { keyInCare, organizationInCare, requireHeld } from './authority.ts';
import { Id, NewApiKey, NewOrganization, OverlapHours, Plan } from './bounds.ts';
import type { OrganizationsContext } from './context.ts';
import { shownIssue, shownKey } from './shown.ts';

type Input = { readonly input: unknown };
type ById = { readonly id: string };
type Rotation = ById & { readonly overlapHours?: number | null };
type PlanChange = ById & { readonly plan: string };
type StatusChange = ById & { readonly status: 'ACTIVE' | 'SUSPENDED' | 'DELETED' };

/** Keys of one organization that may be good at a time. */
const maxUsableKeys = 100;
const hourMs = 3_600_000;

export const mutations = {
  createApiKey: audited('key.create', async ({ input }: Input, context) => {
    const { call, clock, administration } = context;
    const { keys } = administration();
    const wanted = newKey(input, context);
    requireHeld(call.caller, wanted.scopes);
    await requireRoom(context, wanted.organizationId);
    return shownIssue(await keys.create(wanted), clock.now());
  }),
  rotateApiKey: audited('key.rotate', async ({ id, overlapHours }: Rotation, context) => {
    const { call, clock, store, administration } = context;
    const { keys } = administration();
    const overlap = checked(OverlapHours, overlapHours ?? 24, 'overlapHours');
    const key = await keyInCare(store, call.caller, checked(Id, id, 'id'));
    // Who rotates a key learns a secret with its scopes.
    requireHeld(call.caller, key.scopes);
    await requireRoom(context, key.organizationId);
    return shownIssue(await keys.rotate(key.id, overlap * hourMs), clock.now());
  }),
  revokeApiKey: audited('key.revoke', async ({ id }: ById, { call, clock, store, administration }) => {
    const { keys } = administration();
    const key = await keyInCare(store, call.caller, checked(Id, id, 'id'));
    return shownKey(await keys.revoke(key.id), clock.now());
  }),
  createOrganization: audited('organization.create', async ({ input }: Input, { administration }): Promise<Organization> => {
    const { plan, ...wanted } = checked(NewOrganization, input);
    return administration().organizations.create({ ...wanted, plan: plan ?? 'default' });
  }),
  setOrganizationPlan: audited('organization.change', async ({ id, plan }: PlanChange, { administration }) =>
    administration().organizations.change(checked(Id, id, 'id'), { plan: checked(Plan, plan, 'plan') }),
  ),
  setOrganizationStatus: audited('organization.change', async ({ id, status }: StatusChange, { administration }) =>
    administration().organizations.change(checked(Id, id, 'id'), { status: statuses[status] }),
  ),
};

const statuses = { ACTIVE: 'active', SUSPENDED: 'suspended', DELETED: 'deleted' } as const;
const environments = { LIVE: 'live', TEST: 'test' } as const;

function newKey(input: unknown, { call, clock }: OrganizationsContext): NewKey {
  const { organizationId, name, scopes, environment, expiresAt, allowedAddresses } = checked(NewApiKey(clock.now()), input);
  return {
    organizationId: organizationInCare(call.caller, organizationId),
    name,
    scopes,
    environment: environments[environment ?? 'LIVE'],
    ...(expiresAt != null && { expiresAt: new Date(expiresAt) }),
    ...(allowedAddresses != null && { allowedAddresses }),
  };
}

async function requireRoom({ store, clock }: OrganizationsContext, organization: string): Promise<void> {
  const usable = (await store.keys(organization)).filter((key) => isUsable(key, clock.now()));
  if (usable.length < maxUsableKeys) return;
  throw new ExpectedError(
    'BAD_USER_INPUT',
    `The organization has ${maxUsableKeys} keys that can be used, which is the most; revoke one of them first.`,
  );
}

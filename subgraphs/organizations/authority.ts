import type { Caller } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';
import { expandScopes } from '#kit/organizations/key-scopes.ts';
import type { ApiKey } from '#kit/organizations/records.ts';
import { missing } from '#kit/organizations/refusals.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';

/** Administrators of the laboratory have all organizations in their care, everybody else the own one at most. */
const hasInCare = ({ scopes, organization }: Caller, id: string): boolean =>
  id === organization || scopes.includes('admin:organizations');

/** The organization that is meant, the caller's own unless another is named. @throws ExpectedError NOT_FOUND, as for none */
export function organizationInCare(caller: Caller, named?: string | null): string {
  const id = named ?? caller.organization;
  if (!hasInCare(caller, id)) throw missing('organization', id);
  return id;
}

/** A key that the caller may administrate. @throws ExpectedError NOT_FOUND, alike for a foreign key and for none */
export async function keyInCare(store: Pick<OrganizationStore, 'key'>, caller: Caller, id: string): Promise<ApiKey> {
  const key = await store.key(id);
  if (key === undefined || !hasInCare(caller, key.organizationId)) throw missing('key', id);
  return key;
}

/** Nobody comes by rights through a key that they make. @throws ExpectedError FORBIDDEN for a scope that the caller does not hold */
export function requireHeld({ scopes: held }: Caller, granted: readonly string[]): void {
  const beyond = expandScopes(granted).filter((scope) => !held.includes(scope));
  if (beyond.length > 0)
    throw new ExpectedError('FORBIDDEN', `A key with ${beyond.join(', ')} can only come from who holds that scope.`);
}

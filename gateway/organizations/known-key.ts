import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '#kit/caller.ts';
import { addressList } from '#kit/organizations/address-list.ts';
import { expandScopes } from '#kit/organizations/key-scopes.ts';
import { isUsable } from '#kit/organizations/key-state.ts';
import { isAmong } from '#kit/organizations/keys.ts';
import type { ApiKey, Organization } from '#kit/organizations/records.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';

/** A usable key with its organization, as they were read from the store. */
export type KnownKey = {
  readonly key: ApiKey;
  readonly organization: Organization;
  readonly caller: Caller;
  readonly allows: (address: string) => boolean;
  /** When reading began, in milliseconds since the epoch. */
  readonly readAt: number;
};

type Reading = {
  readonly store: Pick<OrganizationStore, 'keyByHash' | 'organization'>;
  readonly hashes: readonly string[];
  readonly now: number;
  /** The organization whose keys see the data of all. */
  readonly laboratory: string;
  /** What was known before; its caller is kept where nothing changed. */
  readonly previous?: KnownKey | undefined;
};

/** Reads a key by its hashes. A key that cannot be used costs the same as one that is not there. */
export async function readKnownKey({ store, hashes, now, laboratory, previous }: Reading): Promise<KnownKey | undefined> {
  const key = await store.keyByHash(hashes);
  if (key === undefined || !isAmong(key.keyHash, hashes) || !isUsable(key, now)) return undefined;
  const organization = await store.organization(key.organizationId);
  if (organization === undefined || organization.status === 'deleted') return undefined;
  const caller = callerOf(key, organization, laboratory);
  return {
    key,
    organization,
    caller: isDeepStrictEqual(previous?.caller, caller) ? (previous?.caller ?? caller) : caller,
    allows: key.allowedAddresses === undefined ? () => true : addressList(key.allowedAddresses),
    readAt: now,
  };
}

const callerOf = ({ id, scopes }: ApiKey, organization: Organization, laboratory: string): Caller => ({
  kind: 'partner',
  organization: organization.id,
  plan: organization.plan,
  subject: id,
  roles: [],
  scopes: expandScopes(scopes),
  keyId: id,
  ...(organization.id !== laboratory && { tenant: organization.id }),
});

import type { Clock } from '#kit/clock.ts';
import { isAddressRange } from './address-list.ts';
import type { Announce } from './announce.ts';
import { grantableScopes } from './key-scopes.ts';
import { keyState } from './key-state.ts';
import type { KeyHasher } from './keys.ts';
import { newKeyId, newSecret, prefixOf } from './keys.ts';
import { standing } from './organization-administration.ts';
import type { ApiKey } from './records.ts';
import { missing, refused } from './refusals.ts';
import type { OrganizationStore } from './store.ts';

type Parts = {
  readonly store: OrganizationStore;
  readonly hasher: KeyHasher;
  readonly announce: Announce;
  readonly clock: Clock;
};

export type NewKey = Pick<ApiKey, 'organizationId' | 'name' | 'scopes' | 'environment' | 'expiresAt' | 'allowedAddresses'>;

/** A key with its secret, which is known this once. */
export type IssuedKey = { readonly key: ApiKey; readonly secret: string };

/** Writes what is asked of keys, and tells it. @throws ExpectedError BAD_USER_INPUT, NOT_FOUND */
export type KeyAdministration = {
  readonly create: (wanted: NewKey) => Promise<IssuedKey>;
  /** Makes a successor with the same rights and as long a life; the key itself stays good for the overlap. */
  readonly rotate: (id: string, overlapMs: number) => Promise<IssuedKey>;
  readonly revoke: (id: string) => Promise<ApiKey>;
};

export function keyAdministration({ store, hasher, announce, clock }: Parts): KeyAdministration {
  const issue = async (wanted: NewKey): Promise<IssuedKey> => {
    const secret = newSecret(wanted.environment);
    const [keyHash] = hasher(secret);
    const made = { id: newKeyId(), keyHash, keyPrefix: prefixOf(secret), usageCount: 0, isActive: true };
    const key: ApiKey = { ...wanted, ...made, createdAt: new Date(clock.now()) };
    if (!(await store.addKey(key))) throw new Error('A new key has the id or the hash of another.');
    return { key, secret };
  };
  return {
    async create(wanted) {
      requireKey(wanted, clock.now());
      await standing(store, wanted.organizationId);
      const issued = await issue(wanted);
      const { id, organizationId, scopes } = issued.key;
      await announce({ deed: 'key.create', organizationId, apiKeyId: id, detail: scopes.join(' ') });
      return issued;
    },
    async rotate(id, overlapMs) {
      const key = await find(store, id);
      const state = keyState(key, clock.now());
      if (state !== 'active') throw refused(`The key ${id} is ${state}; only an active key can be rotated.`);
      await standing(store, key.organizationId);
      const issued = await issue(successorOf(key, clock.now()));
      await store.updateKey(id, { replacedBy: issued.key.id, overlapUntil: new Date(clock.now() + overlapMs) });
      const { organizationId } = key;
      await announce({ deed: 'key.rotate', organizationId, apiKeyId: id, detail: `replaced by ${issued.key.id}` });
      return issued;
    },
    async revoke(id) {
      const { isActive, organizationId } = await find(store, id);
      if (!isActive) throw refused(`The key ${id} is revoked already.`);
      const revoked = await store.updateKey(id, { isActive: false });
      if (revoked === undefined) throw missing('key', id);
      await announce({ deed: 'key.revoke', organizationId, apiKeyId: id });
      return revoked;
    },
  };
}

async function find(store: OrganizationStore, id: string): Promise<ApiKey> {
  const key = await store.key(id);
  if (key === undefined) throw missing('key', id);
  return key;
}

function requireKey({ scopes, expiresAt, allowedAddresses = [] }: NewKey, now: number): void {
  const unknown = scopes.filter((scope) => !grantableScopes.includes(scope));
  if (scopes.length === 0 || unknown.length > 0)
    throw refused(`A key needs scopes out of ${grantableScopes.join(', ')}; ${unknown.join(', ') || 'nothing'} was given.`);
  if (expiresAt !== undefined && !(expiresAt.getTime() > now)) throw refused('The expiry of a new key lies in the past.');
  const odd = allowedAddresses.filter((range) => !isAddressRange(range));
  if (odd.length > 0) throw refused(`${odd.join(', ')}: is neither an address nor a range such as 10.0.0.0/8.`);
}

function successorOf({ organizationId, name, scopes, environment, createdAt, ...key }: ApiKey, now: number): NewKey {
  const { expiresAt, allowedAddresses } = key;
  return {
    organizationId,
    name,
    scopes,
    environment,
    ...(expiresAt !== undefined && { expiresAt: new Date(now + expiresAt.getTime() - createdAt.getTime()) }),
    ...(allowedAddresses !== undefined && { allowedAddresses }),
  };
}

import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { ChangeBus } from '#kit/organizations/change-bus.ts';
import { isUsable } from '#kit/organizations/key-state.ts';
import type { KeyHasher } from '#kit/organizations/keys.ts';
import { isApiKey } from '#kit/organizations/keys.ts';
import type { Organization } from '#kit/organizations/records.ts';
import type { KeyUse, OrganizationStore } from '#kit/organizations/store.ts';
import { batch } from './batch.ts';
import { knownKeys } from './known-keys.ts';

type Parts = {
  readonly store: Pick<OrganizationStore, 'keyByHash' | 'organization' | 'countKeyUses'>;
  readonly hasher: KeyHasher;
  readonly clock: Clock;
  readonly bus: Pick<ChangeBus, 'subscribe'>;
  /** The organization whose keys see the data of all. */
  readonly laboratory: string;
  /** Hears why uses could not be counted. */
  readonly onError: (error: unknown) => void;
};

export type Keyring = AsyncDisposable & {
  /**
   * Who comes with a key from an address: the same object for the same key as long as nothing of it changes.
   * @throws ExpectedError UNAUTHENTICATED (unknown, expired and revoked alike), FORBIDDEN (suspended organization, foreign
   *   address), AUTH_UNAVAILABLE with `retryAfter` in seconds
   */
  readonly authenticate: (key: string, address: string) => Promise<Caller>;
  /** The organization of a caller that came with a key. */
  readonly organizationOf: (caller: Caller) => Organization | undefined;
};

/** Knows partners by their keys, and counts how often each is used. */
export function openKeyring({ store, hasher, clock, bus, laboratory, onError }: Parts): Keyring {
  const find = knownKeys({ store, hasher, clock, bus, laboratory });
  const uses = batch<KeyUse>({ keyOf: ({ id }) => id, merge: joined, write: store.countKeyUses, onError });
  const organizations = new WeakMap<Caller, Organization>();
  return {
    organizationOf: (caller) => organizations.get(caller),
    async authenticate(secret, address) {
      const found = isApiKey(secret) ? await find(secret) : undefined;
      if (found === undefined || !isUsable(found.key, clock.now()))
        throw new ExpectedError('UNAUTHENTICATED', 'The API key is not valid.');
      if (found.organization.status === 'suspended') throw new ExpectedError('FORBIDDEN', 'The organization is suspended.');
      if (!found.allows(address)) throw new ExpectedError('FORBIDDEN', 'The API key may not be used from this address.');
      uses.add({ id: found.key.id, uses: 1, lastUsedAt: new Date(clock.now()) });
      organizations.set(found.caller, found.organization);
      return found.caller;
    },
    [Symbol.asyncDispose]: uses[Symbol.asyncDispose],
  };
}

const joined = (kept: KeyUse, added: KeyUse): KeyUse => ({
  id: kept.id,
  uses: kept.uses + added.uses,
  lastUsedAt: new Date(Math.max(kept.lastUsedAt.getTime(), added.lastUsedAt.getTime())),
});

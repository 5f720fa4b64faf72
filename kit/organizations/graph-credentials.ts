import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { OrganizationStore } from './store.ts';

const maxAgeMs = 30_000;
const maxOrganizations = 1_000;

type Parts = { readonly store: Pick<OrganizationStore, 'organization'>; readonly clock: Clock };

/**
 * What each organization is known by at the graph service, at most 30 s old; undefined for one that has nothing of its own.
 * The promise rejects with ExpectedError AUTH_UNAVAILABLE when the store cannot be asked: another credential would reach further.
 */
export function graphCredentials({ store, clock }: Parts): (organization: string) => Promise<string | undefined> {
  const kept = new LRUCache<string, { readonly credential: Promise<string | undefined>; readonly since: number }>({
    max: maxOrganizations,
  });
  const read = (organization: string): Promise<string | undefined> => {
    const reading = { credential: credentialIn(store, organization), since: clock.now() };
    kept.set(organization, reading);
    reading.credential.catch(() => {
      if (kept.peek(organization) === reading) kept.delete(organization);
    });
    return reading.credential;
  };
  return (organization) => {
    const known = kept.get(organization);
    return known !== undefined && clock.now() - known.since < maxAgeMs ? known.credential : read(organization);
  };
}

async function credentialIn(store: Parts['store'], id: string): Promise<string | undefined> {
  const organization = await store.organization(id).catch((cause: unknown) => {
    const message = 'The credential for the graph service cannot be looked up at the moment; try again.';
    throw new ExpectedError('AUTH_UNAVAILABLE', message, { cause, extensions: { retryable: true } });
  });
  return organization?.status === 'active' ? organization.graphCredential : undefined;
}

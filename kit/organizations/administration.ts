import type { Clock } from '#kit/clock.ts';
import type { Origin } from './announce.ts';
import { announcer } from './announce.ts';
import type { ChangeBus } from './change-bus.ts';
import type { KeyAdministration } from './key-administration.ts';
import { keyAdministration } from './key-administration.ts';
import type { KeyHasher } from './keys.ts';
import type { OrganizationAdministration } from './organization-administration.ts';
import { organizationAdministration } from './organization-administration.ts';
import type { OrganizationStore } from './store.ts';

/** What organizations and keys are administrated with. */
export type OrganizationParts = {
  readonly store: OrganizationStore;
  readonly bus: Pick<ChangeBus, 'publish'>;
  readonly hasher: KeyHasher;
};

type Parts = OrganizationParts & { readonly clock: Clock; readonly origin: Origin };

export type Administration = { readonly organizations: OrganizationAdministration; readonly keys: KeyAdministration };

/** What one person or program may be let do; every change is told to all gateways and stands in the audit log with its origin. */
export function administration(parts: Parts): Administration {
  const office = { ...parts, announce: announcer(parts) };
  return { organizations: organizationAdministration(office), keys: keyAdministration(office) };
}

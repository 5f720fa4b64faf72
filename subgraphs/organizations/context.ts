import type { Call } from '#kit/call.ts';
import type { Clock } from '#kit/clock.ts';
import type { Loader } from '#kit/loader.ts';
import type { Administration } from '#kit/organizations/administration.ts';
import type { Organization } from '#kit/organizations/records.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';

export type OrganizationsContext = {
  readonly store: OrganizationStore;
  readonly organizations: Loader<string, Organization>;
  /** What the caller may be let do from now on, with what the audit log has to know of it. */
  readonly administration: () => Administration;
  readonly clock: Clock;
  readonly call: Call;
};

import type { Clock } from '#kit/clock.ts';
import type { NewAuditEvent } from './audit-event.ts';
import { auditEvent } from './audit-event.ts';
import type { Change, ChangeBus } from './change-bus.ts';
import type { OrganizationStore } from './store.ts';

/** Who changes things and from where; it goes into every audit event. */
type Origin = Pick<NewAuditEvent, 'sourceIp' | 'userAgent' | 'method' | 'requestId'>;

export type AnnouncerParts = {
  readonly store: Pick<OrganizationStore, 'addAuditEvents'>;
  readonly bus: Pick<ChangeBus, 'publish'>;
  readonly clock: Clock;
  readonly origin: Origin;
};

/** What was done, such as `key.revoke`, to which organization or key. */
type Deed = {
  readonly deed: string;
  readonly organizationId: string;
  readonly apiKeyId?: string;
  /** What it came to, without secrets. */
  readonly detail?: string;
  readonly kind?: Change['kind'];
};

/** Tells a change that was written: first to all gateways, then to the audit log. */
export type Announce = (deed: Deed) => Promise<void>;

export const announcer =
  ({ store, bus, clock, origin }: AnnouncerParts): Announce =>
  async ({ deed, organizationId, apiKeyId, detail, kind = 'changed' }) => {
    await bus.publish({ organizationId, kind });
    const event: NewAuditEvent = {
      eventType: 'configuration_change',
      severity: 'info',
      ...origin,
      endpoint: deed,
      organizationId,
      ...(apiKeyId !== undefined && { apiKeyId }),
      ...(detail !== undefined && { dataAccessed: detail }),
    };
    await store.addAuditEvents([auditEvent(event, clock)]);
  };

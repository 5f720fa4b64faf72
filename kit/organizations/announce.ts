import type { Clock } from '#kit/clock.ts';
import type { NewAuditEvent } from './audit-event.ts';
import { auditEvent } from './audit-event.ts';
import type { Change, ChangeBus } from './change-bus.ts';
import type { OrganizationStore } from './store.ts';

/** Who changes things and from where; it goes into every audit event. */
export type Origin = Pick<NewAuditEvent, 'actor' | 'sourceIp' | 'userAgent' | 'method' | 'requestId'> & {
  /** When the request for it was taken up, in milliseconds since the epoch; absent where nobody waits for an answer. */
  readonly startedAt?: number;
};

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
  ({ store, bus, clock, origin: { startedAt, ...origin } }: AnnouncerParts): Announce =>
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
      ...(startedAt !== undefined && { statusCode: 200, processingTimeMs: clock.now() - startedAt }),
    };
    await store.addAuditEvents([auditEvent(event, clock)]);
  };

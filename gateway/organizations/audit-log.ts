import type { Clock } from '#kit/clock.ts';
import type { NewAuditEvent } from '#kit/organizations/audit-event.ts';
import { auditEvent } from '#kit/organizations/audit-event.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import { batch } from './batch.ts';

type Parts = {
  readonly store: Pick<OrganizationStore, 'addAuditEvents'>;
  readonly clock: Clock;
  /** Hears why events could not be written; they are tried again while there is room for them. */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
  /** Events that wait at most. */
  readonly maxItems?: number;
};

export type AuditLog = AsyncDisposable & {
  /** Takes an event to be written within seconds; never throws. */
  readonly record: (event: NewAuditEvent) => void;
  /** Events that found no room while the store could not take them. */
  readonly lost: () => number;
};

/** The audit log of the request path. */
export function auditLog({ store, clock, ...options }: Parts): AuditLog {
  const events = batch({
    ...options,
    keyOf: ({ eventId }: { eventId: string }) => eventId,
    merge: (kept) => kept,
    write: store.addAuditEvents,
  });
  return {
    record: (event) => events.add(auditEvent(event, clock)),
    lost: events.lost,
    [Symbol.asyncDispose]: events[Symbol.asyncDispose],
  };
}

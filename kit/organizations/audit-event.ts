import type { Clock } from '#kit/clock.ts';
import type { AuditEvent } from './records.ts';

/** An event as its author knows it; id and time are added. */
export type NewAuditEvent = Omit<AuditEvent, 'eventId' | 'timestamp' | 'complianceTags'> & {
  readonly complianceTags?: readonly string[];
};

export const auditEvent = (event: NewAuditEvent, clock: Clock): AuditEvent => ({
  complianceTags: [],
  ...event,
  eventId: crypto.randomUUID(),
  timestamp: new Date(clock.now()),
});

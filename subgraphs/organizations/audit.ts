import type { Call } from '#kit/call.ts';
import { ExpectedError, statusOf } from '#kit/errors.ts';
import type { Origin } from '#kit/organizations/announce.ts';
import { auditEvent } from '#kit/organizations/audit-event.ts';
import type { OrganizationsContext } from './context.ts';

/** What the audit log keeps of who asks and from where. */
export const originOf = ({ requestId, caller, client }: Call): Origin => ({
  actor: `${caller.kind === 'partner' ? 'key' : 'user'}:${caller.subject}`,
  method: 'POST',
  requestId,
  ...(client !== undefined && { sourceIp: client.address }),
  ...(client?.userAgent !== undefined && { userAgent: client.userAgent }),
});

type Run<Arguments, Answer> = (given: Arguments, context: OrganizationsContext) => Promise<Answer>;

/**
 * A mutation whose attempts beyond the caller's rights stand in the audit log as well; what it does is told by the
 * administration itself.
 */
export const audited =
  <Arguments, Answer>(deed: string, run: Run<Arguments, Answer>) =>
  async (_: unknown, given: Arguments, context: OrganizationsContext): Promise<Answer> => {
    const startedAt = context.clock.now();
    try {
      return await run(given, context);
    } catch (error) {
      if (isDenial(error)) await recordDenial(context, { deed, error, startedAt });
      throw error;
    }
  };

/** What belongs to others is not found. */
const isDenial = (error: unknown): error is ExpectedError =>
  error instanceof ExpectedError && ['FORBIDDEN', 'NOT_FOUND'].includes(error.code);

type Denial = { readonly deed: string; readonly error: ExpectedError; readonly startedAt: number };

async function recordDenial({ store, clock, call }: OrganizationsContext, { deed, error, startedAt }: Denial): Promise<void> {
  const denial = {
    ...originOf(call),
    eventType: 'authorization',
    severity: 'warning',
    endpoint: deed,
    organizationId: call.caller.organization,
    statusCode: statusOf(error.code),
    processingTimeMs: clock.now() - startedAt,
    errorDetails: error.message,
  } as const;
  await store.addAuditEvents([auditEvent(denial, clock)]);
}

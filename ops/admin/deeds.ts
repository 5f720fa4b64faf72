import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { NewAuditEvent } from '#kit/organizations/audit-event.ts';

/** What an operator did, such as `blocks.add`, and what it came to. */
type Deed = {
  readonly deed: string;
  readonly detail: string;
  readonly organizationId?: string;
  /** True for what the audit log has from elsewhere. */
  readonly isRecorded?: true;
};

/** Writes a change down: in the log, and in the audit log where others look for who changed what. */
export type TellDeed = (request: Pick<FastifyRequest, 'id' | 'ip' | 'method'>, deed: Deed) => void;

type Parts = { readonly record: (event: NewAuditEvent) => void; readonly logger: Logger };

export function deeds({ record, logger }: Parts): TellDeed {
  const audit = logger.child({ stream: 'audit' });
  return (request, { deed, detail, organizationId, isRecorded }) => {
    const { id, ip, method } = request;
    audit.info({ requestId: id, address: ip, deed, detail, ...(organizationId && { organization: organizationId }) }, 'change');
    if (isRecorded) return;
    record({
      eventType: 'configuration_change',
      severity: 'warning',
      actor,
      endpoint: deed,
      method,
      sourceIp: ip,
      requestId: id,
      statusCode: 200,
      dataAccessed: detail,
      ...(organizationId !== undefined && { organizationId }),
    });
  };
}

/** Operators share one token, so nobody is told apart from another. */
export const actor = 'operator';

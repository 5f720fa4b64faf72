import type { FastifyInstance } from 'fastify';
import type { QuirkParts } from './quirk.ts';
import { after, drop } from './quirk.ts';

/** The audit log panics, for those who may read it (contract section 1.1). */
export function authQuirks(app: FastifyInstance, parts: QuirkParts): void {
  after(app, parts, { 'GET /admin/audit-log': (_body, _request, reply) => drop(reply) });
}

import type { FastifyInstance } from 'fastify';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import type { QuirkParts } from './quirk.ts';
import { after, before } from './quirk.ts';

/** A job is stored and its create fails all the same; workflows and new sheets lack their tables (contract section 1.5). */
export function sequencingQuirks(app: FastifyInstance, parts: QuirkParts): void {
  before(app, parts, {
    'GET /workflows': fail,
    'GET /workflows/:id': fail,
    'POST /workflows/:id/execute': fail,
    'POST /sample-sheets': fail,
  });
  after(app, parts, { 'POST /jobs': fail });
}

function fail(): never {
  throw new ServiceFailure(500, 'Database error');
}

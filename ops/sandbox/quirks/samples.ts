import type { FastifyInstance } from 'fastify';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { parseQuery } from '#ops/sandbox/parse.ts';
import { ListQuery } from '#ops/sandbox/services/samples/bodies.ts';
import type { Body, QuirkParts } from './quirk.ts';
import { after, before, drop, everyObject, isRecord } from './quirk.ts';

const filters = ['status', 'sample_type', 'template_id', 'created_after', 'created_before', 'search'] as const;

/** Bugs 1, 2, 3 and 5 of contract section 1.2, and who made and changed a sample. */
export function sampleQuirks(app: FastifyInstance, parts: QuirkParts): void {
  before(app, parts, {
    'GET /samples': (request, reply) => {
      const query = parseQuery(ListQuery, request);
      if (query.page_size === 0) return drop(reply);
      if (filters.some((name) => query[name] !== undefined)) throw databaseError();
      // The order asked for is read and not used.
      if (isRecord(request.query)) request.query = { ...request.query, sort_by: 'created_at' };
    },
  });
  after(app, parts, {
    'GET /samples': (body) => {
      const { samples } = isRecord(body['data']) ? body['data'] : {};
      if (parts.hasPoisonedRows() && Array.isArray(samples) && samples.some(hasDecimals)) throw databaseError();
      return body;
    },
    'POST /samples': (body) => {
      if (hasDecimals(body['data'])) throw databaseError();
      return body;
    },
    'PUT /samples/:id/status': () => {
      throw databaseError();
    },
  });
  everyObject(app, parts, (object) => (isSample(object) ? { ...object, created_by: null, updated_by: 'user' } : object));
}

const isSample = (object: Body): boolean => 'barcode' in object && 'updated_by' in object;

/** The three columns the real service cannot read back. */
function hasDecimals(sample: unknown): boolean {
  if (!isRecord(sample)) return false;
  return ['concentration', 'volume', 'quality_score'].some((name) => typeof sample[name] === 'number');
}

const databaseError = (): ServiceFailure => new ServiceFailure(500, 'Database operation failed', { code: 'database_error' });

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { uuidParam } from '#ops/sandbox/parse.ts';
import type { Body, QuirkParts } from './quirk.ts';
import { before, everyObject } from './quirk.ts';

/** Four routes whose SQL never worked, and counts that nobody keeps (contract section 1.3). */
export function storageQuirks(app: FastifyInstance, parts: QuirkParts): void {
  before(app, parts, {
    'GET /storage/samples/:id/location-detailed': failOnId,
    'GET /storage/containers/:id/hierarchy': failOnId,
    'GET /storage/capacity/summary': fail,
    'GET /storage/utilization': fail,
  });
  everyObject(app, parts, emptied);
}

function failOnId(request: FastifyRequest): never {
  uuidParam(request, 'id');
  return fail();
}

function fail(): never {
  throw new ServiceFailure(500, 'Database error');
}

/** Whatever counts what lies in something finds nothing. */
function emptied(object: Body): Body {
  if ('occupied_count' in object) return { ...object, occupied_count: 0, ...shares(object, 'total_capacity', 'available_count') };
  if ('current_capacity' in object)
    return { ...object, current_capacity: 0, ...shares(object, 'max_capacity', 'available_capacity') };
  return object;
}

/** Containers and locations call the same numbers by different names, and have none outside their capacity. */
function shares(object: Body, total: string, available: string): Body {
  if (!('utilization_percentage' in object)) return {};
  const status = 'capacity_status' in object ? 'capacity_status' : 'status';
  return { [available]: object[total], utilization_percentage: 0, [status]: 'normal' };
}

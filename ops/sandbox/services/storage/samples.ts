import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { jsonObject, parseBody, parseQuery, uuid, uuidParam } from '#ops/sandbox/parse.ts';
import { envelope, missing } from './answers.ts';
import { custody } from './custody.ts';

const Assign = z.object({
  sample_id: uuid,
  container_id: uuid,
  position_identifier: z.string().nullish(),
  assigned_by: uuid.nullish(),
  storage_conditions: jsonObject.nullish(),
  special_requirements: jsonObject.nullish(),
  notes: z.string().nullish(),
});
const Move = z.object({
  new_container_id: uuid,
  new_position_identifier: z.string().nullish(),
  moved_by: uuid.nullish(),
  reason: z.string().nullish(),
  notes: z.string().nullish(),
});
const RemoveQuery = z.object({ removed_by: uuid.nullable().default(null), reason: z.string().nullable().default(null) });

/** One indexed statement: the sample's assignment, its position, and the way up to the first container with a location. */
const locate = `
  WITH RECURSIVE climb (id, name, parent, location, height) AS (
    SELECT container.id, container.name, parent_container_id, location_id, 0
    FROM assignments JOIN containers AS container ON container.id = container_id
    WHERE sample_id = :sample_id AND removed_at IS NULL
    UNION ALL
    SELECT up.id, up.name, up.parent_container_id, up.location_id, height + 1
    FROM climb JOIN containers AS up ON up.id = climb.parent
  )
  SELECT assignments.id AS position_id, sample_id, position_identifier, assigned_at, assigned_by,
    assignments.status AS position_status, storage_conditions, special_requirements, notes,
    container_id, container.name AS container_name, container_type, barcode AS container_barcode, container.temperature_zone,
    (SELECT max(height) FROM climb) AS level,
    (SELECT json_group_array(name ORDER BY height DESC) FROM climb) AS path,
    location.name AS location_name, location.temperature_zone AS location_zone_type
  FROM assignments
  JOIN containers AS container ON container.id = container_id
  LEFT JOIN locations AS location
    ON location.id = (SELECT climb.location FROM climb WHERE climb.location IS NOT NULL ORDER BY height LIMIT 1)
  WHERE sample_id = :sample_id AND removed_at IS NULL
`;

export function sampleRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const located = db.prepare(locate);
  const { assign, move, remove } = custody(db, clock);
  const ok = (data: unknown) => envelope(clock, data);

  app.get('/storage/samples/:id/location-detailed', async (request) => {
    const row = located.get({ sample_id: uuidParam(request, 'id') });
    return ok(row === undefined ? null : asDetailedLocation(row));
  });

  app.post('/storage/samples/assign', async (request, reply) => {
    const body = parseBody(Assign, request);
    return reply.code(201).send(ok(assign({ ...body, id: randomUUID() })));
  });

  app.put('/storage/samples/:id/move', async (request) => {
    const sampleId = uuidParam(request, 'id');
    const { new_container_id, new_position_identifier, moved_by, reason, notes } = parseBody(Move, request);
    return ok(
      move(sampleId, {
        id: randomUUID(),
        container_id: new_container_id,
        position_identifier: new_position_identifier,
        by: moved_by,
        reason,
        notes,
      }),
    );
  });

  app.delete('/storage/samples/:id/position', async (request) => {
    const sampleId = uuidParam(request, 'id');
    const { removed_by, reason } = parseQuery(RemoveQuery, request);
    if (!remove(sampleId, { by: removed_by, reason })) throw missing.sample();
    return ok('Sample removed from storage successfully');
  });

  placeholders(app, ok);
}

/** Routes the real service answers with a sentence only; the intended ones are above. */
function placeholders(app: FastifyInstance, ok: (data: unknown) => object): void {
  app.get('/storage/samples/:id', async (request) => ok(`Sample ${uuidParam(request, 'id')}: use location-detailed instead`));
  app.get('/storage/samples/:id/location', async (request) =>
    ok(`Location of sample ${uuidParam(request, 'id')}: use location-detailed instead`),
  );
  app.post('/storage/samples/:id/retrieve', async (request) =>
    ok(`Retrieval of sample ${uuidParam(request, 'id')} is not implemented: remove its position instead`),
  );
  app.post('/storage/samples', async (_request, reply) =>
    reply.code(501).send(ok('Storing a sample is not implemented: assign it to a position instead')),
  );
}

/** `path` holds the names from the freezer down to the position; `level` is 0 for a container without a parent. */
function asDetailedLocation(row: Row) {
  const path: unknown = JSON.parse(String(row['path']));
  const names = Array.isArray(path) ? path.map(String) : [];
  return {
    ...row,
    storage_conditions: JSON.parse(String(row['storage_conditions'])),
    special_requirements: JSON.parse(String(row['special_requirements'])),
    path: names,
    full_path: names.join(' / '),
  };
}

import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { insertInto, updateIn, withoutNulls } from '#ops/sandbox/data/table.ts';
import { jsonObject, parseBody, uuidParam } from '#ops/sandbox/parse.ts';
import { asLocation, envelope, invalid, missing } from './answers.ts';
import { capacityOfLocation } from './capacity.ts';
import { locationColumns } from './database.ts';

const NewLocation = z.object({
  name: z.string(),
  location_type: z.string(),
  temperature_zone: z.string(),
  max_capacity: z.int(),
  description: z.string().nullish(),
  coordinates: jsonObject.nullish(),
  metadata: jsonObject.nullish(),
});
const LocationChange = NewLocation.partial().extend({ status: z.string().nullish() });

export function locationRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const byId = db.prepare('SELECT * FROM locations WHERE id = ?');
  const all = db.prepare('SELECT * FROM locations ORDER BY name');
  const containersIn = db.prepare('SELECT count(*) AS count FROM containers WHERE location_id = ?');
  const remove = db.prepare('DELETE FROM locations WHERE id = ?');
  const insert = insertInto(db, 'locations', locationColumns);
  const update = updateIn(db, 'locations');
  const ok = (data: unknown) => envelope(clock, data);
  const now = () => new Date(clock.now()).toISOString();

  const locationOf = (request: FastifyRequest): Row => {
    const row = byId.get(uuidParam(request, 'id'));
    if (row === undefined) throw missing.location();
    return row;
  };

  app.get('/storage/locations', async () => ok(all.all().map(asLocation)));

  app.get('/storage/locations/:id', async (request) => ok(asLocation(locationOf(request))));

  app.get('/storage/locations/:id/capacity', async (request) => ok(capacityOfLocation(locationOf(request))));

  app.post('/storage/locations', async (request, reply) => {
    const body = parseBody(NewLocation, request);
    checkLocation(body);
    const location = {
      ...body,
      id: randomUUID(),
      current_capacity: 0,
      status: 'active',
      metadata: body.metadata ?? {},
      created_at: now(),
      updated_at: now(),
    };
    insert(location);
    return reply.code(201).send(ok(asLocation(byId.get(location.id) ?? {})));
  });

  app.put('/storage/locations/:id', async (request) => {
    const { id = null } = locationOf(request);
    const body = parseBody(LocationChange, request);
    checkLocation(body);
    const changes = withoutNulls(body);
    if (Object.keys(changes).length === 0) throw invalid('No fields to update');
    update(String(id), { ...changes, updated_at: now() });
    return ok(asLocation(byId.get(id) ?? {}));
  });

  app.delete('/storage/locations/:id', async (request) => {
    const { id = null } = locationOf(request);
    if (containersIn.get(id)?.['count'] !== 0) throw invalid('Cannot delete a storage location that has containers');
    remove.run(id);
    return ok('Storage location deleted successfully');
  });
}

function checkLocation({
  name,
  max_capacity,
}: {
  readonly name?: string | undefined;
  readonly max_capacity?: number | undefined;
}) {
  if (name?.trim() === '') throw invalid('name must not be empty');
  if (max_capacity !== undefined && max_capacity < 1) throw invalid('max_capacity must be at least 1');
}

import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import { containerTypes } from '#ops/sandbox/data/storage.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { insertInto } from '#ops/sandbox/data/table.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { jsonObject, parseBody, parseQuery, trueOrFalse, uuid, uuidParam, wholeNumber } from '#ops/sandbox/parse.ts';
import { asAssignment, asContainer, asNumber, envelope, invalid, missing } from './answers.ts';
import { capacityOfContainer } from './capacity.ts';
import { containerColumns } from './database.ts';
import { gridOf } from './grid.ts';

const containerType = z.enum(containerTypes);

const NewContainer = z.object({
  name: z.string(),
  container_type: containerType,
  capacity: z.int(),
  parent_container_id: uuid.nullish(),
  location_id: uuid.nullish(),
  grid_position: jsonObject.nullish(),
  dimensions: jsonObject.nullish(),
  temperature_zone: z.string().nullish(),
  barcode: z.string().nullish(),
  description: z.string().nullish(),
  container_metadata: jsonObject.nullish(),
  access_restrictions: jsonObject.nullish(),
});
const ListQuery = z.object({
  page: wholeNumber.default(1),
  per_page: wholeNumber.default(20),
  container_type: containerType.nullable().default(null),
  temperature_zone: z.string().nullable().default(null),
  parent_id: uuid.nullable().default(null),
  status: z.string().nullable().default(null),
});
const DetailQuery = z.object({ include_samples: trueOrFalse.default(true) });
const GridQuery = z.object({ include_empty: trueOrFalse.default(true) });
const HierarchyQuery = z.object({ max_depth: wholeNumber.default(10) });
const AvailableQuery = z.object({
  temperature_zone: z.string().nullable().default(null),
  container_type: containerType.default('position'),
});

const matching = `
  FROM containers
  WHERE (:container_type IS NULL OR container_type = :container_type)
    AND (:temperature_zone IS NULL OR temperature_zone = :temperature_zone)
    AND (:parent_id IS NULL OR parent_container_id = :parent_id)
    AND (:status IS NULL OR status = :status)
`;

/** Ids are chosen outside, so parents need not have lower row ids; the depth ends a walk through a made-up circle. */
const below = `
  WITH RECURSIVE below (id, level, path) AS (
    SELECT id, 0, json_array(name) FROM containers WHERE id = :id
    UNION ALL
    SELECT child.id, level + 1, json_insert(path, '$[#]', child.name)
    FROM below JOIN containers AS child ON child.parent_container_id = below.id
    WHERE level < :max_depth
  )
  SELECT containers.*, level, path FROM below JOIN containers USING (id) ORDER BY level, containers.rowid
`;

export function containerRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const byId = db.prepare('SELECT * FROM containers WHERE id = ?');
  const list = db.prepare(`SELECT * ${matching} ORDER BY rowid LIMIT :limit OFFSET :offset`);
  const count = db.prepare(`SELECT count(*) AS count ${matching}`);
  const childrenOf = db.prepare('SELECT * FROM containers WHERE parent_container_id = ? ORDER BY rowid');
  const occupantsOf = db.prepare('SELECT * FROM assignments WHERE container_id = ? AND removed_at IS NULL ORDER BY rowid');
  const subtree = db.prepare(below);
  const available = db.prepare(`
    SELECT * FROM containers
    WHERE occupied_count < capacity AND container_type = :container_type
      AND (:temperature_zone IS NULL OR temperature_zone = :temperature_zone)
    ORDER BY rowid
  `);
  const byZone = db.prepare('SELECT * FROM containers WHERE temperature_zone = ? ORDER BY rowid');
  const ok = (data: unknown) => envelope(clock, data);

  const containerOf = (request: FastifyRequest): Row => {
    const row = byId.get(uuidParam(request, 'id'));
    if (row === undefined) throw missing.container();
    return row;
  };

  app.post('/storage/containers', addContainer(db, clock));

  app.get('/storage/containers', async (request) => {
    const { page, per_page, ...filter } = parseQuery(ListQuery, request);
    const window = { page: Math.max(1, page), size: Math.max(1, per_page) };
    const rows = list.all({ ...filter, limit: window.size, offset: (window.page - 1) * window.size });
    return ok({ data: rows.map(asContainer), pagination: pagination(window, asNumber(count.get(filter)?.['count'])) });
  });

  app.get('/storage/containers/available', async (request) =>
    ok(available.all(parseQuery(AvailableQuery, request)).map(asContainer)),
  );

  app.get<{ Params: { zone: string } }>('/storage/containers/by-temperature/:zone', async ({ params }) =>
    ok(byZone.all(params.zone).map(asContainer)),
  );

  app.get('/storage/containers/:id', async (request) => {
    const container = containerOf(request);
    const { include_samples } = parseQuery(DetailQuery, request);
    const children = childrenOf.all(container['id'] ?? null);
    const samples = occupantsOf.all(container['id'] ?? null);
    return ok({
      container: asContainer(container),
      children: children.map(asContainer),
      samples: include_samples ? samples.map(asAssignment) : [],
      capacity_info: {
        ...capacityOfContainer(container),
        child_containers_count: children.length,
        direct_samples_count: samples.length,
      },
    });
  });

  const gridFor = gridOf(db);
  app.get('/storage/containers/:id/grid', async (request) => {
    const container = containerOf(request);
    return ok(gridFor(container, parseQuery(GridQuery, request)));
  });

  app.get('/storage/containers/:id/hierarchy', async (request) => {
    const { id = null } = containerOf(request);
    return ok(subtree.all({ id, ...parseQuery(HierarchyQuery, request) }).map(asBranch));
  });
}

function addContainer(db: DatabaseSync, clock: Clock) {
  const byId = db.prepare('SELECT * FROM containers WHERE id = ?');
  const locationById = db.prepare('SELECT id FROM locations WHERE id = ?');
  const byBarcode = db.prepare('SELECT id FROM containers WHERE barcode = ?');
  const insert = insertInto(db, 'containers', containerColumns);

  const check = (body: z.infer<typeof NewContainer>) => {
    if (body.name.trim() === '') throw invalid('name must not be empty');
    if (body.capacity < 1) throw invalid('capacity must be at least 1');
    if (body.location_id != null && locationById.get(body.location_id) === undefined) throw missing.location();
    if (body.barcode != null && byBarcode.get(body.barcode) !== undefined) {
      throw new ServiceFailure(409, `Barcode ${body.barcode} is already in use`);
    }
    if (body.parent_container_id == null) return;
    const parent = byId.get(body.parent_container_id);
    if (parent === undefined) throw missing.container();
    checkNesting(String(parent['container_type']), body.container_type);
  };

  return async (request: FastifyRequest, reply: FastifyReply) => {
    const body = parseBody(NewContainer, request);
    check(body);
    const now = new Date(clock.now()).toISOString();
    const container = {
      ...body,
      id: randomUUID(),
      occupied_count: 0,
      status: 'active',
      container_metadata: body.container_metadata ?? {},
      access_restrictions: body.access_restrictions ?? {},
      created_at: now,
      updated_at: now,
    };
    insert(container);
    return reply.code(201).send(envelope(clock, asContainer(byId.get(container.id) ?? {})));
  };
}

/** A freezer holds racks, a rack boxes, a box positions; nothing else goes into anything. */
function checkNesting(parent: string, child: (typeof containerTypes)[number]): void {
  const allowed = containerTypes[containerTypes.indexOf(child) - 1];
  if (parent !== allowed) throw invalid(`A ${child} cannot be placed in a ${parent}`);
}

function pagination({ page, size }: { readonly page: number; readonly size: number }, total: number) {
  const pages = Math.ceil(total / size);
  return { page, per_page: size, total_pages: pages, total_items: total, has_next: page < pages, has_prev: page > 1 };
}

const branchColumns = [
  'id',
  'name',
  'container_type',
  'parent_container_id',
  'location_id',
  'grid_position',
  'capacity',
  'occupied_count',
  'temperature_zone',
  'barcode',
  'status',
  'level',
] as const;

/** The path starts at the container that was asked for, which is level 0. */
function asBranch(row: Row) {
  const container = asContainer(row);
  const path: unknown = JSON.parse(String(row['path']));
  const names = Array.isArray(path) ? path.map(String) : [];
  return {
    ...Object.fromEntries(branchColumns.map((name) => [name, container[name]])),
    path: names,
    full_path: names.join(' / '),
  };
}

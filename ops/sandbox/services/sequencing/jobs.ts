import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import { jobStatuses, platforms, priorities } from '#ops/sandbox/data/jobs.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { insertInto, updateIn, withoutNulls } from '#ops/sandbox/data/table.ts';
import { dateTime, jsonObject, parseBody, parseQuery, uuid, uuidParam, wholeNumber } from '#ops/sandbox/parse.ts';
import { asJob, asSummary, countOf, invalid, missing, offsetOf, statusOf, windowOf } from './answers.ts';
import { jobColumns } from './database.ts';
import { finishedStates, mayBeCancelled, mayBecome, mayBeDeleted } from './states.ts';

const status = z.enum(jobStatuses);
const priority = z.enum(priorities);

const NewJob = z.object({
  name: z.string(),
  priority,
  platform_id: z.string(),
  workflow_id: z.string(),
  description: z.string().nullish(),
  sample_sheet_id: uuid.nullish(),
  estimated_start: dateTime.nullish(),
  metadata: jsonObject.nullish(),
});
const JobChange = z.object({
  name: z.string().nullish(),
  description: z.string().nullish(),
  priority: priority.nullish(),
  assigned_to: uuid.nullish(),
  estimated_start: dateTime.nullish(),
  metadata: jsonObject.nullish(),
});
const StatusChange = z.object({ status, notes: z.string().nullish() });
const ListQuery = z.object({
  page: wholeNumber.default(1),
  limit: wholeNumber.default(50),
  status: status.nullable().default(null),
  priority: priority.nullable().default(null),
  platform: z.string().nullable().default(null),
  created_by: uuid.nullable().default(null),
  sort: z.enum(['created_at', 'updated_at', 'name', 'status', 'priority']).default('created_at'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const matching = `
  FROM jobs
  WHERE (:status IS NULL OR status = :status) AND (:priority IS NULL OR priority = :priority)
    AND (:platform IS NULL OR platform_id = :platform) AND (:created_by IS NULL OR created_by = :created_by)
`;

export function jobRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const { byId, list, add, change, remove } = jobTable(db, clock);

  const jobOf = (request: FastifyRequest): Row => {
    const job = byId(uuidParam(request, 'id'));
    if (job === undefined) throw missing('Job');
    return job;
  };

  app.get('/jobs', async (request) => list(parseQuery(ListQuery, request)));

  app.post('/jobs', async (request, reply) => {
    const body = parseBody(NewJob, request);
    if (body.name.trim() === '') throw invalid('Job name must not be empty');
    if (!platforms.some((platform) => platform === body.platform_id)) throw missing('Platform');
    return reply.code(201).send(asSummary(add({ ...body, metadata: body.metadata ?? {} })));
  });

  app.get('/jobs/:id', async (request) => asJob(jobOf(request)));

  app.put('/jobs/:id', async (request) => {
    const job = jobOf(request);
    const body = parseBody(JobChange, request);
    if (body.name?.trim() === '') throw invalid('Job name must not be empty');
    return asJob(change(job, withoutNulls(body)));
  });

  app.put('/jobs/:id/status', async (request) => {
    const job = jobOf(request);
    const { status: to } = parseBody(StatusChange, request);
    const from = statusOf(job);
    if (!mayBecome(from, to)) throw invalid(`Invalid status transition from "${from}" to "${to}"`);
    return asJob(change(job, { status: to, ...timesOf(to, clock) }));
  });

  app.post('/jobs/:id/cancel', async (request) => {
    const job = jobOf(request);
    const from = statusOf(job);
    if (!mayBeCancelled(from)) throw invalid(`Invalid status transition from "${from}" to "Cancelled"`);
    return asJob(change(job, { status: 'Cancelled', ...timesOf('Cancelled', clock) }));
  });

  app.post('/jobs/:id/clone', async (request, reply) => {
    const job = asJob(jobOf(request));
    return reply.code(201).send(asSummary(add({ ...copied(job), name: `${job.job_name} (Copy)` })));
  });

  app.delete('/jobs/:id', async (request, reply) => {
    const job = jobOf(request);
    const from = statusOf(job);
    if (!mayBeDeleted(from)) throw invalid(`Cannot delete a job with status "${from}"`);
    remove(job);
    return reply.code(204).send();
  });
}

function jobTable(db: DatabaseSync, clock: Clock) {
  const selectById = db.prepare('SELECT * FROM jobs WHERE id = ?');
  const count = db.prepare(`SELECT count(*) AS count ${matching}`);
  const insert = insertInto(db, 'jobs', jobColumns);
  const update = updateIn(db, 'jobs');
  const deleteById = db.prepare('DELETE FROM jobs WHERE id = ?');
  const now = () => new Date(clock.now()).toISOString();
  const byId = (id: string): Row | undefined => selectById.get(id);

  return {
    byId,

    list({ page, limit, sort, order, ...filter }: z.infer<typeof ListQuery>) {
      const window = windowOf(page, limit);
      // Both words come from a closed list; the row id keeps jobs of the same moment apart.
      const rows = db.prepare(`SELECT * ${matching} ORDER BY ${sort} ${order}, rowid ${order} LIMIT :limit OFFSET :offset`);
      const total = countOf(count.get(filter));
      return {
        jobs: rows.all({ ...filter, ...offsetOf(window) }).map(asSummary),
        pagination: { page: window.page, limit: window.size, total, pages: Math.ceil(total / window.size) },
      };
    },

    /** Starts as a draft; `created_by` is a new UUID each time, because the service does not know its caller. */
    add(job: object): Row {
      const id = randomUUID();
      insert({ ...job, id, status: 'Draft', created_by: randomUUID(), created_at: now(), updated_at: now() });
      return byId(id) ?? {};
    },

    change(job: Row, changes: object): Row {
      const id = String(job['id']);
      update(id, { ...changes, updated_at: now() });
      return byId(id) ?? {};
    },

    remove(job: Row): void {
      deleteById.run(String(job['id']));
    },
  };
}

function timesOf(status: (typeof jobStatuses)[number], clock: Clock) {
  const now = new Date(clock.now()).toISOString();
  if (status === 'Running') return { actual_start: now };
  return finishedStates.includes(status) ? { actual_completion: now } : {};
}

const copiedColumns = new Set(['description', 'priority', 'platform_id', 'workflow_id', 'sample_sheet_id', 'metadata']);

function copied(job: object) {
  return Object.fromEntries(Object.entries(job).filter(([name]) => copiedColumns.has(name)));
}

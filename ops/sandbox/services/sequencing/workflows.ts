import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { jsonObject, parseBody, parseQuery, trueOrFalse, uuid, uuidParam, wholeNumber } from '#ops/sandbox/parse.ts';
import { asWorkflow, countOf, invalid, missing, offsetOf, pagesOf, windowOf } from './answers.ts';

const ListQuery = z.object({
  page: wholeNumber.default(1),
  page_size: wholeNumber.default(20),
  workflow_type: z.string().nullable().default(null),
  platform: z.string().nullable().default(null),
  is_active: trueOrFalse.transform(Number).nullable().default(null),
});
const Execution = z.object({ job_id: uuid.nullish(), parameters: jsonObject, executed_by: uuid.nullish() });

const matching = `
  FROM workflows
  WHERE (:workflow_type IS NULL OR workflow_type = :workflow_type) AND (:platform IS NULL OR platform = :platform)
    AND (:is_active IS NULL OR is_active = :is_active)
`;

export function workflowRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const byId = db.prepare('SELECT * FROM workflows WHERE id = ?');
  const select = db.prepare(`SELECT * ${matching} ORDER BY rowid LIMIT :limit OFFSET :offset`);
  const count = db.prepare(`SELECT count(*) AS count ${matching}`);
  const jobById = db.prepare('SELECT id FROM jobs WHERE id = ?');

  const workflowOf = (request: FastifyRequest): Row => {
    const workflow = byId.get(uuidParam(request, 'id'));
    if (workflow === undefined) throw missing('Workflow');
    return workflow;
  };

  app.get('/workflows', async (request) => {
    const { page, page_size, ...filter } = parseQuery(ListQuery, request);
    const window = windowOf(page, page_size);
    const workflows = select.all({ ...filter, ...offsetOf(window) }).map(asWorkflow);
    return { success: true, data: { workflows, pagination: pagesOf(window, countOf(count.get(filter))) } };
  });

  app.get('/workflows/:id', async (request) => ({ success: true, data: asWorkflow(workflowOf(request)) }));

  // The contract has no route to read an execution back, so nothing of it is kept.
  app.post('/workflows/:id/execute', async (request) => {
    const workflow = workflowOf(request);
    const { job_id = null, executed_by = null, parameters } = parseBody(Execution, request);
    if (workflow['is_active'] !== 1) throw invalid(`Workflow "${workflow['name']}" is not active`);
    if (job_id !== null && jobById.get(job_id) === undefined) throw missing('Job');
    const started_at = new Date(clock.now()).toISOString();
    const execution = { execution_id: randomUUID(), workflow_id: workflow['id'], job_id, status: 'Queued' };
    return { success: true, data: { ...execution, parameters, executed_by, started_at }, message: 'Workflow execution started' };
  });
}

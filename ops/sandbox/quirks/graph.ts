import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { maxRows } from '#ops/sandbox/services/graph/engine.ts';
import type { Body, QuirkParts } from './quirk.ts';
import { after, before, isRecord, routeOf } from './quirk.ts';

const publicApi = '/api/v1/public';

/** RocketGraph as built: it has no jobs, only answers (graph contract sections 1.3, 1.6 and 1.7). */
export function graphQuirks(app: FastifyInstance, parts: QuirkParts): void {
  const { clock } = parts;
  before(app, parts, {
    [`POST ${publicApi}/graphs/:graph/query`]: asOnlyQuery,
    [`GET ${publicApi}/query/:job/status`]: (request, reply) => reply.send(finishedJob(request, clock.now())),
    [`GET ${publicApi}/query/:job/results`]: () => {
      throw new ServiceFailure(500, 'Failed to retrieve query results', { code: 'XGT_OPERATION_ERROR' });
    },
    [`GET ${publicApi}/query/jobs`]: (_request, reply) => reply.send(noHistory),
  });
  after(app, parts, {
    [`POST ${publicApi}/graphs/:graph/query`]: (body) => ({
      ...body,
      job_id: fakeId(`${body['query']}${clock.now()}`),
      ...(Array.isArray(body['columns']) && { columns: body['columns'].map((_, index) => `col_${index}`) }),
    }),
    [`GET ${publicApi}/frames/:frame/data`]: (body) => ({ ...body, columns: [], rows: vertices(body) }),
  });
  healthAsBuilt(app, parts);
  errorsAsBuilt(app, parts);
}

/** The service waits for the end of a query however long it takes, and forwards its text alone. */
function asOnlyQuery(request: FastifyRequest): void {
  request.headers['prefer'] = 'wait=60';
  try {
    const asked: unknown = JSON.parse(String(request.body));
    if (isRecord(asked)) request.body = JSON.stringify({ query: asked['query'], limit: maxRows });
  } catch {
    // The handler refuses what is no JSON.
  }
}

/** Times are seconds since the Unix epoch. */
function finishedJob({ params }: FastifyRequest, now: number): Body {
  const end = now / 1_000;
  const id = isRecord(params) ? Number(params['job']) : 0;
  const times = { start_time: end - 60, end_time: end, processing_time_ms: 60_000 };
  return { job_id: id, status: 'completed', progress: 1, ...times };
}

const noHistory = { jobs: [], total_count: 0, page: 1, per_page: 50, has_more: false };

const fakeId = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE() % 1_000_000;

function vertices({ columns, rows }: Body): unknown {
  if (!Array.isArray(columns) || !Array.isArray(rows)) return rows;
  return rows.map((row: readonly unknown[]) => [Object.fromEntries(columns.map((name, index) => [name, row[index]]))]);
}

/** Bad health is told in the body alone. */
function healthAsBuilt(app: FastifyInstance, { clock, isQuirky }: QuirkParts): void {
  const openedAt = clock.now();
  app.addHook('preSerialization', async (request, reply: FastifyReply, payload) => {
    const route = isQuirky() && isRecord(payload) ? routeOf(request) : undefined;
    if (route === `GET ${publicApi}/ready`) return ready(reply);
    if (route !== `GET ${publicApi}/health` || !isRecord(payload) || !isRecord(payload['services'])) return payload;
    const { xgt } = payload['services'];
    const isHealthy = xgt === 'healthy';
    reply.code(200);
    return {
      status: isHealthy ? 'healthy' : 'degraded',
      timestamp: new Date(clock.now()).toISOString(),
      version: payload['version'],
      uptime_seconds: (clock.now() - openedAt) / 1_000,
      services: {
        api: 'healthy',
        xgt: isHealthy ? 'healthy (server:v2.3.0 protocol:(1, 1, 0) sdk:v2.3.0)' : xgt,
        mongodb: 'healthy',
        redis: 'healthy',
      },
    };
  });
}

function ready(reply: FastifyReply): Body {
  const isReady = reply.statusCode === 200;
  reply.code(200);
  const checks = { startup_complete: true, configuration_loaded: true, dependencies_available: isReady };
  return { status: isReady ? 'ready' : 'not_ready', ready: isReady, checks };
}

/** The useful code is inside the message. */
function errorsAsBuilt(app: FastifyInstance, { isQuirky }: QuirkParts): void {
  app.addHook('preSerialization', async (_request, { statusCode }, payload) => {
    if (!isQuirky() || !isRecord(payload) || !isRecord(payload['error'])) return payload;
    const { code, message, details } = payload['error'];
    return { error: { code: `HTTP_${statusCode}`, message: { error: code, message, details }, details: {} } };
  });
}

import type { FastifyInstance } from 'fastify';
import type { Health } from '#ops/health/health.ts';
import type { OperationsParts } from '#ops/operations-parts.ts';
import type { SystemLoad } from '#ops/system-load.ts';
import { blockRoutes } from './block-routes.ts';
import { cacheRoutes } from './cache-routes.ts';
import { dashboard } from './dashboard.ts';
import { deeds } from './deeds.ts';
import { limitRoutes } from './limit-routes.ts';
import { processRoutes } from './process-routes.ts';

type Parts = OperationsParts & {
  readonly health: Health;
  readonly load: () => SystemLoad;
  readonly isDraining: () => boolean;
  readonly version: string;
};

/** Everything that wants the token of the operators. */
export function adminRoutes(app: FastifyInstance, parts: Parts): void {
  const { instruments, organizations, clock, blocks, look, cache, controls = {} } = parts;
  const { metrics, breakers, log, logger } = instruments;
  const tell = deeds({ record: organizations.audit.record, logger });
  const views = dashboard({
    load: parts.load,
    metrics,
    cache,
    isRedisThere: () => parts.redis.url !== undefined && parts.health.isHealthy('redis'),
  });
  processRoutes(app, { ...parts, metrics, breakers, log, controls, tell });
  blockRoutes(app, { blocks, now: clock.now, tell });
  cacheRoutes(app, { cache, stats: views.cacheStats, tell });
  if (look !== undefined) limitRoutes(app, { ...parts, look, blocked: blocks.list, tell });
  app.get('/api/v3/monitoring/dashboard', async () => views.view());
}

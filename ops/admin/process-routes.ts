import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import type { Breakers } from '#ops/breakers.ts';
import type { Health } from '#ops/health/health.ts';
import type { Log } from '#ops/log/open-log.ts';
import type { Metrics } from '#ops/meters/create-metrics.ts';
import type { Reload } from '#ops/reload.ts';
import type { TellDeed } from './deeds.ts';

/** What operators may do to the process; what is not given has no route. */
export type ProcessControls = {
  /** Has every part read its files anew. */
  readonly reload?: Reload;
  /** Takes this process out of the load balancer, and back. */
  readonly drain?: () => void;
  readonly undrain?: () => void;
};

type Parts = {
  readonly controls: ProcessControls;
  readonly log: Pick<Log, 'level' | 'setLevel'>;
  readonly health: Pick<Health, 'brief' | 'isReady'>;
  readonly metrics: Pick<Metrics, 'totals' | 'recent'>;
  readonly breakers: Pick<Breakers, 'report'>;
  readonly isDraining: () => boolean;
  readonly version: string;
  /** Every variable, without what could be a secret. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tell: TellDeed;
};

const LogLevel = z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']) });

export function processRoutes(app: FastifyInstance, parts: Parts): void {
  const { controls, log, config, tell, isDraining } = parts;
  app.get('/admin/status', async () => statusOf(parts));
  app.get('/admin/config', async () => config);
  app.put('/admin/log-level', async (request) => {
    const { level } = checked(LogLevel, request.body, 'body');
    const before = log.level();
    log.setLevel(level);
    tell(request, { deed: 'log-level', detail: `${before} to ${level}` });
    return { level };
  });
  const { reload, drain, undrain } = controls;
  if (reload !== undefined)
    app.post('/admin/reload', async (request) => {
      const parts = await reload();
      const refused = Object.keys(parts).filter((name) => parts[name]?.ok === false);
      tell(request, { deed: 'reload', detail: refused.length === 0 ? 'every part' : `but for ${refused.join(', ')}` });
      if (refused.length === 0) return { reloaded: true, parts };
      throw new ExpectedError('BAD_USER_INPUT', `Not read again: ${refused.join(', ')}; the old goes on.`, {
        extensions: { parts },
      });
    });
  for (const [deed, change] of Object.entries({ drain, undrain }))
    if (change !== undefined)
      app.post(`/admin/${deed}`, async (request) => {
        change();
        tell(request, { deed, detail: isDraining() ? 'draining' : 'serving' });
        return { draining: isDraining() };
      });
}

/** The view of the universal gateway (graph and batch contracts, section 5.2), and what we know beyond it. */
function statusOf({ metrics, breakers, health, log, version, isDraining }: Parts): object {
  const { requests, failed, connections, cacheHits, cacheLookups } = metrics.totals();
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 102.4) / 10;
  return {
    status: health.brief().status,
    ready: health.isReady(),
    draining: isDraining(),
    version,
    uptime_seconds: Math.round(process.uptime()),
    requests_total: requests,
    errors_total: failed,
    error_rate: requests === 0 ? 0 : failed / requests,
    requests_per_second: metrics.recent.perSecond(),
    connections,
    cache_stats: { hits: cacheHits, lookups: cacheLookups },
    memory_usage_mb: megabytes(rss),
    heap_used_mb: megabytes(heapUsed),
    heap_total_mb: megabytes(heapTotal),
    circuit_breaker_stats: breakers.report(),
    log_level: log.level(),
  };
}

import type { Breakers } from '#ops/breakers.ts';
import type { Health } from '#ops/health/health.ts';
import type { Log } from '#ops/log/open-log.ts';
import type { Metrics } from '#ops/meters/create-metrics.ts';

export type StatusParts = {
  readonly log: Pick<Log, 'level'>;
  readonly health: Pick<Health, 'brief' | 'isReady'>;
  readonly metrics: Pick<Metrics, 'totals' | 'recent'>;
  readonly breakers: Pick<Breakers, 'report'>;
  readonly isDraining: () => boolean;
  readonly version: string;
};

export type Status = ReturnType<typeof statusOf>;

/** The view of the universal gateway (graph and batch contracts, section 5.2), and what we know beyond it. */
export function statusOf({ metrics, breakers, health, log, version, isDraining }: StatusParts) {
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

const worstFirst = ['unhealthy', 'degraded', 'healthy'];
const openFirst = ['open', 'half-open', 'closed'];

/** The processes of one port as one, with the worst of their circuits, and then each by itself. */
export function mergedStatus(all: readonly Status[], own: Status): object {
  const sum = (of: (status: Status) => number): number => Math.round(all.reduce((total, each) => total + of(each), 0) * 10) / 10;
  const [requests, errors] = [sum((each) => each.requests_total), sum((each) => each.errors_total)];
  return {
    ...own,
    status: worstFirst.find((state) => all.some(({ status }) => status === state)) ?? own.status,
    ready: all.some(({ ready }) => ready),
    draining: all.every(({ draining }) => draining),
    uptime_seconds: Math.max(...all.map((each) => each.uptime_seconds)),
    requests_total: requests,
    errors_total: errors,
    error_rate: requests === 0 ? 0 : errors / requests,
    requests_per_second: sum((each) => each.requests_per_second),
    connections: sum((each) => each.connections),
    cache_stats: { hits: sum((each) => each.cache_stats.hits), lookups: sum((each) => each.cache_stats.lookups) },
    memory_usage_mb: sum((each) => each.memory_usage_mb),
    heap_used_mb: sum((each) => each.heap_used_mb),
    heap_total_mb: sum((each) => each.heap_total_mb),
    circuit_breaker_stats: worstCircuits(all),
    workers: all.map(({ circuit_breaker_stats: _, cache_stats: __, ...each }) => each),
  };
}

function worstCircuits(all: readonly Status[]): Status['circuit_breaker_stats'] {
  const rank = (service: string) => (each: Status) => openFirst.indexOf(each.circuit_breaker_stats[service]?.state ?? 'closed');
  const services = new Set(all.flatMap((each) => Object.keys(each.circuit_breaker_stats)));
  return Object.fromEntries(
    [...services].flatMap((service) => {
      const worst = all.toSorted((left, right) => rank(service)(left) - rank(service)(right))[0];
      const report = worst?.circuit_breaker_stats[service];
      return report === undefined ? [] : [[service, report]];
    }),
  );
}

import type { Metrics } from '#ops/meters/create-metrics.ts';
import { hitRate } from '#ops/meters/create-metrics.ts';
import type { SystemLoad } from '#ops/system-load.ts';
import type { CacheControls } from './cache-routes.ts';

type Parts = {
  readonly load: () => SystemLoad;
  readonly metrics: Pick<Metrics, 'totals' | 'recent' | 'recentStatements'>;
  readonly cache?: CacheControls | undefined;
  /** True while the shared Redis can be reached. */
  readonly isRedisThere: () => boolean;
};

/** A tenth of all batches may fail before they count as ill (graph and batch contracts, section 3.6). */
const sick = 0.1;

/** The two views of the batch service: its dashboard and its cache. */
export function dashboard({ load, metrics, cache, isRedisThere }: Parts) {
  const cacheStats = () => ({
    hit_rate_percentage: rounded(hitRate(metrics.totals())),
    cache_errors: cache?.errors() ?? 0,
    connected_to_redis: cache?.isConnected() ?? isRedisThere(),
  });
  return {
    cacheStats,
    view() {
      const { cpu, memory, disk } = load();
      const { averageMs, p95Ms } = metrics.recent.times();
      return {
        system_health: {
          cpu_percent: cpu,
          memory_percent: memory,
          disk_percent: disk,
          uptime_seconds: Math.round(process.uptime()),
        },
        batch_health: batchHealth(metrics),
        cache_stats: cacheStats(),
        performance: {
          avg_response_time_ms: rounded(averageMs),
          p95_response_time_ms: rounded(p95Ms),
          requests_per_second: metrics.recent.perSecond(),
        },
      };
    },
  };
}

/** Statements of the graph service are the only work here that is handed in, watched and read. */
function batchHealth({ totals, recentStatements }: Parts['metrics']): object {
  const { active, completed, failed } = totals().statements;
  const total = active + completed + failed;
  const errorRate = total === 0 ? 0 : failed / total;
  const { averageMs } = recentStatements.times();
  return {
    total_batches: total,
    active_batches: active,
    completed_batches: completed,
    failed_batches: failed,
    average_error_rate: rounded(errorRate),
    average_processing_ms: rounded(averageMs),
    batches_per_second: recentStatements.perSecond(),
    healthy: errorRate < sick,
  };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

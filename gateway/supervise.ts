import { serviceNames } from '#kit/service-names.ts';
import { createLogger } from '#ops/logger.ts';
import type { Snapshot } from '#ops/meters/merged.ts';
import { mergedMetrics } from '#ops/meters/merged.ts';
import { superviseWorkers } from '#ops/workers.ts';
import type { Config } from './config.ts';
import { sandboxUrls } from './stand-ins.ts';

/** Runs several processes that serve; in development one sandbox stands in for all of them. */
export async function supervise(config: Config): Promise<number> {
  const { environment, lifecycle, supergraph, rateLimit, upstreams } = config;
  await using running = new AsyncDisposableStack();
  const logger = createLogger(config.log);
  const missing = serviceNames.filter((name) => upstreams[name].url === undefined);
  const stands = environment === 'development' && !supergraph.foreign && missing.length > 0;
  const urls = stands ? await sandboxUrls(missing, config, running) : undefined;
  if (rateLimit.enabled && rateLimit.redisUrl === undefined)
    logger.warn('limits are not shared: without Redis each worker keeps books of its own');
  const handed = urls === undefined ? {} : { SANDBOX_URLS: JSON.stringify(Object.fromEntries(urls)) };
  const merged = mergedMetrics();
  return superviseWorkers({
    workers: lifecycle.workers,
    environment: handed,
    logger,
    digests: { metrics: (values) => merged.text(values as ReadonlyMap<number, Snapshot>) },
    onEnded: (worker) => void merged.ended(worker),
  });
}

import type { ServiceName } from '#kit/service-names.ts';
import type { Opening } from './opening.ts';
import { openServices } from './services.ts';
import { startStandIns } from './stand-ins.ts';

/** Every needed service by its URL; in development the sandbox stands in for those without one. */
export async function reachServices(needed: readonly ServiceName[], opening: Opening) {
  const { config, instruments, running } = opening;
  const { environment, upstreams } = config;
  const { logger, metrics } = instruments;
  const missing = environment === 'development' ? needed.filter((name) => upstreams[name].url === undefined) : [];
  const standIns = missing.length > 0 ? await startStandIns(missing, config, running) : new Map<ServiceName, { url: string }>();
  const services = await openServices({
    needed,
    config,
    environment: opening.environment,
    standIns,
    onReload(outcome) {
      metrics.servicesReloaded(outcome.ok);
      if (outcome.ok) logger.info({ services: outcome.changed }, 'services replaced');
      else logger.error({ err: outcome.error, reason: outcome.error }, 'services refused; the old ones go on');
    },
  });
  return { services: running.use(services), sandboxed: missing };
}

import type { ServiceName } from '#kit/service-names.ts';
import type { Config } from './config.ts';
import type { Opening } from './opening.ts';
import { openServices, refuseMissing, withoutUrl } from './services.ts';
import { startStandIns } from './stand-ins.ts';

type Wanted = { readonly needed: readonly ServiceName[]; readonly sandboxed: readonly ServiceName[] };

/** The needed services, and those of them without a URL, which the sandbox is to stand in for. @throws Error outside development, naming their variables */
export function wantedServices(needed: readonly ServiceName[], config: Config): Wanted {
  const sandboxed = withoutUrl(needed, config);
  if (config.environment !== 'development') refuseMissing(sandboxed);
  return { needed, sandboxed };
}

/** Every needed service by its URL; in development the sandbox stands in for those without one. */
export async function reachServices({ needed, sandboxed }: Wanted, opening: Opening) {
  const { config, instruments, running } = opening;
  const { logger, metrics } = instruments;
  const standIns =
    sandboxed.length > 0 ? await startStandIns(sandboxed, config, running) : new Map<ServiceName, { url: string }>();
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
  return running.use(services);
}

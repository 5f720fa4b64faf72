import type { Clock } from '#kit/clock.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import type { OnServices, ReachableServices } from '#kit/upstreams.ts';
import type { Instruments } from '#ops/instruments.ts';
import type { Health } from './health.ts';
import { health } from './health.ts';
import type { Dependency } from './probes.ts';
import { openProbes } from './probes.ts';
import { openServiceProbes } from './service-probes.ts';
import { openStoreProbes } from './store-probes.ts';

type Parts = {
  readonly settings: { readonly everyMs: number; readonly timeoutMs: number; readonly critical: ReadonlySet<string> };
  readonly instruments: Pick<Instruments, 'logger' | 'metrics' | 'breakers' | 'alsoTell'>;
  readonly clock: Clock;
  readonly services: ReachableServices;
  readonly onServices?: OnServices | undefined;
  readonly redis: { readonly url: string | undefined; readonly caFile: string | undefined };
  readonly organizations: { readonly store: Pick<OrganizationStore, 'ping'> };
  readonly storeName: 'mongodb' | 'database';
  readonly hasKeys: () => boolean;
  readonly isLoaded: () => boolean;
  readonly isDraining: () => boolean;
  readonly version: string;
};

/** Begins to ask every dependency, and does not wait for the answers. */
export async function openHealth(parts: Parts): Promise<Health & AsyncDisposable> {
  const { settings, instruments, clock, services, onServices, redis, organizations, storeName } = parts;
  const { logger, metrics, breakers, alsoTell } = instruments;
  await using opening = new AsyncDisposableStack();
  for (const [name, { recoverySeconds }] of services) {
    metrics.breakerKnown(name);
    breakers.know(name, recoverySeconds * 1_000);
  }
  const asked = opening.use(await openServiceProbes({ settings: services, onServices, timeoutMs: settings.timeoutMs, clock }));
  const stores = opening.use(openStoreProbes({ store: { name: storeName, ping: organizations.store.ping }, redis }));
  const watched = (service: Dependency): Dependency => ({ ...service, isSuspect: () => breakers.isSuspect(service.name) });
  const probes = opening.use(
    openProbes({
      ...settings,
      dependencies: [...asked.dependencies.map(watched), ...stores.dependencies],
      clock,
      onWell: breakers.well,
      onChange: (name, { healthy, reason }) =>
        healthy ? logger.info({ dependency: name }, 'healthy again') : logger.warn({ dependency: name, reason }, 'unhealthy'),
    }),
  );
  alsoTell(({ service, code }) => {
    if (code === undefined) probes.heard(service);
  });
  const conditions = [
    { name: 'supergraph', holds: parts.isLoaded },
    { name: 'credentials', holds: parts.hasKeys },
  ];
  const { critical } = settings;
  const reports = health({ ...parts, probes, conditions, breakers, critical, now: clock.now });
  const opened = opening.move();
  return { ...reports, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

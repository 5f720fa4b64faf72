import { systemClock } from '#kit/clock.ts';
import type { ProcessControls } from '#ops/admin/process-routes.ts';
import type { Lifecycle } from '#ops/lifecycle.ts';
import { openOperations } from '#ops/operations.ts';
import type { Peers } from '#ops/peers.ts';
import type { Reload } from '#ops/reload.ts';
import { mergedOutcomes } from '#ops/reload.ts';
import type { Callers } from './callers.ts';
import type { Config } from './config.ts';
import type { Opening } from './opening.ts';
import type { Organizations } from './organizations/open-organizations.ts';
import type { Services } from './services.ts';
import type { Shared } from './shared.ts';

type Parts = Shared & {
  readonly services: Services;
  readonly known: Organizations;
  readonly callers: Pick<Callers, 'ready'>;
  readonly lifecycle: Lifecycle;
  readonly reload: Reload;
};

/** What operators see, and what they may do. */
export async function openOperators({ config, instruments, running, peers }: Opening, parts: Parts) {
  const { services, known, callers, limits, cache, blocks, lifecycle, reload } = parts;
  lifecycle.onReload(() => void reload());
  return running.use(
    await openOperations({
      ...operationsOf(config),
      instruments,
      services: services.settings,
      onServices: services.onServices,
      organizations: known,
      hasKeys: callers.ready,
      blocks,
      look: limits?.look,
      ...(cache && { cache }),
      isDraining: lifecycle.isDraining,
      controls: controlsOf(lifecycle, reload, peers),
      peers,
    }),
  );
}

/** What operators may do; other workers do the same, and what they say to it counts. */
function controlsOf({ drain, undrain }: Lifecycle, reload: Reload, peers: Peers | undefined): ProcessControls {
  peers?.answer('reload', reload);
  return {
    drain,
    undrain,
    reload:
      peers === undefined ? reload : async () => mergedOutcomes((await peers.ask('reload')) as Awaited<ReturnType<Reload>>[]),
  };
}

/** What operators see of a process follows from its configuration and from what it has opened. */
const operationsOf = ({ operations, redis, organizations, described }: Config) => ({
  settings: operations,
  clock: systemClock,
  redis,
  storeName: organizations.place?.kind === 'mongodb' ? ('mongodb' as const) : ('database' as const),
  laboratory: organizations.laboratory,
  config: described,
});

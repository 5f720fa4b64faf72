import type { Changes } from '#kit/changes.ts';
import { systemClock } from '#kit/clock.ts';
import type { Instruments } from '#ops/instruments.ts';
import type { FaultLine } from './cache/fault-log.ts';
import { faultLog } from './cache/fault-log.ts';
import type { Cache, CacheSettings } from './cache/open-cache.ts';
import { openCache } from './cache/open-cache.ts';
import { openBlocks } from './http/open-blocks.ts';
import type { Opening } from './opening.ts';
import type { Organizations } from './organizations/open-organizations.ts';
import { openSpending } from './spending.ts';

type SharedParts = { readonly organizations: Organizations; readonly onChanged: Changes['tell'] };

/** What all processes have in common where there is a Redis: budgets, answers, and addresses that are shut out. */
export async function openShared({ config, instruments, running, peers }: Opening, { organizations, onChanged }: SharedParts) {
  const { logger, metrics, followLimits } = instruments;
  const { limitDecided: onDecision } = metrics;
  const limits = running.use(await openSpending(config, { organizations, logger, onDecision }));
  followLimits(limits);
  const cache = config.cache && running.use(await openKept(config.cache, { ...instruments, onChanged, peers }));
  const onReachable = (reachable: boolean): void =>
    logger.warn(reachable ? 'blocks are shared again' : 'blocks are of this process alone');
  const blocks = running.use(await openBlocks({ ...config.redis, clock: systemClock, onReachable }));
  return { limits, cache, blocks };
}

type KeptParts = Pick<Instruments, 'metrics' | 'logger'> & Pick<SharedParts, 'onChanged'> & Pick<Opening, 'peers'>;

/** What is kept of answers; what goes wrong with it is counted and written down. */
const openKept = (settings: CacheSettings, { metrics, logger, onChanged, peers }: KeptParts): Promise<Cache> => {
  const say = ({ phase, error, ...line }: FaultLine): void =>
    logger[phase === 'over' ? 'info' : 'warn']({ ...line, err: error, reason: error }, `cache trouble ${phase}`);
  const log = faultLog({ say });
  return openCache({
    settings,
    ...(peers && {
      relay: {
        tell: async (tags) => void (await peers.ask('raised', tags)),
        onTold: (hear) => peers.answer('raised', (tags) => hear(tags as readonly string[])),
      },
    }),
    clock: systemClock,
    onChanged,
    onLookup: metrics.lookedUp,
    onCompared({ subgraph, name, result }) {
      metrics.cacheCompared({ subgraph, result });
      if (result === 'mismatches') logger.warn({ subgraph, name }, 'a kept answer was not what its subgraph says');
    },
    onFault(fault) {
      metrics.cacheFailed(fault);
      log(fault);
    },
  });
};

export type Shared = Awaited<ReturnType<typeof openShared>>;

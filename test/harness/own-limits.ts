import { openLimits } from '#gateway/rate-limit/open-limits.ts';
import type { Clock } from '#kit/clock.ts';

type Options = { readonly clock: Clock; readonly adaptive?: boolean };

/** Budgets of one process alone, by the plans that come along, that nobody hears of. */
export const ownLimits = ({ clock, adaptive = false }: Options): ReturnType<typeof openLimits> =>
  openLimits({
    settings: {
      redisUrl: undefined,
      redisCaFile: undefined,
      replicas: 1,
      plansPath: undefined,
      plansPollMs: 1_000,
      lifetimeMs: 20_000,
      adaptive,
    },
    clock,
    ledger: { held: () => undefined, captured: () => undefined, expired: () => undefined },
    overrides: () => [],
    onTrouble: () => undefined,
  });

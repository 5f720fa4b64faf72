import type { IBackoff, IBackoffFactory } from 'cockatiel';
import { CircuitState } from 'cockatiel';

/** When an upstream was last found well, by the system's clock in milliseconds since the Unix epoch; 0 for never. */
export type WellAt = () => number;

type Options = {
  /** Time that a circuit stays open while nobody knows better. */
  readonly recoveryMs: number;
  readonly wellAt?: WellAt | undefined;
};

/** The shortest time that a circuit stays open; each time that its upstream was well and failed again doubles it. */
const shortestMs = 5_000;

/**
 * How long a circuit stays open: its whole time, or until the upstream was found well since it opened. One that tells of its
 * health that it is well and fails nevertheless is tried less and less often, in the end as if it told nothing.
 */
export function circuitRest({ recoveryMs, wellAt = () => 0 }: Options) {
  let openedAt = 0;
  let deceived = 0;
  const rested = (): number => Date.now() - openedAt;
  const isWell = (): boolean => wellAt() > openedAt && rested() >= shortestMs * 2 ** deceived;
  const backoff: IBackoff<unknown> & IBackoffFactory<unknown> = {
    // The library asks for it at every call.
    get duration() {
      return isWell() ? 0 : recoveryMs;
    },
    next: () => backoff,
  };
  return {
    backoff,
    changed(state: CircuitState): void {
      if (state === CircuitState.Open) openedAt = Date.now();
      if (state === CircuitState.Closed) deceived = 0;
      if (state === CircuitState.HalfOpen && rested() < recoveryMs) deceived += 1;
    },
  };
}

import { ExpectedError } from '#kit/errors.ts';
import type { Load } from '#kit/process-load.ts';
import { nextWindow, openWindow } from './window.ts';

export type OverloadGuard = Disposable & {
  /** Looks from now on: what a start takes says nothing of what can be done afterwards. */
  readonly begin: () => void;
  /** Makes room for an operation of so many points, until disposal. @throws ExpectedError OVERLOADED when there is none */
  readonly enter: (points: number) => Disposable;
  /** @throws ExpectedError OVERLOADED while memory runs out */
  readonly checkMemory: () => void;
  /** False while so little memory is left that no new traffic is wanted. */
  readonly ready: () => boolean;
};

type OverloadSettings = {
  /** Most points that all running operations have together. */
  readonly maxRunningCost: number;
  /** How late the event loop may come to one timer in a hundred, in milliseconds. */
  readonly maxDelayMs: number;
};

type Parts = OverloadSettings & {
  /** What was measured since the time before. */
  readonly measure: () => Load;
  /** Hears when operations begin to be turned away, and when that is over. */
  readonly onChange: (state: 'overloaded' | 'calm', load: Load) => void;
  /** Hears, again and again, that memory runs out: whoever keeps what he can get again gives it up. */
  readonly onMemoryPressure: () => void;
  readonly everyMs?: number;
};

/** Parts of the largest heap in use: from the first on new work is turned away, from the second on all traffic. */
const [scarce, exhausted] = [0.85, 0.95];

/** Turns work away that this process cannot do in time: the dearest operations first, and all when memory runs out. */
export function overloadGuard(parts: Parts): OverloadGuard {
  const { maxRunningCost: most, maxDelayMs, measure, onChange, onMemoryPressure, everyMs = 250 } = parts;
  let [window, running, peak, heap, wasCalm] = [openWindow(most), 0, 0, 0, true];
  const look = (): void => {
    const load = measure();
    heap = load.heap;
    window = nextWindow(window, { isLate: load.delayMs > maxDelayMs, peak }, most);
    peak = running;
    if (heap >= scarce) onMemoryPressure();
    const isCalm = window.points === most && heap < scarce;
    if (isCalm !== wasCalm) onChange(isCalm ? 'calm' : 'overloaded', load);
    wasCalm = isCalm;
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    begin() {
      measure();
      timer = setInterval(look, everyMs).unref();
    },
    enter(points) {
      // Where nothing runs even the dearest may.
      if (running > 0 && running + points > window.points) throw overloaded();
      running += points;
      peak = Math.max(peak, running);
      return {
        [Symbol.dispose]() {
          running -= points;
        },
      };
    },
    checkMemory() {
      if (heap >= scarce) throw overloaded();
    },
    ready: () => heap < exhausted,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

const overloaded = (): ExpectedError =>
  new ExpectedError('OVERLOADED', 'The gateway has more to do than it can; come back in a second.', {
    extensions: { retryAfter: 1 },
  });

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** How hard this process has it. */
export type Load = {
  /** How late the event loop came to one timer in a hundred, in milliseconds. */
  readonly delayMs: number;
  /** Part of the largest heap that is in use, 0 to 1. */
  readonly heap: number;
};

const resolutionMs = 20;

/** Measures this process: the event loop by a timer, the heap by what the engine says of it. */
export function processLoad(): Disposable & { readonly measure: () => Load } {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    measure() {
      // The timer's own interval is part of what it measures.
      const delayMs = Math.max(0, histogram.percentile(99) / 1e6 - resolutionMs);
      histogram.reset();
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      return { delayMs, heap: used / limit };
    },
    [Symbol.dispose]: () => void histogram.disable(),
  };
}

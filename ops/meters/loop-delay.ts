import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 20;

/** The 99th percentile of the event loop's delay in seconds, of each period anew: whoever asks twice changes nothing. */
export function loopDelay({ everyMs = 10_000 } = {}): Disposable & { readonly seconds: () => number } {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let before = 0;
  // The timer's own interval is part of what it measures.
  const measured = (): number => Math.max(0, histogram.percentile(99) / 1e9 - resolutionMs / 1e3);
  const timer = setInterval(() => {
    before = measured();
    histogram.reset();
  }, everyMs).unref();
  return {
    seconds: () => Math.max(before, measured()),
    [Symbol.dispose]() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

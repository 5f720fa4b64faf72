import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/*
 * Tells, from inside, what a process holds: `node --expose-gc --import ./test/bench/probe.ts …`. Whoever asks the Unix
 * socket PROBE_SOCKET gets it as JSON, after garbage has been collected. The product knows nothing of it.
 */

export type Probed = {
  /** Bytes, as `process.memoryUsage` counts them. */
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** What keeps the event loop going, such as sockets, timers and threads, the asking one included. */
  readonly active: number;
  /** Delay of the event loop since somebody asked last, in milliseconds: of one timer in a hundred, and the largest. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
};

const resolutionMs = 10;
const collect = (): void => globalThis.gc?.();

// Threads inherit the preload; each has a heap of its own to collect.
if (!isMainThread) setInterval(collect, 5_000).unref();
else if (process.env['PROBE_SOCKET'] !== undefined) answerOn(process.env['PROBE_SOCKET']);

function answerOn(path: string): void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  createServer((_, response) => response.end(JSON.stringify(probed(delay))))
    .listen(path)
    .unref();
}

function probed(delay: ReturnType<typeof monitorEventLoopDelay>): Probed {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  const [delayP99Ms, delayMaxMs] = [late(delay.percentile(99)), late(delay.max)];
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  // The stop that collecting makes is none of the product's.
  delay.reset();
  return { heapUsed, external, rss, active: process.getActiveResourcesInfo().length, delayP99Ms, delayMaxMs };
}

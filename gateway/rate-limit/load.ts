import type { Load } from '#kit/process-load.ts';

/** Lines from the hardest down; crossing either measure is enough (factors of the graph service's contract, section 1.5). */
const lines: readonly (Load & { readonly factor: number })[] = [
  { delayMs: 500, heap: 0.92, factor: 0.1 },
  { delayMs: 100, heap: 0.8, factor: 0.5 },
];

/** What part of their plans callers get under this load. */
export const factorOf = ({ delayMs, heap }: Load): number =>
  lines.find((line) => delayMs > line.delayMs || heap > line.heap)?.factor ?? 1;

export type LoadWatch = Disposable & { readonly factor: () => number };

type Options = {
  /** What was measured since the time before. */
  readonly measure: () => Load;
  readonly everyMs?: number;
  /** Measurements that must be calm before plans are whole again, so that limits do not flicker. */
  readonly calm?: number;
};

/** The smallest factor of the last few measurements. */
export function loadWatch({ measure, everyMs = 1_000, calm = 5 }: Options): LoadWatch {
  let last: readonly number[] = [1];
  const timer = setInterval(() => {
    last = [...last, factorOf(measure())].slice(-calm);
  }, everyMs).unref();
  return {
    factor: () => Math.min(...last),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

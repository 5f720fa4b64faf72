import type { Clock } from '#kit/clock.ts';

/** What the last requests were like. */
export type Recent = {
  /** Requests a second over the last ten whole seconds. */
  readonly perSecond: () => number;
  /** Average and 95th percentile of the last thousand requests, in milliseconds; 0 before there is one. */
  readonly times: () => { readonly averageMs: number; readonly p95Ms: number };
  readonly add: (seconds: number) => void;
};

const windowSeconds = 10;
const kept = 1_000;

export function recentRequests(clock: Clock): Recent {
  const counts = new Map<number, number>();
  const durations: number[] = [];
  let next = 0;
  const second = (): number => Math.floor(clock.now() / 1_000);
  const forget = (): void => {
    for (const at of counts.keys()) if (at < second() - windowSeconds) counts.delete(at);
  };
  return {
    add(seconds) {
      const now = second();
      counts.set(now, (counts.get(now) ?? 0) + 1);
      if (counts.size > windowSeconds + 1) forget();
      durations[next] = seconds * 1_000;
      next = (next + 1) % kept;
    },
    perSecond() {
      forget();
      const now = second();
      return [...counts].reduce((sum, [at, count]) => (at === now ? sum : sum + count), 0) / windowSeconds;
    },
    times() {
      if (durations.length === 0) return { averageMs: 0, p95Ms: 0 };
      const sorted = durations.toSorted((left, right) => left - right);
      const sum = sorted.reduce((total, duration) => total + duration, 0);
      return { averageMs: sum / sorted.length, p95Ms: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0 };
    },
  };
}

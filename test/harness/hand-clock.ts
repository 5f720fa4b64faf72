import type { Clock } from '#kit/clock.ts';

/** A clock that stands still until a test moves it. */
export function handClock(start = Date.parse('2026-11-21T12:00:00Z')): Clock & { readonly advance: (ms: number) => void } {
  let now = start;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}

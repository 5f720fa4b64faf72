import type { Clock } from './clock.ts';

/** How long an answer may be kept, as those who gave it say (RFC 9111). */
export type Freshness = {
  /** 0 when it must not be kept. */
  readonly maxAgeSeconds: number;
  /** True when it is for one subject alone. */
  readonly isPrivate: boolean;
  /** There when it must not be used any longer than that, not even while it is fetched anew or cannot be. */
  readonly mustRevalidate?: true;
};

/** What holds for an answer that was made of both. */
export const leastFresh = (one: Freshness, other: Freshness): Freshness => ({
  maxAgeSeconds: Math.min(one.maxAgeSeconds, other.maxAgeSeconds),
  isPrivate: one.isPrivate || other.isPrivate,
  ...((one.mustRevalidate || other.mustRevalidate) && { mustRevalidate: true }),
});

/** What services said of the answers that went into one call. */
export type HeardFreshness = {
  readonly hear: (freshness: Freshness) => void;
  /** The least of it, less the time since it was heard; undefined when none of them said anything. */
  readonly told: () => Freshness | undefined;
};

/** Keeps when the first answer goes stale, not for how long it is fresh: one that was read early grows old with the call. */
export function heardFreshness({ now }: Clock): HeardFreshness {
  let least: Freshness | undefined;
  let heardAt = 0;
  const told = (): Freshness | undefined =>
    least && { ...least, maxAgeSeconds: Math.max(0, least.maxAgeSeconds - Math.max(0, now() - heardAt) / 1_000) };
  return {
    hear(freshness) {
      const before = told();
      least = before === undefined ? freshness : leastFresh(before, freshness);
      heardAt = now();
    },
    told,
  };
}

/** How long an answer may be kept, as those who gave it say (RFC 9111). */
export type Freshness = {
  /** 0 when it must not be kept. */
  readonly maxAgeSeconds: number;
  /** True when it is for one subject alone. */
  readonly isPrivate: boolean;
};

/** What holds for an answer that was made of both. */
export const leastFresh = (one: Freshness, other: Freshness): Freshness => ({
  maxAgeSeconds: Math.min(one.maxAgeSeconds, other.maxAgeSeconds),
  isPrivate: one.isPrivate || other.isPrivate,
});

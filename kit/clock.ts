/** Where time comes from, so that a test can move it by hand. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
};

export const systemClock: Clock = { now: () => Date.now() };

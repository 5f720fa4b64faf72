/** A statement that a service runs for somebody. */
export type WatchedQuery = {
  /** Name of the graph. */
  readonly graph: string;
  /** `built` by this program, or `written` by a caller. */
  readonly kind: 'built' | 'written';
};

/** Hears that a statement begins; what it gives back hears whether it went well. */
export type QueryWatch = (query: WatchedQuery) => (ok: boolean) => void;

import type { Caller } from './caller.ts';

/** A statement that a service runs for somebody. */
export type RunningQuery = {
  /** Name of the graph. */
  readonly graph: string;
  /** `built` by this program, or `written` by a caller. */
  readonly kind: 'built' | 'written';
  /** Characters of the statement. */
  readonly length: number;
  /** Most rows that it gives. */
  readonly limit: number;
};

export type WatchedQuery = RunningQuery & { readonly requestId: string; readonly caller: Pick<Caller, 'organization' | 'keyId'> };

type Watch<Query> = (query: Query) => (ok: boolean) => void;

/** Hears that a statement of one call begins; what it gives back hears whether it went well. */
export type RunWatch = Watch<RunningQuery>;

/** The same of every call. */
export type QueryWatch = Watch<WatchedQuery>;

import type { Caller } from './caller.ts';

/**
 * What a caller's request brings along to every subgraph and upstream.
 * One object per query operation: subgraphs keep their loaders by it. Each fetch of a mutation gets a fresh one,
 * so that nothing read before a write is used after it.
 */
export type Call = {
  readonly requestId: string;
  /** Ends when the caller went away or the time of the whole request is up. */
  readonly signal: AbortSignal;
  readonly caller: Caller;
  /** The caller's `Authorization: Bearer` header as it came; absent for partners and strangers. */
  readonly authorization?: string;
  /** W3C trace context to hand on. */
  readonly traceparent?: string;
};

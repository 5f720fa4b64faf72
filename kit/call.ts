import type { Caller } from './caller.ts';

/** Where a request comes from, as far as the edge can tell. */
export type Client = {
  /** IP address. */
  readonly address: string;
  /** What the program calls itself, at most 256 characters of it. */
  readonly userAgent?: string;
};

/** What the caller's account has left with the points of this operation reserved. */
export type CallBudget = {
  /** Name of the plan. */
  readonly plan: string;
  /** Points that may be spent at once. */
  readonly limit: number;
  /** Points reserved for this operation. */
  readonly cost: number;
  readonly remaining: number;
  /** Points restored each second. */
  readonly restoreRate: number;
  /** When all points are there again if nothing more is spent, RFC 3339; null for a plan that restores nothing. */
  readonly resetAt: () => string | null;
};

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
  /** Absent for what nobody asked for; a subgraph over HTTP hears it with mutations alone. */
  readonly client?: Client;
  /** The caller's `Authorization: Bearer` header as it came; absent for partners and strangers. */
  readonly authorization?: string;
  /** W3C trace context to hand on. */
  readonly traceparent?: string;
  /** The budget of the running operation; nothing where nothing is limited. Absent outside the gateway's process. */
  readonly budget?: () => CallBudget | undefined;
};

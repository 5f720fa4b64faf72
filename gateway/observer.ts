import type { BreakerState } from '#kit/circuit-breaker.ts';
import type { SubgraphCall } from './fetch/observe.ts';
import type { EndedRequest } from './http/observe.ts';
import type { PlanningObserver } from './plan/planner.ts';

/** Hears what the stages do, to count it and to write it down. Nothing that it does may fail or take time. */
export type Observer = {
  /** A socket of the public listener was opened, or closed. */
  readonly connections: (change: 1 | -1) => void;
  readonly requestEnded: (request: EndedRequest) => void;
  readonly subgraphCalled: (call: SubgraphCall) => void;
  readonly breakerChanged: (service: string, state: BreakerState) => void;
  /** A newer supergraph was taken over, or refused. */
  readonly supergraphReloaded: (ok: boolean) => void;
  /** A root field or an entity was looked up in the cache, or several with the same outcome. */
  readonly lookedUp: (
    lookup: { readonly subgraph: string; readonly status: 'hit' | 'stale' | 'miss' | 'negative' | 'bypass' },
    times?: number,
  ) => void;
  readonly planLookedUp: (result: 'hit' | 'miss') => void;
  /** An operation was planned or could not be; the time contains the waiting. */
  readonly planned: PlanningObserver['planned'];
};

/** For a gateway that nobody watches. */
export const unwatched: Observer = {
  connections: () => undefined,
  requestEnded: () => undefined,
  subgraphCalled: () => undefined,
  breakerChanged: () => undefined,
  supergraphReloaded: () => undefined,
  lookedUp: () => undefined,
  planLookedUp: () => undefined,
  planned: () => undefined,
};

import type { CacheLookup, FetchLayer, SubgraphHandler, SubgraphRequest } from '#gateway/request.ts';
import { answer, bypassed } from './answer.ts';
import type { Background } from './background.ts';
import type { Lookup, Part, Slot } from './lookup.ts';
import type { Outcome, Task } from './outcome.ts';
import type { PartFetch } from './part-fetch.ts';
import type { Ages, Sight } from './sight.ts';
import type { Found, Store } from './store.ts';

/** Hears of every look-up, for a metric. */
export type OnLookup = (lookup: Pick<CacheLookup, 'subgraph' | 'status'>) => void;

type Options = {
  readonly lookupOf: (request: SubgraphRequest) => Lookup | undefined;
  readonly store: Store;
  readonly judge: (found: Found) => Sight;
  readonly partFetch: (next: SubgraphHandler) => PartFetch;
  readonly background: Background;
  readonly ages: Ages;
  readonly onLookup: OnLookup;
};

/** A refresh that nobody waits for may take so long. */
const refreshMs = 10_000;

/**
 * Answers queries out of the store as far as it can: root fields one by one, entities one by one. Only what is missing is
 * asked of the subgraph, and kept for the next one as its declaration allows.
 */
export function cachedReads(options: Options): FetchLayer {
  const { lookupOf, store, judge, partFetch, background, ages, onLookup } = options;
  const note = ({ lookups }: SubgraphRequest, lookup: CacheLookup): void => {
    onLookup(lookup);
    lookups?.push(lookup);
  };
  const sightsOf = async ({ slots }: Lookup, { wantsFresh }: SubgraphRequest): Promise<ReadonlyMap<Slot, Sight>> => {
    const found = await store.read(slots);
    return new Map(slots.map((slot, index) => [slot, sightOf(found[index], wantsFresh === true)]));
  };
  const sightOf = (found: Found | undefined, wantsFresh: boolean): Sight => {
    if (found === undefined) throw new Error('A store answered less than it was asked.');
    return wantsFresh ? { kind: 'missing', fence: found.fence } : judge(found);
  };
  return (next) => {
    const { bring, refresh } = partFetch(next);
    return async (request) => {
      if (request.kind === 'mutation') {
        // Nothing of a mutation's answer may be kept by anybody.
        request.lookups?.push(bypassed(request));
        return next(request);
      }
      const lookup = lookupOf(request);
      if (lookup === undefined) {
        note(request, bypassed(request));
        return next(request);
      }
      const sights = await sightsOf(lookup, request).catch(() => undefined);
      if (sights === undefined) {
        note(request, bypassed(request));
        return next(request);
      }
      const task: Task = { request, lookup, fenceOf: (slot) => sights.get(slot)?.fence ?? { stamps: [], alone: true } };
      const missing = firstOfEach(lookup.parts).filter(({ slot }) => slot === undefined || sights.get(slot)?.kind === 'missing');
      const brought = missing.length === 0 ? new Map<Part, Outcome>() : await bring(task, missing);
      const due = firstOfEach(lookup.parts).filter(({ slot }) => slot !== undefined && isDue(sights.get(slot)));
      if (due.length > 0) background.run(() => refresh({ ...task, request: detached(request) }, due));
      return answer({ request, lookup, sights, brought, ages }, (found) => note(request, found));
    };
  };
}

const isDue = (sight: Sight | undefined): boolean => sight?.kind === 'served' && sight.isDue;

/** Parts that ask for the same are asked for once. */
function firstOfEach(parts: readonly Part[]): readonly Part[] {
  const seen = new Set<Slot>();
  return parts.filter(({ slot }) => {
    if (slot === undefined) return true;
    const isFirst = !seen.has(slot);
    seen.add(slot);
    return isFirst;
  });
}

/** The same question, on nobody's time. */
export function detached(request: SubgraphRequest): SubgraphRequest {
  const signal = AbortSignal.timeout(refreshMs);
  return { ...request, signal, call: { ...request.call, signal }, lookups: undefined };
}

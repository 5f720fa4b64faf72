import type { CacheLookup, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Brought } from './ask.ts';
import { assembled, failedParts, isPassing, isWhole } from './ask.ts';
import type { Lookup, Part, Slot } from './lookup.ts';
import type { Outcome } from './outcome.ts';
import type { Ages, Sight } from './sight.ts';
import { valueIn } from './sight.ts';
import { keepSeconds } from './storable.ts';
import type { Entry } from './store.ts';

type Known = {
  readonly request: SubgraphRequest;
  readonly lookup: Lookup;
  readonly sights: ReadonlyMap<Slot, Sight>;
  /** Of what was not to be served, the first part of each slot. */
  readonly brought: ReadonlyMap<Part, Outcome>;
  readonly ages: Ages;
};

/** Puts together what was kept and what was fetched. @throws whatever the call threw, where there is nothing else to tell */
export function answer(known: Known, note: (lookup: CacheLookup) => void): SubgraphResponse {
  const { request, lookup, sights, brought } = known;
  rethrow(known);
  const told = new Map<Slot, Brought>();
  return assembled(lookup.policy, lookup.parts, (part) => {
    const { slot } = part;
    if (slot === undefined) {
      note(bypassed(request));
      return settled(brought.get(part), known);
    }
    const again = told.get(slot);
    // Executors merge into what they are given: the same entity a second time is an object of its own.
    if (again !== undefined) return { ...again, value: structuredClone(again.value) };
    const { result, ...facts } = tell(slot, sights.get(slot), { ...known, fetched: brought.get(part) });
    note({ subgraph: request.service, scope: slot.unit.scope, tags: slot.tags, ...facts });
    told.set(slot, result);
    return result;
  });
}

export const bypassed = ({ service }: SubgraphRequest): CacheLookup => ({
  subgraph: service,
  status: 'bypass',
  ageSeconds: 0,
  ttlSeconds: 0,
  scope: 'ORGANIZATION',
  tags: [],
});

type Told = Pick<CacheLookup, 'status' | 'ageSeconds' | 'ttlSeconds'> & { readonly result: Brought };

function tell(slot: Slot, sight: Sight | undefined, known: Known & { readonly fetched: Outcome | undefined }): Told {
  if (sight?.kind === 'served') return { result: whole(sight.value), status: sight.status, ...timesOf(sight) };
  const result = settled(known.fetched, known);
  const older = isWhole(result) || !isPassing(result) ? undefined : sight?.fallback;
  const value = older && valueIn(older.entry);
  // Without a time: unlike what is served while it is fetched anew, it cost a call.
  if (older !== undefined && value !== undefined)
    return { result: whole(value), status: 'stale', ageSeconds: older.ageMs / 1_000, ttlSeconds: 0 };
  return { result, status: 'miss', ageSeconds: 0, ttlSeconds: keepSeconds(slot, result, known.ages) };
}

const timesOf = ({ entry, ageMs }: { readonly entry: Entry; readonly ageMs: number }) => ({
  ageSeconds: ageMs / 1_000,
  ttlSeconds: entry.freshMs / 1_000,
});

const whole = (value: unknown): Brought => ({ value, errors: [], general: [] });

function settled(outcome: Outcome | undefined, { lookup, request }: Known): Brought {
  if (outcome?.kind === 'brought') return outcome.brought;
  if (outcome?.error instanceof ExpectedError) return failedParts(lookup.policy, request.service, outcome.error);
  throw new Error('A part of an answer is missing.');
}

/** A bug is told as one, and a failure in full where no part has anything else to show. */
function rethrow({ lookup, sights, brought }: Known): void {
  const thrown = [...brought.values()].flatMap((outcome) => (outcome.kind === 'threw' ? [outcome.error] : []));
  const bug = thrown.find((error) => !(error instanceof ExpectedError));
  if (bug !== undefined) throw bug;
  const shows = (part: Part): boolean => {
    if (brought.get(part)?.kind === 'brought') return true;
    const sight = part.slot && sights.get(part.slot);
    return sight !== undefined && (sight.kind === 'served' || sight.fallback !== undefined);
  };
  if (thrown.length > 0 && !lookup.parts.some(shows)) throw thrown[0];
}

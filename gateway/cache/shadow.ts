import { setTimeout as pause } from 'node:timers/promises';
import type { CacheLookup, FetchLayer, SubgraphHandler, SubgraphRequest } from '#gateway/request.ts';
import type { Brought } from './ask.ts';
import { askFor, isWhole } from './ask.ts';
import type { Background } from './background.ts';
import { detached } from './cached-reads.ts';
import { canonical } from './canonical.ts';
import type { Lookup, Part, Slot } from './lookup.ts';
import { sameStamps } from './memory-store.ts';
import type { Ages } from './sight.ts';
import { valueIn } from './sight.ts';
import { jsonOf, writeOf } from './storable.ts';
import type { Entry, Fence, OnFault, Store } from './store.ts';

/** Hears of every entry that was compared with what its subgraph says; `name` is its root field or type. */
export type OnCompared = (compared: {
  readonly subgraph: string;
  readonly name: string;
  readonly result: 'matches' | 'mismatches' | 'failed';
}) => void;

/** The operations that are compared, known by their look-ups; one of them has to be read by its parts. */
export type Draws = {
  readonly chooses: (lookups: readonly CacheLookup[]) => boolean;
  readonly isChosen: (lookups: readonly CacheLookup[]) => boolean;
};

type Options = {
  readonly draws: Draws;
  readonly lookupOf: (request: SubgraphRequest) => Lookup | undefined;
  readonly store: Store;
  readonly background: Background;
  readonly ages: Ages;
  readonly random: () => number;
  readonly onCompared: OnCompared;
  /** Hears that entries were wrong and are replaced, so that nothing put together of them may be served. */
  readonly onReplaced: () => void;
  readonly onFault: OnFault;
};

/** Reads that are compared at the same time; while there are so many, no further one is. */
const most = 4;

/** A write that was under way when two values were compared has raised its stamps after so long. */
const settledMs = 1_000;

/** A part whose entry is served as it is. */
type Kept = { readonly part: Part; readonly slot: Slot; readonly entry: Entry; readonly fence: Fence };

/** `rate` is the share of all operations that is compared, from 0 to 1. */
export function shadowDraws({ rate, random }: { readonly rate: number; readonly random: () => number }): Draws {
  const chosen = new WeakSet<readonly CacheLookup[]>();
  return {
    chooses(lookups) {
      if (random() >= rate) return false;
      chosen.add(lookups);
      return true;
    },
    isChosen: (lookups) => chosen.has(lookups),
  };
}

/**
 * Asks subgraphs again, on nobody's time, for what `reads` answered out of the store in operations that were chosen, and
 * compares: an entry that is served still, while its subgraph says something else, is a mismatch, and what the subgraph says
 * takes its place. One that a write or a refresh has ended meanwhile is none, and neither is one past its time.
 */
export function shadow(options: Options): (reads: FetchLayer) => FetchLayer {
  const { draws, background } = options;
  let running = 0;
  const compareLater = (request: SubgraphRequest, next: SubgraphHandler): void => {
    if (running >= most) return;
    running += 1;
    background.run(() =>
      compare(detached(request), next, options).finally(() => {
        running -= 1;
      }),
    );
  };
  return (reads) => (next) => {
    const serve = reads(next);
    return async (request) => {
      if (request.kind === 'mutation' || request.lookups === undefined || !draws.isChosen(request.lookups)) return serve(request);
      const lookups: CacheLookup[] = [];
      const response = await serve({ ...request, lookups });
      request.lookups.push(...lookups);
      if (lookups.some(({ status }) => status === 'hit' || status === 'negative')) compareLater(request, next);
      return response;
    };
  };
}

async function compare(request: SubgraphRequest, next: SubgraphHandler, options: Options): Promise<void> {
  const { store, lookupOf, onCompared } = options;
  const lookup = lookupOf(request);
  if (lookup === undefined) return;
  const kept = await keptOf(lookup, store);
  if (kept.length === 0) return;
  const parts = kept.map(({ part }) => part);
  const asked = { policy: lookup.policy, parts, all: parts.length === lookup.parts.length };
  const brought: ReadonlyMap<Part, Brought> = await askFor(next, request, asked).catch(() => new Map());
  const tell = (result: 'matches' | 'mismatches' | 'failed', all: readonly Kept[]): void => {
    for (const { slot } of all) onCompared({ subgraph: request.service, name: slot.unit.name, result });
  };
  const by = Map.groupBy(kept, ({ part, entry }) => resultOf(entry, brought.get(part)));
  tell('failed', by.get('failed') ?? []);
  tell('matches', by.get('matches') ?? []);
  const wrong = await stillServed(by.get('mismatches') ?? [], store);
  tell('mismatches', wrong);
  await replace(wrong, brought, options);
}

/** Parts whose entries are fresh, each entry once. */
async function keptOf({ parts, slots }: Lookup, store: Store): Promise<readonly Kept[]> {
  const found = await store.read(slots);
  return slots.flatMap((slot, index) => {
    const { entry, fence } = found[index] ?? {};
    const part = parts.find((each) => each.slot === slot);
    if (part === undefined || entry === undefined || fence === undefined) return [];
    return store.now() < entry.createdAt + entry.freshMs ? [{ part, slot, entry, fence }] : [];
  });
}

function resultOf(entry: Entry, brought: Brought | undefined): 'matches' | 'mismatches' | 'failed' {
  const text = brought !== undefined && isWhole(brought) ? jsonOf(brought.value) : undefined;
  if (text === undefined) return 'failed';
  if (text === entry.text) return 'matches';
  return canonical(JSON.parse(text)) === canonical(valueIn(entry)) ? 'matches' : 'mismatches';
}

/** Those that neither a write nor a refresh has ended in the meantime. */
async function stillServed(kept: readonly Kept[], store: Store): Promise<readonly Kept[]> {
  if (kept.length === 0) return [];
  await pause(settledMs);
  const found = await store.read(kept.map(({ slot }) => slot));
  return kept.filter(({ entry, fence }, index) => {
    const now = found[index];
    return now?.entry?.text === entry.text && sameStamps(now.fence.stamps, fence.stamps);
  });
}

async function replace(wrong: readonly Kept[], brought: ReadonlyMap<Part, Brought>, options: Options): Promise<void> {
  const writes = wrong.flatMap(({ part, slot, fence, entry: { costMs } }) => {
    const fresh = brought.get(part);
    return fresh === undefined ? [] : writeOf({ slot, fence, brought: fresh, text: jsonOf(fresh.value), costMs }, options);
  });
  if (writes.length === 0) return;
  await options.store.write(writes);
  options.onReplaced();
}

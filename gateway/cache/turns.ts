import { setTimeout as pause } from 'node:timers/promises';
import type { Background } from './background.ts';
import type { Part } from './lookup.ts';
import type { Outcome, Task } from './outcome.ts';
import { valueIn } from './sight.ts';
import type { Store } from './store.ts';

type Options = { readonly store: Store; readonly background: Background; readonly random: () => number };

type Divided = {
  readonly ours: readonly Part[];
  readonly theirs: readonly Part[];
  /** Those of ours that other processes wait for, until they are released. */
  readonly claimed: readonly Part[];
};

/** Lets one process of all fetch a thing. This saves work and decides nothing: stamps refuse what comes too late. */
export type Turns = {
  /** Which parts are ours to fetch: those that no other process is fetching, as far as their cost makes it worth asking. */
  readonly divide: (task: Task, parts: readonly Part[], costMs?: number) => Promise<Divided>;
  /** What others brought of their parts, within half a second. */
  readonly others: (task: Task, parts: readonly Part[]) => Promise<ReadonlyMap<Part, Outcome>>;
  readonly release: (claimed: readonly Part[]) => void;
};

/** What takes less is not worth a lock. */
const slowMs = 50;
const lockMs = 2_000;
const pollMs = 20;
/** Half a second of looks. They are counted, and not the time: a process that was busy has not looked meanwhile. */
const looks = 17;

export function turns({ store, background, random }: Options): Turns {
  const look = async (parts: readonly Part[]): Promise<ReadonlyMap<Part, Outcome>> => {
    const read = await store.read(parts.flatMap(({ slot }) => slot ?? [])).catch(() => []);
    return new Map(
      parts.flatMap((part, index) => {
        const entry = read[index]?.entry;
        return entry === undefined ? [] : [[part, kept(valueIn(entry))] as const];
      }),
    );
  };
  return {
    async divide(task, parts, costMs) {
      const shared = parts.filter(({ slot }) => slot !== undefined && task.fenceOf(slot).alone !== true);
      if (shared.length === 0 || (costMs !== undefined && costMs <= slowMs)) return { ours: parts, theirs: [], claimed: [] };
      const won = await store.claim(placesOf(shared), lockMs).catch(() => []);
      const theirs = new Set(shared.filter((_, index) => won[index] === false));
      // A store that did not answer may have given them all.
      const claimed = shared.filter((part) => !theirs.has(part));
      return { ours: parts.filter((part) => !theirs.has(part)), theirs: [...theirs], claimed };
    },
    async others(task, parts) {
      const found = new Map<Part, Outcome>();
      let left = parts;
      for (let looked = 0; left.length > 0 && looked < looks && !task.request.signal.aborted; looked++) {
        await pause(pollMs * (1 + random()));
        for (const [part, outcome] of await look(left)) found.set(part, outcome);
        left = left.filter((part) => !found.has(part));
      }
      return found;
    },
    release(claimed) {
      const places = placesOf(claimed);
      if (places.length > 0) background.run(() => store.release(places));
    },
  };
}

const placesOf = (parts: readonly Part[]) => parts.flatMap(({ slot }) => slot?.place ?? []);

const kept = (value: unknown): Outcome => ({ kind: 'brought', isNew: false, brought: { value, errors: [], general: [] } });

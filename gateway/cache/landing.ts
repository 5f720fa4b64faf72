import type { Brought } from './ask.ts';
import type { Background } from './background.ts';
import type { Flights } from './flights.ts';
import type { Part, Slot } from './lookup.ts';
import type { Outcome, Task } from './outcome.ts';
import type { Ages } from './sight.ts';
import { jsonOf, writeOf } from './storable.ts';
import type { OnFault, Store } from './store.ts';

/** What those who wait for somebody else's fetch get: a value that each of them parses for itself. */
export type Shared = { readonly text: string; readonly brought: Omit<Brought, 'value'> } | { readonly error: unknown };

type Options = {
  readonly store: Store;
  readonly flights: Flights<Shared>;
  readonly background: Background;
  readonly ages: Ages;
  readonly random: () => number;
  readonly onFault: OnFault;
};

type Outcomes = ReadonlyMap<Part, Outcome>;

type Landing = (shared: Shared | undefined) => void;

export type Fly = (task: Task, parts: readonly Part[], work: () => Promise<Outcomes>) => Promise<Outcomes>;

/** Runs `work` while everybody else may wait for its parts, and keeps what it brings. */
export function flying({ store, flights, background, ...options }: Options): Fly {
  const open = (task: Task, slot: Slot): Landing => {
    const key = flightKey(task, slot);
    return flights.join(key) === undefined ? flights.open(key) : () => undefined;
  };
  // Values become text before anybody gets them: executors merge into what they are given.
  const land = (task: Task, outcomes: Outcomes, landings: ReadonlyMap<Part, Landing>): void => {
    const writes = [...landings].flatMap(([part, landing]) => {
      const outcome = outcomes.get(part);
      if (part.slot === undefined || outcome?.kind !== 'brought') return [];
      const { brought, isNew, costMs = 0 } = outcome;
      const text = jsonOf(brought.value);
      landing(text === undefined ? undefined : { text, brought });
      return isNew ? writeOf({ slot: part.slot, fence: task.fenceOf(part.slot), brought, text, costMs }, options) : [];
    });
    if (writes.length > 0) background.run(() => store.write(writes));
  };
  return async (task, parts, work) => {
    const landings = new Map(parts.flatMap((part) => (part.slot === undefined ? [] : [[part, open(task, part.slot)] as const])));
    const end = (shared?: Shared): void => {
      for (const landing of landings.values()) landing(shared);
    };
    try {
      const outcomes = await work();
      land(task, outcomes, landings);
      return outcomes;
    } catch (error) {
      // Whose time is up or whose client is gone gives up for itself alone.
      if (!task.request.signal.aborted) end({ error });
      throw error;
    } finally {
      end();
    }
  };
}

/** With its stamps: who comes after an invalidation does not join a fetch from before it. */
export const flightKey = ({ fenceOf }: Task, slot: Slot): string => `${slot.place.key} ${fenceOf(slot).stamps.join(' ')}`;

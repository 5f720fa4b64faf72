import type { ApolloGateway } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import type { PlanningTask } from '#kit/plan-maker.ts';

/** An operation that was planned, and where its plan is found. */
export type PlannedOperation = PlanningTask & { readonly key: string };

type Entry = PlannedOperation & {
  readonly plan: QueryPlan;
  /** Length of the plan and of the text, as JSON. */
  readonly size: number;
  /** Uses of the last minutes: each minute counts half as much as the one after it. */
  uses: number;
  minute: number;
};

export type PlanStore = {
  readonly get: (key: string) => QueryPlan | undefined;
  readonly set: (operation: PlannedOperation, json: string) => QueryPlan;
  /** The operations that were asked for most often in the last minutes, the first one most. */
  readonly popular: (most: number) => readonly PlannedOperation[];
  /** The same plans as the gateway library reads them. What it plans by itself is not kept. */
  readonly library: LibraryStore;
};

type LibraryStore = NonNullable<
  NonNullable<NonNullable<ConstructorParameters<typeof ApolloGateway>[0]>['queryPlannerConfig']>['cache']
>;

type Options = {
  readonly maxEntries: number;
  /** Most characters of JSON that all plans and texts have together; in memory a plan takes a few times as much. */
  readonly maxSize: number;
  readonly clock: Clock;
};

/** Plans by key; those that were not used for longest give way. */
export function planStore({ maxEntries, maxSize, clock }: Options): PlanStore {
  const entries = new LRUCache<string, Entry>({ max: maxEntries, maxSize, sizeCalculation: ({ size }) => size });
  const minuteNow = (): number => Math.floor(clock.now() / 60_000);
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const minute = minuteNow();
      entry.uses = usesAt(entry, minute) + 1;
      entry.minute = minute;
      return entry.plan;
    },
    set(operation, json) {
      const plan = JSON.parse(json) as QueryPlan;
      const size = json.length + operation.text.length;
      entries.set(operation.key, { ...operation, plan, size, uses: 1, minute: minuteNow() });
      return plan;
    },
    popular(most) {
      const minute = minuteNow();
      return [...entries.values()]
        .sort((one, other) => usesAt(other, minute) - usesAt(one, minute))
        .slice(0, most)
        .map(({ key, text, operationName }) => ({ key, text, operationName }));
    },
    library: {
      get: async (key) => entries.peek(key)?.plan,
      set: async () => undefined,
      delete: async (key) => entries.delete(key),
      clear: () => entries.clear(),
    },
  };
}

const usesAt = ({ uses, minute }: Entry, now: number): number => uses / 2 ** (now - minute);

import type { QueryPlan } from '@apollo/query-planner';
import { print } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import { singleFlight } from '#kit/single-flight.ts';
import type { Asked } from './plan-keys.ts';
import { planKeys } from './plan-keys.ts';
import type { PlannedOperation, PlanStore } from './plan-store.ts';
import { planStore } from './plan-store.ts';
import type { PlanSource } from './planning-thread.ts';
import { tooHard } from './planning-thread.ts';

/**
 * The plan of an operation: at once when it is known, else as soon as it is made.
 * Throws or rejects with ExpectedError QUERY_PLANNING_TIMEOUT when it is too hard to plan, OVERLOADED when too many wait.
 */
export type PlanOf = (asked: Asked) => QueryPlan | Promise<QueryPlan>;

/** Hears of planning, for metrics. */
export type PlanningObserver = {
  /** A plan was looked for. */
  readonly looked: (result: 'hit' | 'miss') => void;
  /** A plan was made, or could not be; the time contains the waiting. */
  readonly planned: (seconds: number, result: 'planned' | 'too_hard' | 'overloaded' | 'failed') => void;
};

export type Planner = {
  readonly planOf: PlanOf;
  readonly store: Pick<PlanStore, 'library' | 'popular'>;
  /** Plans what is not known yet, one operation after the other, and forgets those that cannot be planned. */
  readonly warm: (operations: readonly PlannedOperation[]) => Promise<void>;
};

type Parts = {
  readonly makePlan: PlanSource['makePlan'];
  readonly maxEntries: number;
  readonly maxSize: number;
  readonly clock: Clock;
  readonly observe?: PlanningObserver | undefined;
};

/** How long an operation that was too hard is refused without another try, and how many of them are remembered. */
const refusedMs = 60_000;
const maxRefused = 1_000;

/** Gives each operation its plan; however many ask for one at the same time, it is planned once. */
export function planner({ makePlan, maxEntries, maxSize, clock, observe }: Parts): Planner {
  const store = planStore({ maxEntries, maxSize, clock });
  const refused = new LRUCache<string, true>({ max: maxRefused, ttl: refusedMs, perf: clock, ttlResolution: 0 });
  const alone = singleFlight<QueryPlan>();
  const keyOf = planKeys();
  const plan = async (operation: PlannedOperation): Promise<QueryPlan> => {
    const since = clock.now();
    const done = (result: Parameters<PlanningObserver['planned']>[1]): void =>
      observe?.planned((clock.now() - since) / 1_000, result);
    try {
      const found = store.set(operation, await makePlan(operation));
      done('planned');
      return found;
    } catch (error) {
      const result = resultOf(error);
      if (result === 'too_hard') refused.set(operation.key, true);
      done(result);
      throw error;
    }
  };
  return {
    store,
    planOf(asked) {
      const key = keyOf(asked);
      const known = store.get(key);
      observe?.looked(known === undefined ? 'miss' : 'hit');
      if (known !== undefined) return known;
      if (refused.has(key)) throw tooHard();
      return alone(key, () => plan({ key, text: print(asked.document), operationName: asked.operation.name?.value }));
    },
    async warm(operations) {
      for (const operation of operations) await alone(operation.key, () => plan(operation)).catch(() => undefined);
    },
  };
}

function resultOf(error: unknown): 'too_hard' | 'overloaded' | 'failed' {
  if (!(error instanceof ExpectedError)) return 'failed';
  return error.code === 'QUERY_PLANNING_TIMEOUT' ? 'too_hard' : 'overloaded';
}

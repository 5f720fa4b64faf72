import type { Clock } from '#kit/clock.ts';
import type { PlanningGround } from '#kit/plan-maker.ts';
import { planMaker } from '#kit/plan-maker.ts';
import type { Planner, PlanningObserver } from './planner.ts';
import { planner } from './planner.ts';
import type { PlanSource } from './planning-thread.ts';
import { planningThread } from './planning-thread.ts';

export type PlanningOptions = {
  readonly maxEvaluatedPlans: number;
  /** True plans in a thread of its own; false in this one, without a deadline. */
  readonly worker: boolean;
  readonly deadlineMs: number;
  readonly maxWaiting: number;
  readonly memoryMb: number;
  readonly maxPlans: number;
  readonly maxPlanSize: number;
};

type Parts = {
  /** A supergraph as `plannerSdl` gives it. */
  readonly sdl: string;
  readonly options: PlanningOptions;
  readonly clock: Clock;
  readonly observe?: PlanningObserver | undefined;
};

/** The planner of one supergraph. Its thread starts at once and is ready within about half a second. */
export function openPlanner({ sdl, options, clock, observe }: Parts): Planner & AsyncDisposable {
  const ground: PlanningGround = { sdl, maxEvaluatedPlans: options.maxEvaluatedPlans };
  const source = options.worker ? planningThread({ ...options, ...ground, clock }) : planningHere(ground);
  const { makePlan } = source;
  const opened = planner({ makePlan, maxEntries: options.maxPlans, maxSize: options.maxPlanSize, clock, observe });
  return { ...opened, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
}

/** Reads the supergraph when the first plan is wanted. */
function planningHere(ground: PlanningGround): PlanSource {
  let maker: ReturnType<typeof planMaker> | undefined;
  return {
    async makePlan(task) {
      maker ??= planMaker(ground);
      return JSON.stringify(maker(task));
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

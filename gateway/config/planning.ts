import { z } from 'zod';
import type { Values } from './values.ts';
import { count, flag, milliseconds } from './values.ts';

const wholeMegabytes = z.coerce.number().int().min(64);

/** How operations are planned, and how many plans are kept. */
export const planningVariables = {
  /** Most query plans that the planner compares for one operation. */
  MAX_EVALUATED_PLANS: count.default(1_000),
  /** False plans in the main thread, where a hard operation holds everybody up and nothing ends it. */
  PLANNER_WORKER: flag.default(true),
  /** How long one operation may be planned; then it is refused, for a minute without another try. */
  QUERY_PLANNING_TIMEOUT: milliseconds.default(2_000),
  /** Most operations that wait for the planner. */
  MAX_WAITING_PLANS: count.default(200),
  /** Largest heap of the planner's thread, in MB; a large supergraph needs more. */
  PLANNER_MEMORY_MB: wholeMegabytes.default(512),
  /** Most plans that are kept, and most characters that they have together as JSON. */
  MAX_PLANS: count.default(5_000),
  MAX_PLAN_SIZE: count.default(16 * 1024 * 1024),
};

export const planningSettings = (variables: Values<typeof planningVariables>) => ({
  maxEvaluatedPlans: variables.MAX_EVALUATED_PLANS,
  worker: variables.PLANNER_WORKER,
  deadlineMs: variables.QUERY_PLANNING_TIMEOUT,
  maxWaiting: variables.MAX_WAITING_PLANS,
  memoryMb: variables.PLANNER_MEMORY_MB,
  maxPlans: variables.MAX_PLANS,
  maxPlanSize: variables.MAX_PLAN_SIZE,
});

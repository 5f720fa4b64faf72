import type { Values } from './values.ts';
import { count, milliseconds } from './values.ts';

/** How much this process may do at once. */
export const overloadVariables = {
  /** Most points that all running operations of a process have together. */
  MAX_RUNNING_COST: count.default(200_000),
  /** How late the event loop may come to one timer in a hundred; beyond that the dearest operations are turned away first. */
  MAX_LOOP_DELAY_MS: milliseconds.default(200),
};

export const overloadSettings = (variables: Values<typeof overloadVariables>) => ({
  maxRunningCost: variables.MAX_RUNNING_COST,
  maxDelayMs: variables.MAX_LOOP_DELAY_MS,
});

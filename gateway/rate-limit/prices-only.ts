import type { OperationLayer } from '#gateway/request.ts';

/** Nothing runs of an operation whose price alone is wanted. */
export const pricesOnly: OperationLayer = (next) => async (admission) =>
  admission.context.pricesOnly ? { data: null } : next(admission);

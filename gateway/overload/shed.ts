import type { OperationLayer } from '#gateway/request.ts';
import type { OverloadGuard } from './guard.ts';

/** Runs an operation only where there is room for its points; one that nothing limits counts as one point. */
export const shed =
  ({ enter }: Pick<OverloadGuard, 'enter'>): OperationLayer =>
  (next) =>
  async (admission) => {
    using _room = enter(admission.context.outcome.budget?.cost ?? 1);
    return await next(admission);
  };

import type { OperationLayer } from '#gateway/request.ts';
import { traced } from '#kit/tracing.ts';

/** Planning and execution of an operation are a step of the trace. */
export const tracesExecution = (): OperationLayer => (next) => (asked) =>
  traced({ kind: 'execution', name: 'execute', attributes: { 'graphql.operation.type': asked.operation.operation } }, () =>
    next(asked),
  );

import type { QueryPlan } from '@apollo/query-planner';
import type { ExecutionResult } from 'graphql';
import { buildASTSchema, parse } from 'graphql';
import type { Admission } from '#gateway/request.ts';
import type { Handler } from '#kit/layer.ts';
import type { CompiledOperation } from './compiled-operation.ts';
import { compileOperation } from './compiled-operation.ts';
import type { FetchHandler } from './run.ts';

/** An operation on its way to its plan; `hash` tells its document from every other. */
export type Planned = Admission & { readonly hash: string };

type Parts = {
  /** The supergraph, for the types that pass between subgraphs. */
  readonly sdl: string;
  /** Always the same plan for the same operation while it is kept; rejects when it cannot be planned. */
  readonly planOf: (asked: Pick<Planned, 'document' | 'operation' | 'hash'>) => QueryPlan | Promise<QueryPlan>;
  readonly handlerOf: (service: string) => FetchHandler;
};

/** Runs operations. A plan is compiled when it is met first; what is compiled of it lives as long as the plan itself. */
export function compiledExecutor({ sdl, planOf, handlerOf }: Parts): Handler<Planned, ExecutionResult> {
  const supergraphSchema = buildASTSchema(parse(sdl, { noLocation: true }), { assumeValidSDL: true });
  const known = new WeakMap<QueryPlan, CompiledOperation>();
  return async (asked) => {
    const found = planOf(asked);
    const plan = found instanceof Promise ? await found : found;
    const kept = known.get(plan);
    if (kept !== undefined) return kept(asked);
    const compiled = compileOperation(asked, { supergraphSchema, handlerOf, plan });
    known.set(plan, compiled);
    return compiled(asked);
  };
}

import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import type { QueryPlan } from '@apollo/query-planner';
import { QueryPlanner } from '@apollo/query-planner';
import { LRUCache } from 'lru-cache';
import type { Admission } from '#gateway/request.ts';

type Asked = Pick<Admission, 'document' | 'operation'> & { readonly hash: string };

/** Plans operations in this thread, each once as long as it is kept. */
export function planHere(
  sdl: string,
  { maxEvaluatedPlans }: { readonly maxEvaluatedPlans: number },
): (asked: Asked) => QueryPlan {
  const supergraph = Supergraph.build(sdl, { validateSupergraph: false });
  const schema = supergraph.apiSchema();
  const planner = new QueryPlanner(supergraph, { debug: { maxEvaluatedPlans } });
  const known = new LRUCache<string, QueryPlan>({ max: 2_000 });
  return ({ document, operation, hash }) => {
    const operationName = operation.name?.value;
    const key = `${hash} ${operationName ?? ''}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const named = operationName === undefined ? {} : { operationName };
    const plan = planner.buildQueryPlan(operationFromDocument(schema, document, named));
    known.set(key, plan);
    return plan;
  };
}

import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import type { QueryPlan } from '@apollo/query-planner';
import { QueryPlanner } from '@apollo/query-planner';
import { parse } from 'graphql';

/** What plans are made of. Plain data, so that it can be sent to another thread. */
export type PlanningGround = {
  /** A supergraph as `plannerSdl` gives it. */
  readonly sdl: string;
  /** Most plans that are compared for one operation. */
  readonly maxEvaluatedPlans: number;
};

/** A valid document, and which of its operations is meant where there are several. */
export type PlanningTask = { readonly text: string; readonly operationName: string | undefined };

/** Reads a supergraph, which takes some 0.3 s; then it makes plans. It blocks its thread. */
export function planMaker({ sdl, maxEvaluatedPlans }: PlanningGround): (task: PlanningTask) => QueryPlan {
  // The gateway has checked it, or is about to.
  const supergraph = Supergraph.build(sdl, { validateSupergraph: false });
  const schema = supergraph.apiSchema();
  const planner = new QueryPlanner(supergraph, { debug: { maxEvaluatedPlans } });
  return ({ text, operationName }) => {
    const document = parse(text, { noLocation: true });
    return planner.buildQueryPlan(operationFromDocument(schema, document, operationName === undefined ? {} : { operationName }));
  };
}

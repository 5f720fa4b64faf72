import type { ConditionNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import type { FetchParts } from './fetch-step.ts';
import { fetchStep } from './fetch-step.ts';
import { placesOf } from './merge.ts';
import type { Step } from './run.ts';

type Parts = Omit<FetchParts, 'places'>;

/**
 * Compiles a query plan.
 * @throws Error for what no plan of ours holds: `@defer`, subscriptions, paths by type
 */
export function planStep({ node }: QueryPlan, parts: Parts): Step {
  if (node === undefined) return nothing;
  if (node.kind === 'Subscription') throw new Error('Subscriptions are not supported.');
  return compile(node, [], { ...parts, places: placesOf(mergePaths(node, [])) });
}

const nothing: Step = async () => {};

function compile(node: PlanNode, at: readonly string[], parts: FetchParts): Step {
  switch (node.kind) {
    case 'Fetch':
      return fetchStep(node, at, parts);
    case 'Flatten':
      return compile(node.node, [...at, ...names(node.path)], parts);
    case 'Sequence':
      return inSequence(node.nodes.map((one) => compile(one, at, parts)));
    case 'Parallel':
      return inParallel(node.nodes.map((one) => compile(one, at, parts)));
    case 'Condition':
      return conditional(node, at, parts);
    case 'Defer':
      throw new Error('The directive @defer is not supported.');
  }
}

const inSequence =
  (steps: readonly Step[]): Step =>
  async (run) => {
    for (const step of steps) await step(run);
  };

const inParallel =
  (steps: readonly Step[]): Step =>
  async (run) => {
    await Promise.all(steps.map((step) => step(run)));
  };

function conditional({ condition, ifClause, elseClause }: ConditionNode, at: readonly string[], parts: FetchParts): Step {
  const whenTrue = ifClause === undefined ? nothing : compile(ifClause, at, parts);
  const whenFalse = elseClause === undefined ? nothing : compile(elseClause, at, parts);
  return (run) => (run.values[condition] === true ? whenTrue : whenFalse)(run);
}

/** A name, or `@` for the items of a list. */
function names(path: readonly (string | number)[]): readonly string[] {
  return path.map((name) => {
    if (typeof name === 'string' && /^(@|\w+)$/.test(name)) return name;
    throw new Error(`A path with ${name} is not supported.`);
  });
}

/** Where fetches merge what they bring, but for the root. */
function mergePaths(node: PlanNode, at: readonly string[]): readonly (readonly string[])[] {
  switch (node.kind) {
    case 'Fetch':
      return at.length === 0 ? [] : [at];
    case 'Flatten':
      return mergePaths(node.node, [...at, ...names(node.path)]);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap((one) => mergePaths(one, at));
    case 'Condition':
      return [node.ifClause, node.elseClause].flatMap((one) => (one === undefined ? [] : mergePaths(one, at)));
    case 'Defer':
      return [];
  }
}

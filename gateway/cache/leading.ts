import type { SubgraphHandler } from '#gateway/request.ts';
import { askFor } from './ask.ts';
import type { Fly } from './landing.ts';
import type { Part } from './lookup.ts';
import type { Outcome, Task } from './outcome.ts';
import type { Policy } from './policy.ts';
import type { Turns } from './turns.ts';

type Options = { readonly fly: Fly; readonly turns: Turns };

export type Outcomes = ReadonlyMap<Part, Outcome>;

/** Fetches parts for all who want them. */
export type Leading = {
  /** Fetches what no other process is fetching, and waits for theirs before it fetches that, too. @throws whatever the call throws */
  readonly lead: (task: Task, parts: readonly Part[]) => Promise<Outcomes>;
  /** Fetches what no other process is fetching. */
  readonly renew: (task: Task, parts: readonly Part[]) => Promise<Outcomes>;
};

export function leading({ fly, turns }: Options): (next: SubgraphHandler) => Leading {
  const costs = new WeakMap<Policy, number>();
  return (next) => {
    const call = calls(next, costs);
    const leadAlone = async (task: Task, parts: readonly Part[]): Promise<Outcomes> => {
      const { ours, theirs, claimed } = await turns.divide(task, parts, costs.get(task.lookup.policy));
      try {
        const [called, awaited] = await Promise.all([call(task, ours), turns.others(task, theirs)]);
        const left = theirs.filter((part) => !awaited.has(part));
        return new Map([...called, ...awaited, ...(await call(task, left))]);
      } finally {
        turns.release(claimed);
      }
    };
    const renewAlone = async (task: Task, parts: readonly Part[]): Promise<Outcomes> => {
      const { ours, claimed } = await turns.divide(task, parts);
      return call(task, ours).finally(() => turns.release(claimed));
    };
    return {
      lead: (task, parts) => fly(task, parts, () => leadAlone(task, parts)),
      renew: (task, parts) => fly(task, parts, () => renewAlone(task, parts)),
    };
  };
}

/** Calls the subgraph, and learns what such a call takes. */
function calls(next: SubgraphHandler, costs: WeakMap<Policy, number>) {
  return async (task: Task, parts: readonly Part[]): Promise<Outcomes> => {
    if (parts.length === 0) return new Map();
    const { policy, parts: wanted } = task.lookup;
    const startedAt = performance.now();
    const brought = await askFor(next, task.request, { policy, parts, all: parts.length === wanted.length });
    const costMs = performance.now() - startedAt;
    costs.set(policy, 0.7 * (costs.get(policy) ?? costMs) + 0.3 * costMs);
    return new Map([...brought].map(([part, each]) => [part, { kind: 'brought', brought: each, isNew: true, costMs }]));
  };
}

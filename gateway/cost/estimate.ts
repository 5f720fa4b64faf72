import type { Amount } from './amount.ts';
import { below, evaluate, largest, once, product, sum } from './amount.ts';
import type { Condition } from './condition.ts';
import { memo } from './memo.ts';
import type { Branch, Part, PricedField, Selection, Values } from './selection.ts';

/** What is counted: points of the price, or rows of the answer. */
export type Measure = {
  readonly inputs: (field: PricedField) => Amount;
  readonly weight: (branch: Branch) => number;
};

export type Estimator = {
  readonly selection: (selection: Selection) => Amount;
  readonly field: (field: PricedField) => Amount;
  readonly part: (part: Part) => Amount;
  readonly branch: (branch: Branch) => Amount;
};

/** `arguments + instances × (weight + Σ children)`, over the branches of an abstract type their maximum. */
export const points: Measure = { inputs: ({ inputs }) => inputs, weight: ({ weight }) => weight };

/** Objects that the answer may hold. */
export const rows: Measure = { inputs: () => 0, weight: ({ leaf }) => (leaf ? 0 : 1) };

/** Turns selections into arithmetic. What needs no variables is a number at once; what several places share is worked out once. */
export function estimator(measure: Measure): Estimator {
  const selection = memo((parts: Selection): Amount => once(sum(parts.map(part))));
  const branch = memo((one: Branch): Amount => sum([measure.weight(one), selection(one.selection)]));
  const values = memo(({ branches }: Values): Amount => largest(branches.map(branch)));
  const field = memo((one: PricedField): Amount => {
    const all = product(one.instances, below(one.handedSize, values(one.values)));
    return sum([one.demand, measure.inputs(one), all]);
  });
  function part(one: Part): Amount {
    return when(one.condition, one.kind === 'field' ? field(one.field) : selection(one.selection));
  }
  return { selection, field, part, branch };
}

function when(condition: Condition, amount: Amount): Amount {
  if (condition === true || amount === 0) return amount;
  if (condition === false) return 0;
  return (scope) => (condition(scope.variables) ? evaluate(amount, scope) : 0);
}

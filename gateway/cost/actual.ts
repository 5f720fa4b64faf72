import type { Charge } from './charge.ts';
import { charged, charges, inHolder, largest, perItem, reader, total, when } from './charge.ts';
import type { Estimator } from './estimate.ts';
import { memo } from './memo.ts';
import type { Branch, Part, PricedField, Selection, Values } from './selection.ts';

/**
 * The price of an answer: the same formula with lists as long as they came, and nothing at all for what is null. A value of
 * an abstract type costs what its `__typename` says; where the operation does not ask for it, as much as the dearest type it
 * may be. Introspection costs what was estimated. The work grows with what is charged, which admission has bounded.
 */
export function actualCharge(root: Selection, estimated: Estimator): Charge {
  const selection = memo((parts: Selection): Charge => total(parts.map(part)));
  const branch = memo((one: Branch): Charge => total([one.weight, selection(one.selection)]));

  const values = memo(({ branches, typenameKey }: Values): Charge => {
    const dearest = largest(branches.map(branch));
    if (branches.length === 1 || typenameKey === undefined) return dearest;
    const byType = new Map<unknown, Charge>(branches.map((one) => [one.type, branch(one)]));
    const typenameOf = reader(typenameKey);
    return (value, scope) => charged(byType.get(typenameOf(value)) ?? dearest, value, scope);
  });

  function part(one: Part): Charge {
    return when(one.condition, one.kind === 'field' ? field(one.field) : selection(one.selection));
  }

  function field(one: PricedField): Charge {
    if (one.introspective) return inHolder(one.key, charges(estimated.field(one)));
    return inHolder(one.key, total([charges(one.inputs), perItem(one.lists, values(one.values))]));
  }

  return selection(root);
}

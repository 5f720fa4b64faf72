import type { Scope } from './amount.ts';
import { evaluate, saturate } from './amount.ts';
import type { Condition } from './condition.ts';
import type { Estimator } from './estimate.ts';
import type { Branch, Part, PricedField, Selection } from './selection.ts';

/** One place of an operation that costs something. */
export type PricePart = {
  /** Names in the answer on the way to it, such as `samples.nodes.template`; empty for the operation itself. */
  readonly path: string;
  /** The field of the schema, such as `Sample.template`; for the operation itself its root type. */
  readonly coordinate: string;
  /** How many values were priced. */
  readonly instances: number;
  /** Points of these values and of their arguments, without those of the fields below. */
  readonly cost: number;
};

type Writable = { -readonly [Key in keyof PricePart]: PricePart[Key] };

type Parts = {
  readonly root: Selection;
  readonly type: string;
  readonly base: number;
  readonly estimated: Estimator;
  /** Most selections to look into; what is left over is put to the place around it. */
  readonly maxSteps: number;
};

/**
 * What each place costs, dearest branches of abstract types only; the costs add up to the price, which ends at 2^53−1 as
 * theirs do.
 */
export function breakdown({ root, type, base, estimated, maxSteps }: Parts, scope: Scope): readonly PricePart[] {
  const operation: Writable = { path: '', coordinate: type, instances: 1, cost: base };
  const places = new Map<string, Writable>([['', operation]]);
  let steps = 0;

  function visit(part: Part, times: number, around: Writable): void {
    if (!holds(part.condition, scope)) return;
    if (++steps > maxSteps) charge(around, saturate(times * evaluate(estimated.part(part), scope)));
    else if (part.kind === 'fragment') for (const child of part.selection) visit(child, times, around);
    else visitField(part.field, times, around);
  }

  function visitField(field: PricedField, times: number, around: Writable): void {
    const instances = saturate(times * evaluate(field.instances, scope));
    const branch = dearest(field.branches, instances);
    const place = placeOf(field, around.path);
    place.instances = saturate(place.instances + instances);
    charge(place, saturate(times * evaluate(field.inputs, scope)));
    if (branch === undefined) return;
    charge(place, saturate(instances * branch.weight));
    for (const child of branch.selection) visit(child, instances, place);
  }

  /** Without instances nothing below counts, and nothing there may be missed. */
  function dearest(branches: readonly Branch[], instances: number): Branch | undefined {
    if (instances === 0) return undefined;
    const prices = branches.map((branch) => evaluate(estimated.branch(branch), scope));
    return branches[prices.indexOf(Math.max(...prices))];
  }

  function placeOf({ key, coordinate }: PricedField, around: string): Writable {
    const path = around === '' ? key : `${around}.${key}`;
    const known = places.get(`${path} ${coordinate}`);
    if (known !== undefined) return known;
    const place = { path, coordinate, instances: 0, cost: 0 };
    places.set(`${path} ${coordinate}`, place);
    return place;
  }

  for (const part of root) visit(part, 1, operation);
  return [...places.values()].filter(({ cost }) => cost > 0);
}

const holds = (condition: Condition, { variables }: Scope): boolean =>
  typeof condition === 'boolean' ? condition : condition(variables);

function charge(place: Writable, cost: number): void {
  place.cost = saturate(place.cost + cost);
}

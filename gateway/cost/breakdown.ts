import type { Scope } from './amount.ts';
import { evaluate, saturate, scopeBelow } from './amount.ts';
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

/** Where the walk stands: how often the selection is made, and the place around it. */
type From = { readonly scope: Scope; readonly times: number; readonly place: Writable };

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

  function visit(part: Part, from: From): void {
    if (!holds(part.condition, from.scope)) return;
    if (++steps > maxSteps) charge(from.place, saturate(from.times * evaluate(estimated.part(part), from.scope)));
    else if (part.kind === 'fragment') for (const child of part.selection) visit(child, from);
    else visitField(part.field, from);
  }

  function visitField(field: PricedField, { scope, times, place: around }: From): void {
    const place = placeOf(field, around.path);
    const instances = saturate(times * evaluate(field.instances, scope));
    place.instances = saturate(place.instances + instances);
    charge(place, saturate(times * evaluate(field.inputs, scope)));
    // Without instances nothing below counts, and nothing there may be missed.
    if (instances === 0) return;
    const inside = field.handedSize === undefined ? scope : scopeBelow(scope, evaluate(field.handedSize, scope));
    const branch = dearest(field.values.branches, inside);
    charge(place, saturate(instances * (branch?.weight ?? 0)));
    for (const child of branch?.selection ?? []) visit(child, { scope: inside, times: instances, place });
  }

  function dearest(branches: readonly Branch[], inside: Scope): Branch | undefined {
    const prices = branches.map((branch) => evaluate(estimated.branch(branch), inside));
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

  for (const part of root) visit(part, { scope, times: 1, place: operation });
  return [...places.values()].filter(({ cost }) => cost > 0);
}

const holds = (condition: Condition, { variables }: Scope): boolean =>
  typeof condition === 'boolean' ? condition : condition(variables);

function charge(place: Writable, cost: number): void {
  place.cost = saturate(place.cost + cost);
}

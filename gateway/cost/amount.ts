export type Variables = Readonly<Record<string, unknown>>;

/** One evaluation: the variables of a request, and what was already worked out for them. */
export type Scope = {
  readonly variables: Variables;
  /** The size that a field hands down to the selection at hand, where it waited for the variables. */
  readonly size: number;
  readonly known: Map<Late, number>;
  readonly bySize: Map<number, Scope>;
};

type Late = (scope: Scope) => number;

/** A whole number from 0 to 2^53−1: known when the operation is compiled, or waiting for its variables. */
export type Amount = number | Late;

export const scopeOf = (variables: Variables): Scope => ({ variables, size: 0, known: new Map(), bySize: new Map() });

/** The scope below a field that hands a size down; the same one for the same size, so that what is known in it stays known. */
export function scopeBelow(scope: Scope, size: number): Scope {
  const known = scope.bySize.get(size);
  if (known !== undefined) return known;
  const below = { ...scope, size, known: new Map() };
  scope.bySize.set(size, below);
  return below;
}

/** The size that was handed down; one function for all, so that selections are not told apart by it. */
export const sizeFromAbove: Amount = ({ size }) => size;

/** An amount below a field that hands down `size`. */
export function below(size: Amount | undefined, amount: Amount): Amount {
  if (size === undefined || typeof amount === 'number') return amount;
  return (scope) => amount(scopeBelow(scope, evaluate(size, scope)));
}

/** Sums and products of whole numbers end at 2^53−1, beyond which a double is no longer exact. */
export const saturate = (value: number): number => Math.min(value, Number.MAX_SAFE_INTEGER);

export const evaluate = (amount: Amount, scope: Scope): number => (typeof amount === 'number' ? amount : amount(scope));

/** Works a number out at most once in each scope, however many places share it. */
export function once(amount: Amount): Amount {
  if (typeof amount === 'number') return amount;
  return (scope) => {
    const known = scope.known.get(amount);
    if (known !== undefined) return known;
    const value = amount(scope);
    scope.known.set(amount, value);
    return value;
  };
}

export function sum(amounts: readonly Amount[]): Amount {
  const { fixed, late } = parted(amounts);
  const total = fixed.reduce((all, value) => saturate(all + value), 0);
  const [only] = late;
  if (only === undefined) return total;
  if (late.length === 1 && total === 0) return only;
  return (scope) => late.reduce((all, amount) => saturate(all + amount(scope)), total);
}

/** Nothing is worked out for no instances, so that what they would need is not missed. */
export function product(times: Amount, amount: Amount): Amount {
  if (times === 0 || amount === 0) return 0;
  if (times === 1) return amount;
  if (typeof times === 'number' && typeof amount === 'number') return saturate(times * amount);
  return (scope) => {
    const count = evaluate(times, scope);
    return count === 0 ? 0 : saturate(count * evaluate(amount, scope));
  };
}

export function largest(amounts: readonly Amount[]): Amount {
  const { fixed, late } = parted(amounts);
  const most = Math.max(0, ...fixed);
  if (late.length === 0) return most;
  return (scope) => late.reduce((all, amount) => Math.max(all, amount(scope)), most);
}

function parted(amounts: readonly Amount[]): { readonly fixed: readonly number[]; readonly late: readonly Late[] } {
  return {
    fixed: amounts.filter((amount) => typeof amount === 'number'),
    late: amounts.filter((amount) => typeof amount === 'function'),
  };
}

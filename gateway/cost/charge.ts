import type { Amount, Scope } from './amount.ts';
import { saturate } from './amount.ts';
import type { Condition } from './condition.ts';

type Late = (value: unknown, scope: Scope) => number;

/** What a value of the answer costs that is not null: always the same, or as its parts come. */
export type Charge = number | Late;

export const charged = (charge: Charge, value: unknown, scope: Scope): number =>
  typeof charge === 'number' ? charge : charge(value, scope);

export const charges = (amount: Amount): Charge => (typeof amount === 'number' ? amount : (_, scope) => amount(scope));

export function total(parts: readonly Charge[]): Charge {
  const late = parts.filter((part) => typeof part === 'function');
  const fixed = parts.reduce<number>((all, part) => (typeof part === 'number' ? saturate(all + part) : all), 0);
  const [only] = late;
  if (only === undefined) return fixed;
  if (late.length === 1 && fixed === 0) return only;
  return (value, scope) => {
    let all = fixed;
    for (const part of late) all += part(value, scope);
    return saturate(all);
  };
}

export function largest(parts: readonly Charge[]): Charge {
  const late = parts.filter((part) => typeof part === 'function');
  const fixed = Math.max(0, ...parts.filter((part) => typeof part === 'number'));
  const [only] = late;
  if (only === undefined) return fixed;
  if (late.length === 1 && fixed === 0) return only;
  return (value, scope) => late.reduce((most, part) => Math.max(most, part(value, scope)), fixed);
}

export function when(condition: Condition, charge: Charge): Charge {
  if (condition === true || charge === 0) return charge;
  if (condition === false) return 0;
  return (value, scope) => (condition(scope.variables) ? charged(charge, value, scope) : 0);
}

/** The charge of what stands under a key of an object; scalars that cost nothing are not looked at. */
export function inHolder(key: string, charge: Charge): Charge {
  if (charge === 0) return 0;
  const read = reader(key);
  return (holder, scope) => {
    const value = read(holder);
    return value === null || value === undefined ? 0 : charged(charge, value, scope);
  };
}

/** The charge of all items of lists that stand in each other. */
export function perItem(lists: number, charge: Charge): Charge {
  if (lists === 0 || charge === 0) return charge;
  const item = perItem(lists - 1, charge);
  return (value, scope) => {
    let all = 0;
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined) all += charged(item, one, scope);
    return saturate(all);
  };
}

/** Reads a key of an object of the answer, and nothing that every object has, such as `constructor`. */
export function reader(key: string): (holder: unknown) => unknown {
  const read = (holder: unknown): unknown => (holder as Readonly<Record<string, unknown>>)[key];
  return key in Object.prototype ? (holder) => (Object.hasOwn(Object(holder), key) ? read(holder) : undefined) : read;
}

import { ExpectedError } from '#kit/errors.ts';
import type { Amount, Variables } from './amount.ts';
import { evaluate, once, product, saturate, sizeFromAbove } from './amount.ts';
import type { SizedFields } from './declarations.ts';
import type { GivenArguments } from './given.ts';
import { ownValue } from './given.ts';
import type { Input } from './input-types.ts';
import type { Field } from './output-types.ts';
import type { PriceIndex } from './price-index.ts';

/** A size and the fields below that take it, its receiver when there are none. A size that waits for variables is `sizeFromAbove`. */
export type Handed = { readonly size: Amount; readonly fields: SizedFields };

export type Lengths = {
  /** How many values the field gives for each value of its parent. */
  readonly instances: Amount;
  /** 0; throws BAD_USER_INPUT when the operation leaves out the slicing argument it has to give. */
  readonly demand: Amount;
  /** What the selection below is handed. */
  readonly handed: Handed | undefined;
  /** The size of `handed` where it waits for variables. */
  readonly handedSize: Amount | undefined;
};

type Parts = {
  readonly field: Field;
  readonly given: GivenArguments;
  readonly received: Handed | undefined;
  /** Makes one and the same object for the same size and fields. */
  readonly hand: (size: Amount, fields: SizedFields) => Handed;
  readonly typeOf: PriceIndex['inputTypeOf'];
  readonly defaultListSize: number;
};

/** How long a list may get: what the operation asks for, else what it asks of the parent, else what is assumed. */
export function lengths(parts: Parts): Lengths {
  const { field, received, hand, defaultListSize } = parts;
  const own = received?.fields.size === 0 ? received.size : undefined;
  const slice = sliceOf(parts);
  const size = orElse(slice, own ?? field.size?.assumed ?? defaultListSize);
  const sized = field.size !== undefined && field.size.sized.size > 0 ? field.size.sized : undefined;
  const late = sized !== undefined && typeof size === 'function';
  const passed = own === undefined ? received : undefined;
  return {
    instances: field.lists === 0 ? 1 : product(size, saturate(defaultListSize ** (field.lists - 1))),
    demand: demandOf(field, slice),
    handed: sized === undefined ? passed : hand(late ? sizeFromAbove : size, sized),
    handedSize: late ? size : undefined,
  };
}

/** The largest slicing argument; undefined when none is given. */
type Slice = { readonly read: (variables: Variables) => number | undefined; readonly fixed: boolean };

function sliceOf({ field, given, typeOf }: Parts): Slice | undefined {
  const paths = field.size?.slicing ?? [];
  if (paths.length === 0) return undefined;
  const sizeAt = ([name = '', ...rest]: readonly string[], variables: Variables): number | undefined =>
    follow({ value: given.get(name)?.read(variables), input: field.inputs.get(name) }, rest, typeOf);
  return {
    fixed: paths.every(([name = '']) => given.get(name)?.fixed ?? true),
    read(variables) {
      const sizes = paths.map((path) => sizeAt(path, variables)).filter((size) => size !== undefined);
      return sizes.length === 0 ? undefined : Math.max(...sizes);
    },
  };
}

type Place = { readonly value: unknown; readonly input: Input | undefined };

/** Walks into input objects. What is left out has the schema's default; null stays null, as the resolver will see it. */
function follow({ value, input }: Place, path: readonly string[], typeOf: Parts['typeOf']): number | undefined {
  const found = value === undefined ? input?.fallback : value;
  const [name, ...rest] = path;
  if (name === undefined) return sizeFrom(found);
  if (input === undefined || typeof found !== 'object' || found === null) return undefined;
  return follow({ value: ownValue(found, name), input: typeOf(input.type).fields.get(name) }, rest, typeOf);
}

/** Counts a negative number as 0 and a broken one up; what is no number is refused before the operation runs. */
const sizeFrom = (value: unknown): number | undefined =>
  typeof value === 'number' && !Number.isNaN(value) ? saturate(Math.max(0, Math.ceil(value))) : undefined;

function orElse(slice: Slice | undefined, otherwise: Amount): Amount {
  if (slice === undefined) return otherwise;
  if (slice.fixed) return slice.read({}) ?? otherwise;
  return once((scope) => slice.read(scope.variables) ?? evaluate(otherwise, scope));
}

function demandOf({ coordinate, size }: Field, slice: Slice | undefined): Amount {
  if (slice === undefined || size?.required !== true) return 0;
  if (slice.fixed && slice.read({}) !== undefined) return 0;
  return ({ variables }) => {
    if (slice.read(variables) !== undefined) return 0;
    const names = size.slicing.map((path) => path.join('.')).join(', ');
    throw new ExpectedError(
      'BAD_USER_INPUT',
      `${coordinate} needs one of these arguments to tell how many are wanted: ${names}.`,
    );
  };
}

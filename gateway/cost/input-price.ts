import type { Amount } from './amount.ts';
import { once, saturate, sum } from './amount.ts';
import type { GivenArguments } from './given.ts';
import type { Input, InputType } from './input-types.ts';
import type { Field } from './output-types.ts';
import type { PriceIndex } from './price-index.ts';

type Types = PriceIndex['inputTypeOf'];

/** What the given arguments of a field cost; those that are left out, null, or filled in by the schema cost nothing. */
export function inputsPrice({ inputs }: Field, given: GivenArguments, typeOf: Types): Amount {
  const amounts = [...given].map(([name, { read, fixed }]): Amount => {
    const input = inputs.get(name);
    if (input === undefined || isFree(input, typeOf(input.type))) return 0;
    return fixed ? inputPrice(read({}), input, typeOf) : once(({ variables }) => inputPrice(read(variables), input, typeOf));
  });
  return sum(amounts);
}

const isFree = ({ weight = 0 }: Input, type: InputType): boolean => weight === 0 && type.weight === 0 && type.fields.size === 0;

/**
 * The weight of a list stands for the list, once; its values weigh what their type does. What does not fit the schema is
 * priced as far as it does: the operation will be refused.
 */
function inputPrice(value: unknown, { type, weight }: Pick<Input, 'type' | 'weight'>, typeOf: Types): number {
  if (value === null || value === undefined) return 0;
  if (Array.isArray(value))
    return value.reduce(
      (all: number, item) => saturate(all + inputPrice(item, { type, weight: undefined }, typeOf)),
      weight ?? 0,
    );
  const own = typeOf(type);
  const start = weight ?? own.weight;
  if (typeof value !== 'object' || own.fields.size === 0) return start;
  return Object.entries(value).reduce((all, [name, item]) => {
    const field = own.fields.get(name);
    return field === undefined ? all : saturate(all + inputPrice(item, field, typeOf));
  }, start);
}

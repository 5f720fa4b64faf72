import type { ZodType } from 'zod';
import { z } from 'zod';
import { ExpectedError } from './errors.ts';

/**
 * Checks a mutation's argument against the contract's bounds before any call is made.
 * @throws ExpectedError BAD_USER_INPUT that names the field and what is allowed, for the first violation
 */
export function checked<Input>(bounds: ZodType<Input>, input: unknown, argument = 'input'): Input {
  const parsed = bounds.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [argument, ...(issue?.path ?? [])].join('.');
  throw new ExpectedError('BAD_USER_INPUT', `${field}: ${issue?.message}.`, { extensions: { field } });
}

/** Control characters, but for those that divide lines and columns. */
const control = /[^\P{Cc}\t\n\r]/u;

/** Text of so many characters. */
export const text = (min: number, max: number) => {
  const message = `must have ${min} to ${max} characters`;
  const bounded = z.string(message).min(min, message).max(max, message);
  return bounded.refine((given) => !control.test(given), 'must not hold control characters');
};

/** A whole number in a range. */
export const whole = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
};

/** Any number in a range. */
export const amount = (min: number, max: number) => {
  const message = `must be a number from ${min} to ${max}`;
  return z.number(message).min(min, message).max(max, message);
};

/** A UUID, in lower case from here on. */
export const uuid = () => z.uuid('must be a UUID').toLowerCase();

/** A list of so many items. */
export const list = <Item>(item: ZodType<Item>, { min = 0, max }: { readonly min?: number; readonly max: number }) => {
  const message = `must have ${min} to ${max} items`;
  return z.array(item, message).min(min, message).max(max, message);
};

import { isDeepStrictEqual } from 'node:util';

/** Whether what is there has every value that was given; null and absent count as not given. */
export const hasAll = (present: object, given: object): boolean => {
  const there = new Map<string, unknown>(Object.entries(present));
  return Object.entries(given).every(([field, value]) => value == null || isDeepStrictEqual(plain(value), there.get(field)));
};

/** A value as it looks after its way through JSON. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

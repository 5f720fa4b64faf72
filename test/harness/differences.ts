import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import { executeSync, parse } from 'graphql';
import type { Comparable } from './both-executors.ts';
import type { RandomOperation } from './random-operation.ts';

/**
 * What sets our answer apart from the stock executor's, but for what is right in ours and wrong in the other:
 *
 * 1. Nulls where the type allows none, and values that are not of their type, are told as errors. The stock executor hides
 *    them in an extension, and drops them when there are other errors. An entity that is gone is null without an error in both.
 * 2. An object of an interface or union whose type nobody could tell is null with an error. There it is null alone.
 * 3. Fields stand in the order of the operation, as GraphQL demands. There, fragments on the same type are put together first.
 * 4. An error of an entity stands at the place of that entity. There, it slips to another item where a list also has items
 *    that were not asked for.
 * 5. A field that an object's type gives as non-null is so too where an interface was asked for it.
 * 6. A value in place of an object or list is null with an error. There, the whole answer is lost.
 * 7. Lists in lists that several fetches bring are merged item by item. There, the last one replaces the others, and null
 *    stands where a field of theirs is missed.
 */
export function differences(stock: Comparable, compiled: Comparable): readonly string[] {
  const own = compiled.errors.filter(isCompletion);
  const others = compiled.errors.filter((error) => !isCompletion(error));
  if (stock.data === undefined && stock.errors.every(isAssertion))
    return compiled.errors.length > 0 || isAboutType(stock) ? [] : ['a wrong value without an error'];
  const found: string[] = [];
  if (
    !alike(
      parsed(stock),
      parsed(compiled),
      compiled.errors.map(({ path = [] }) => path),
    )
  )
    found.push('data');
  if (JSON.stringify(anywhere(stock.errors)) !== JSON.stringify(anywhere(others))) found.push('errors');
  if (stock.errors.length === 0 && stock.hidden.length > 0 && own.length === 0 && !compiled.gone)
    found.push('a null without an error');
  if (own.some(({ path = [] }) => valueAt(compiled.data, path) !== null)) found.push('an error where there is no null');
  return found;
}

const isCompletion = ({ extensions, message }: GraphQLFormattedError): boolean =>
  extensions?.['code'] === 'UPSTREAM_INVALID_RESPONSE' && /^(Cannot return null|Invalid value|The type of)/.test(message);

/** What the stock executor says of a value that is no object or no list where there should be one. */
const isAssertion = ({ message }: GraphQLFormattedError): boolean =>
  /^(Invalid non-|Unexpected array|Got unexpected value|\[.*length|value\.flatMap|Cannot read)/.test(message);

/** Of several fetches one may have told the type wrong and another one right, after it. */
const isAboutType = ({ errors }: Comparable): boolean => errors.some(({ message }) => message.includes('__typename'));

/** Errors without the indices of their paths. */
const anywhere = (errors: readonly GraphQLFormattedError[]): readonly string[] =>
  errors
    .map(({ path, ...error }) => JSON.stringify({ ...error, path: path?.map((name) => (typeof name === 'number' ? '@' : name)) }))
    .sort();

const parsed = ({ data }: Comparable): unknown => (data === undefined ? undefined : JSON.parse(data));

type Path = readonly (string | number)[];

/** Whether ours is the same, or null for a reason that stands there or below. */
function alike(stock: unknown, ours: unknown, reasons: readonly Path[], lists = 0): boolean {
  if (ours === null) return stock === null || reasons.length > 0;
  if (stock === null && lists > 1) return true;
  if (typeof stock !== 'object' || typeof ours !== 'object' || stock === null) return stock === ours;
  const [names, own] = [Object.keys(stock), Object.keys(ours)];
  if (names.length !== own.length || Array.isArray(stock) !== Array.isArray(ours)) return false;
  const below = (name: string) => reasons.flatMap(([first, ...rest]) => (String(first) === name ? [rest] : []));
  const [left, right] = [stock as Readonly<Record<string, unknown>>, ours as Readonly<Record<string, unknown>>];
  return names.every(
    (name) => Object.hasOwn(right, name) && alike(left[name], right[name], below(name), Array.isArray(ours) ? lists + 1 : 0),
  );
}

/** The value at a path, or the null above it. */
function valueAt(data: string | undefined, path: readonly (string | number)[]): unknown {
  let at: unknown = JSON.parse(data ?? 'null');
  for (const name of path) {
    if (at === null || at === undefined) return null;
    at = (at as Readonly<Record<string | number, unknown>>)[name];
  }
  return at;
}

/** The data as graphql-js writes it; of every interface and union the type must have been asked. */
export function asWrittenByLibrary(schema: GraphQLSchema, { text, variables }: RandomOperation, data: string): string {
  const result = executeSync({
    schema,
    document: parse(text),
    variableValues: variables,
    rootValue: JSON.parse(data),
    fieldResolver: (source, _arguments, _context, { path }) => source[path.key],
    typeResolver: ({ __typename }) => __typename,
  });
  return JSON.stringify(result.data);
}

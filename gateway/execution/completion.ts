import { GraphQLError } from 'graphql';
import type { Path } from './entities.ts';
import type { Run } from './run.ts';
import type { Problem } from './shaping.ts';
import { reader } from './tree.ts';

type Known = Pick<Run, 'errors' | 'gone'> & {
  /** What is shown. */
  readonly data: unknown;
};

/**
 * Errors for what the answer may not be by its types, but for places of which a subgraph said itself what went wrong there,
 * above, or below. An error without a path may have been about any of them. An entity that is gone needs no error where null
 * may stand in its place.
 */
export function completionErrors(problems: readonly Problem[], { errors, gone, data }: Known): readonly GraphQLError[] {
  if (problems.length === 0 || errors.some(({ path }) => path === undefined)) return [];
  const told = errors.map(({ path = [] }) => path);
  const ends = new Set([...told, ...gone.filter((path) => stands(data, path.slice(0, -1)))].map(text));
  const beginnings = new Set(told.flatMap(prefixes));
  return problems
    .filter(({ path }) => !beginnings.has(text(path)) && !prefixes(path).some((prefix) => ends.has(prefix)))
    .map(({ path, message }) => new GraphQLError(message, { path, extensions }));
}

const extensions = { code: 'UPSTREAM_INVALID_RESPONSE', retryable: false };

const stands = (data: unknown, path: Path): boolean =>
  path.reduce((at, name) => (typeof at === 'object' && at !== null ? reader(String(name))(at as never) : null), data) !== null;

const text = (path: Path): string => path.join('.');

const prefixes = (path: Path): readonly string[] => path.map((_, index) => text(path.slice(0, index + 1)));

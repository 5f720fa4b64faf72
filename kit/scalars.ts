import { GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import { ExpectedError } from './errors.ts';

const utcPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
const zonePattern = /(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339 in UTC. Services that leave the zone out mean UTC (contract section 1.6). */
export function toUtc(text: string): string {
  if (utcPattern.test(text)) return text;
  const date = new Date(zonePattern.test(text) ? text : `${text}Z`);
  if (Number.isNaN(date.getTime())) throw new ExpectedError('BAD_USER_INPUT', 'A DateTime is written like 2026-11-20T08:30:00Z.');
  return date.toISOString();
}

function serializeDateTime(value: unknown): string {
  if (typeof value === 'string') return toUtc(value);
  if (value instanceof Date) return value.toISOString();
  throw new TypeError('DateTime serializes strings and dates only.');
}

function parseDateTime(value: unknown): string {
  if (typeof value === 'string') return toUtc(value);
  throw new ExpectedError('BAD_USER_INPUT', 'A DateTime is a string like 2026-11-20T08:30:00Z.');
}

export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339',
  serialize: serializeDateTime,
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(valueFromASTUntyped(node)),
});

export const Json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: valueFromASTUntyped,
});

import { GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import { ExpectedError } from './errors.ts';
import { Upload } from './upload.ts';

const utcPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
const zonePattern = /(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339 in UTC, or undefined for what is no date. Services that leave the zone out mean UTC (contract section 1.6). */
function toUtc(text: string): string | undefined {
  if (utcPattern.test(text)) return text;
  const date = new Date(zonePattern.test(text) ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function serializeDateTime(value: unknown): string {
  const utc = typeof value === 'string' ? toUtc(value) : undefined;
  if (utc === undefined) throw new ExpectedError('UPSTREAM_INVALID_RESPONSE', 'A service gave a date that cannot be read.');
  return utc;
}

function parseDateTime(value: unknown): string {
  const utc = typeof value === 'string' ? toUtc(value) : undefined;
  if (utc === undefined) throw new ExpectedError('BAD_USER_INPUT', 'A DateTime is written like 2026-11-20T08:30:00Z.');
  return utc;
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

const noUpload = (): never => {
  throw new ExpectedError('BAD_USER_INPUT', 'An Upload is a file part of a multipart request, given through a variable.');
};

export const UploadScalar = new GraphQLScalarType<Upload, never>({
  name: 'Upload',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  serialize: noUpload,
  parseValue: (value) => (value instanceof Upload ? value : noUpload()),
  parseLiteral: noUpload,
});

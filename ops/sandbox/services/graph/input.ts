import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { parseExact } from './exact-json.ts';

type Place = 'body' | 'query' | 'path';

/** FastAPI's word on input it cannot use: one entry per fault, each with the place it was found in. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, place: Place): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unprocessable(
    parsed.error.issues.map(({ path, message, code }) => ({ loc: [place, ...path], msg: message, type: code })),
  );
}

export const queryOf = <Schema extends z.ZodType>(schema: Schema, request: FastifyRequest): z.infer<Schema> =>
  checked(schema, request.query, 'query');

/** Reads the body as JSON whatever its media type says, with every digit of its integers. */
export function bodyOf<Schema extends z.ZodType>(schema: Schema, { body }: FastifyRequest): z.infer<Schema> {
  return checked(schema, exactJson(textOf(body)), 'body');
}

export function formOf<Schema extends z.ZodType>(schema: Schema, { body }: FastifyRequest): z.infer<Schema> {
  return checked(schema, Object.fromEntries(new URLSearchParams(textOf(body))), 'body');
}

/** A query parameter that is a whole number within bounds; the last bound may be open. */
export const count = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^-?\d+$/, 'Input should be a valid integer')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

export const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');

function exactJson(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    throw unprocessable([{ loc: ['body'], msg: 'JSON decode error', type: 'json_invalid' }]);
  }
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : '';
}

function unprocessable(detail: readonly object[]): ServiceFailure {
  return new ServiceFailure(422, 'Unprocessable Content', { code: 'VALIDATION_ERROR', detail });
}

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Rejection } from './failure.ts';

/** The JSON body as the schema reads it: 415 without a JSON content type, 400 when malformed, 422 of the wrong shape. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, request: FastifyRequest): z.infer<Schema> {
  if (!isJson(request.headers['content-type'])) {
    throw new Rejection(415, 'Expected request with `Content-Type: application/json`');
  }
  const parsed = schema.safeParse(parseJson(request.body));
  if (parsed.success) return parsed.data;
  throw new Rejection(422, `Failed to deserialize the JSON body into the target type: ${sentence(parsed.error)}`);
}

/** The query string as the schema reads it, else 400. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, request: FastifyRequest): z.infer<Schema> {
  const parsed = schema.safeParse(request.query);
  if (parsed.success) return parsed.data;
  throw new Rejection(400, `Failed to deserialize query string: ${sentence(parsed.error)}`);
}

/** A path parameter that must be a UUID, in lower case; else 400. */
export function uuidParam(request: FastifyRequest, name: string): string {
  const value = textParam(request, name);
  if (!isUuid(value)) throw new Rejection(400, `Invalid URL: Cannot parse \`${name}\` with value \`${value}\``);
  return value.toLowerCase();
}

/** A path parameter of any form; empty when the route has none of that name. */
export function textParam(request: FastifyRequest, name: string): string {
  const params: unknown = request.params;
  const value = isRecord(params) ? params[name] : undefined;
  return typeof value === 'string' ? value : '';
}

export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** Fields: a UUID, in lower case; a point in time with any zone, as UTC with `Z`; a free-form object. */
export const uuid = z.string().refine(isUuid, 'not a UUID').toLowerCase();
export const dateTime = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());
export const jsonObject = z.record(z.string(), z.unknown());

/** Query parameters are text; these read them as what they mean. */
export const wholeNumber = z.string().regex(/^\d+$/, 'not a whole number').transform(Number);
export const trueOrFalse = z.enum(['true', 'false']).transform((text) => text === 'true');

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/([\w.-]+\+)?json\b/i.test(contentType);
}

function parseJson(body: unknown): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : '');
  } catch (cause) {
    throw new Rejection(400, `Failed to parse the request body as JSON: ${String(cause)}`);
  }
}

function sentence(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

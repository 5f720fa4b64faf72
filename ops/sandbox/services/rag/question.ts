import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ServiceFailure } from '#ops/sandbox/failure.ts';

const Question = z.object({ query: z.string(), session_id: z.string().default('default') });

/** FastAPI's way of saying what is wrong with a request: always 422, a list of places. */
export type Complaint = {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
};

export const unprocessable = (...detail: readonly Complaint[]): ServiceFailure =>
  new ServiceFailure(422, 'Unprocessable Entity', { detail });

export const missing = (loc: readonly string[], input: unknown = null): Complaint => ({
  type: 'missing',
  loc,
  msg: 'Field required',
  input,
});

export function parseQuestion(request: FastifyRequest): z.infer<typeof Question> {
  const body = parseJson(request.body);
  const parsed = Question.safeParse(body);
  if (parsed.success) return parsed.data;
  throw unprocessable(...parsed.error.issues.map((issue) => complaint(issue, body)));
}

function parseJson(body: unknown): unknown {
  if (typeof body !== 'string' || body === '') throw unprocessable(missing(['body']));
  try {
    return JSON.parse(body);
  } catch {
    throw unprocessable({ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {} });
  }
}

function complaint({ path, message }: z.core.$ZodIssue, body: unknown): Complaint {
  const loc = ['body', ...path.map(String)];
  const [name] = path;
  if (typeof body !== 'object' || body === null) return { type: 'model_attributes_type', loc, msg: message, input: body };
  const input = new Map<PropertyKey, unknown>(Object.entries(body)).get(name ?? '');
  return input === undefined ? missing(loc, body) : { type: 'string_type', loc, msg: 'Input should be a valid string', input };
}

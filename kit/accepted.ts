import type { ZodSafeParseResult, ZodType } from 'zod';
import { z } from 'zod';

/** The code that was generated for a schema; null for one that was met once, as some are made for a single answer. */
const compiled = new WeakMap<ZodType, ZodType | null>();

/** Checks what an upstream answered, from the second answer of a kind on by code that was generated for it. */
export function accepted<Answer>(schema: ZodType<Answer>, value: unknown): ZodSafeParseResult<Answer> {
  const known = compiled.get(schema) as ZodType<Answer> | null | undefined;
  if (known === undefined) compiled.set(schema, null);
  if (known === null) compiled.set(schema, z.compile(schema));
  return (known ?? schema).safeParse(value);
}

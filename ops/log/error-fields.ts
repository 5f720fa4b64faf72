import { ExpectedError } from '#kit/errors.ts';

/** What a log line says of an error. */
type ErrorFields = {
  readonly type: string;
  readonly message?: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: ErrorFields;
};

/** Causes of causes that are told. */
const maxDepth = 3;

/**
 * An error as named fields. The message is told of our own errors alone: drivers put addresses with credentials into theirs,
 * libraries the values that they could not read. The stack, which begins with the message, is for who looks for a fault.
 */
export function errorFields(error: unknown, { stack }: { readonly stack: boolean }, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error };
  const code: unknown = 'code' in error ? error.code : undefined;
  const { cause } = error;
  return {
    type: error.name,
    ...(error instanceof ExpectedError && { message: error.message }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(stack && error.stack !== undefined && { stack: error.stack }),
    ...(cause !== undefined && depth < maxDepth && { cause: errorFields(cause, { stack }, depth + 1) }),
  };
}

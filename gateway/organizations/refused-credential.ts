import { ExpectedError } from '#kit/errors.ts';
import { isApiKey, prefixOf } from '#kit/organizations/keys.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Why a credential was not believed, in words of ours or as the code of a library: texts of others might quote it. Clients
 * hear one constant sentence.
 */
export function reasonOf(error: ExpectedError): string {
  const cause = innermost(error);
  if (cause instanceof ExpectedError) return cause.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}

/** Whose a refused credential is, as far as it is safe to say: the part of a key that people may see, the person of a token that was once good. */
export function subjectOf({ 'x-api-key': key, authorization }: Headers, error: ExpectedError): string | undefined {
  const secret = [key, authorization?.toString().replace(/^Bearer +/i, '')].find((given) => isApiKey(given?.toString() ?? ''));
  if (secret !== undefined) return `key:${prefixOf(secret.toString())}`;
  const cause = innermost(error);
  const { sub } = 'payload' in cause ? Object(cause.payload) : {};
  return typeof sub === 'string' ? `user:${sub.slice(0, 256)}` : undefined;
}

function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}

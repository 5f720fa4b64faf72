import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

/** The service would not take what it was given. */
class RefusedValues extends Error {
  override readonly name = 'RefusedValues';
}

/**
 * The template service refuses with a bare status. A 404 stays with the rules for every upstream: to look for what is not
 * there is no failure.
 */
export const decode: Decoder = ({ status }) =>
  [400, 409, 422].includes(status)
    ? upstreamError('UPSTREAM_REJECTED', 'templates', { cause: new RefusedValues(`The templates service answered ${status}.`) })
    : undefined;

/** Values that a write is refused for came from the caller; those of a read are this gateway's own. */
export const asInput = <Answer>(write: Promise<Answer>): Promise<Answer> =>
  write.catch((error: unknown) => {
    if (!(error instanceof ExpectedError) || !(error.cause instanceof RefusedValues)) throw error;
    throw new ExpectedError('BAD_USER_INPUT', 'The template service refuses these values.', { cause: error.cause });
  });

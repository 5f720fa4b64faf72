import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

/** The service would not take what it was given. */
class RefusedValues extends Error {
  override readonly name = 'RefusedValues';
}

/** The document service says `{ detail }` in a framework's words (contract section 1.6), so the status has to do. */
export const decode: Decoder = ({ status }) =>
  [400, 413, 415, 422].includes(status)
    ? upstreamError('UPSTREAM_REJECTED', 'rag', { cause: new RefusedValues(`The rag service answered ${status}.`) })
    : undefined;

/** Values that were the caller's make a refusal his to mend; those of other calls are this gateway's own. */
export const asInput = <Answer>(sentence: string, answer: Promise<Answer>): Promise<Answer> =>
  answer.catch((error: unknown) => {
    if (!(error instanceof ExpectedError) || !(error.cause instanceof RefusedValues)) throw error;
    throw new ExpectedError('BAD_USER_INPUT', sentence, { cause: error.cause });
  });

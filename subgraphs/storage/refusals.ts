import { ExpectedError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

const extensions = { service: 'storage' };

/** The service has no code for its refusals, only texts, which may name what is inside it; the status has to do. */
export const decode: Decoder = ({ status }) => {
  if (status === 400 || status === 422)
    return new ExpectedError('BAD_USER_INPUT', 'The storage service does not accept this.', { extensions });
  if (status === 409) return new ExpectedError('BAD_USER_INPUT', 'The barcode is in use already.', { extensions });
  return undefined;
};

type Meaning = {
  /** What a 400 means. */
  readonly refused?: string;
  /** What a 404 means. */
  readonly missing?: string;
};

/** Says of one operation what the service means by refusing it. */
export async function explained<Answer>({ refused, missing }: Meaning, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    const sentence = { BAD_USER_INPUT: refused, NOT_FOUND: missing }[String(error.code)];
    throw sentence === undefined ? error : new ExpectedError(error.code, sentence, { cause: error, extensions });
  }
}

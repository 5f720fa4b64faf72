import { ExpectedError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

/** The service has no code for its refusals, only texts, which may name what is inside it; the status has to do. */
export const decode: Decoder = ({ status }) => {
  if (status === 400 || status === 422) return refused('The sequencing service does not accept this.');
  if (status === 409) return refused('It is in use by an active job.');
  return undefined;
};

/** Says of one operation what the service means by refusing it. */
export async function explained<Answer>(sentence: string, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof ExpectedError && error.code === 'BAD_USER_INPUT' ? refused(sentence, error) : error;
  }
}

export const notFound = (message: string): ExpectedError =>
  new ExpectedError('NOT_FOUND', message, { extensions: { service: 'sequencing' } });

const refused = (message: string, cause?: unknown): ExpectedError =>
  new ExpectedError('BAD_USER_INPUT', message, { cause, extensions: { service: 'sequencing' } });

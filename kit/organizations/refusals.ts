import { ExpectedError } from '#kit/errors.ts';

/** An organization or key that is not there, or no longer. */
export const missing = (what: 'organization' | 'key', id: string): ExpectedError =>
  new ExpectedError('NOT_FOUND', `There is no ${what} ${id}.`);

/** A change that may not be made as it was asked for. */
export const refused = (sentence: string): ExpectedError => new ExpectedError('BAD_USER_INPUT', sentence);

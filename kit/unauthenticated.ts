import { ExpectedError } from './errors.ts';

/** The one answer to somebody without a credential who asks for more than is open to everybody. */
export const unauthenticated = (): ExpectedError =>
  new ExpectedError('UNAUTHENTICATED', 'This needs a credential: a token as `Authorization: Bearer ...`, or an API key.');

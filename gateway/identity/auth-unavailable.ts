import { ExpectedError } from '#kit/errors.ts';

const retryAfterSeconds = 5;

/** Whom to believe cannot be found out at the moment; the credential may well be good. */
export const authUnavailable = (cause?: unknown): ExpectedError =>
  new ExpectedError('AUTH_UNAVAILABLE', 'Credentials cannot be checked at the moment.', {
    cause,
    extensions: { retryAfter: retryAfterSeconds },
  });

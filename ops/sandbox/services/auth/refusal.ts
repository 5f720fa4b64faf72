import { ServiceFailure } from '#ops/sandbox/failure.ts';

/** The codes this service refuses with, and their statuses (contract section 1.1). */
const statuses = {
  VALIDATION_ERROR: 400,
  AUTHENTICATION_FAILED: 401,
  INVALID_CREDENTIALS: 401,
  JWT_ERROR: 401,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  SESSION_EXPIRED: 401,
  AUTHORIZATION_FAILED: 403,
  ACCOUNT_LOCKED: 403,
  ACCOUNT_DISABLED: 403,
  USER_NOT_FOUND: 404,
  SESSION_NOT_FOUND: 404,
  USER_ALREADY_EXISTS: 409,
  FEATURE_DISABLED: 501,
} as const;

export function refusal(code: keyof typeof statuses, message: string): ServiceFailure {
  return new ServiceFailure(statuses[code], message, { code });
}

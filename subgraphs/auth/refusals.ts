import type { Code } from '#kit/errors.ts';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

/** The service would not take what it was given. */
class RefusedValues extends Error {
  override readonly name = 'RefusedValues';
  readonly reason: unknown;

  constructor(status: number, reason: unknown) {
    super(`The auth service answered ${status}.`);
    this.reason = reason;
  }
}

const forbidden: ReadonlyMap<unknown, string> = new Map([
  ['ACCOUNT_LOCKED', 'The account is locked for a while.'],
  ['ACCOUNT_DISABLED', 'The account is switched off.'],
  ['ACCOUNT_NOT_VERIFIED', 'The e-mail address of the account is not confirmed yet.'],
]);

/**
 * What the auth service means by its refusals. A revoked token is a 404 there (contract section 1.1); what is missing
 * otherwise stays a 404.
 */
export const decode: Decoder = ({ status, body }) => {
  const code = codeOf(body);
  if (status === 401 || (status === 404 && code === 'SESSION_NOT_FOUND'))
    return unauthenticated('The token is not valid any more.');
  if (status === 403) return new ExpectedError('FORBIDDEN', forbidden.get(code) ?? 'This is not allowed for the caller.');
  if ([400, 409, 422].includes(status))
    return upstreamError('UPSTREAM_REJECTED', 'auth', { cause: new RefusedValues(status, code) });
  if (status === 501)
    return new ExpectedError('UPSTREAM_REJECTED', 'The auth service has this switched off.', {
      extensions: { service: 'auth', retryable: false },
    });
  return undefined;
};

export const unauthenticated = (message: string): ExpectedError => new ExpectedError('UNAUTHENTICATED', message);

/** Values that a write is refused for came from the caller; those of a read are this gateway's own. */
export const asInput = <Answer>(write: Promise<Answer>): Promise<Answer> =>
  write.catch((error: unknown) => {
    if (!(error instanceof ExpectedError) || !(error.cause instanceof RefusedValues)) throw error;
    const { cause } = error;
    if (cause.reason === 'USER_ALREADY_EXISTS')
      throw new ExpectedError('BAD_USER_INPUT', 'input.email: is already used.', { cause, extensions: { field: 'input.email' } });
    throw new ExpectedError('BAD_USER_INPUT', 'The auth service refuses these values.', { cause });
  });

/** The same failure as everybody gets, in place of those that would tell one case from another. */
export const inPlaceOf =
  (codes: readonly Code[], error: ExpectedError) =>
  (reason: unknown): never => {
    throw reason instanceof ExpectedError && codes.includes(reason.code) ? error : reason;
  };

function codeOf(body: string): unknown {
  try {
    return JSON.parse(body)?.error?.code;
  } catch {
    return undefined;
  }
}

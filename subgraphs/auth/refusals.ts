import { ExpectedError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

/**
 * What the auth service means by its refusals. A revoked token is a 404 there (contract section 1.1); what is missing
 * otherwise stays a 404.
 */
export const decode: Decoder = (response) => {
  if (response.status === 401 || (response.status === 404 && codeOf(response.body) === 'SESSION_NOT_FOUND'))
    return unauthenticated('The token is not valid any more.');
  if (response.status === 403) return new ExpectedError('FORBIDDEN', 'This is not allowed for the caller.');
  return undefined;
};

export const unauthenticated = (message: string): ExpectedError => new ExpectedError('UNAUTHENTICATED', message);

function codeOf(body: string): unknown {
  try {
    return JSON.parse(body)?.error?.code;
  } catch {
    return undefined;
  }
}

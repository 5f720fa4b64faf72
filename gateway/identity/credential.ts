import { ExpectedError, unauthenticated } from '#kit/errors.ts';

/** What a request brings to prove who sends it. */
export type Credential =
  | { readonly kind: 'none' }
  /** An organization's API key; it has the shape of one. */
  | { readonly kind: 'key'; readonly key: string }
  /** What a person's token may be; nothing of it was looked at but its length. */
  | { readonly kind: 'token'; readonly token: string };

/** The parts of a request that credentials are looked for in. */
export type Incoming = {
  /** Path with query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as they came: Node joins or drops what came twice. */
  readonly rawHeaders: readonly string[];
};

const keyShape = /^lg_(?:live|test)_[A-Za-z0-9]{32}$/;
const bearer = /^Bearer +([^\s,]+)$/i;
/** Longest token, in characters; a longer one is not even hashed. */
const maxTokenLength = 8 * 1024;

/**
 * Reads the credential of a request, design section 4.
 * @throws ExpectedError BAD_REQUEST for two credentials or one in the URL, UNAUTHENTICATED for what cannot be one
 */
export function credentialOf({ url, headers, rawHeaders }: Incoming): Credential {
  if (isInUrl(url)) {
    throw new ExpectedError(
      'BAD_REQUEST',
      'A credential must not stand in the URL, where logs and histories keep it; send it as a header.',
    );
  }
  const { 'x-api-key': key, authorization } = headers;
  if (key !== undefined && authorization !== undefined)
    throw new ExpectedError('BAD_REQUEST', 'The request has both X-API-Key and Authorization; send one of them.');
  if (key !== undefined) return keyOf(single('x-api-key', rawHeaders));
  if (authorization !== undefined) return bearerOf(single('authorization', rawHeaders));
  return { kind: 'none' };
}

/** Which of two lines counts is guesswork, so none does. */
function single(name: string, rawHeaders: readonly string[]): string {
  const found = rawHeaders.flatMap((_, index) =>
    index % 2 === 0 && rawHeaders[index]?.toLowerCase() === name ? [rawHeaders[index + 1] ?? ''] : [],
  );
  if (found.length !== 1) throw unauthenticated();
  return found[0] ?? '';
}

function keyOf(key: string): Credential {
  if (!keyShape.test(key)) throw unauthenticated();
  return { kind: 'key', key };
}

function bearerOf(authorization: string): Credential {
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined || token.length > maxTokenLength) throw unauthenticated();
  return keyShape.test(token) ? { kind: 'key', key: token } : { kind: 'token', token };
}

const credentialNames = new Set(['api_key', 'apikey', 'x-api-key', 'key', 'access_token', 'token', 'authorization']);
const credentialShape = /^(?:Bearer +)?(?:lg_(?:live|test)_|eyJ[\w-]*\.[\w-]*\.)/i;

function isInUrl(url: string): boolean {
  const start = url.indexOf('?');
  if (start < 0) return false;
  return [...new URLSearchParams(url.slice(start + 1))].some(
    ([name, value]) => credentialNames.has(name.toLowerCase()) || credentialShape.test(value),
  );
}

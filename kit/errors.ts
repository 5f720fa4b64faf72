import { stackless } from './stackless.ts';

/**
 * Every code a client can meet, with the HTTP status it has when it refuses the whole request.
 * Codes with status 200 belong to one field of an answer that is otherwise given (reliability rules, section 2.0).
 */
const codes = {
  BAD_REQUEST: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  BAD_USER_INPUT: 400,
  OPERATION_RESOLUTION_FAILURE: 400,
  COST_LIMIT_EXCEEDED: 400,
  QUERY_PLANNING_TIMEOUT: 400,
  PERSISTED_QUERY_NOT_FOUND: 200,
  PERSISTED_QUERY_NOT_SUPPORTED: 200,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  REQUEST_TIMEOUT: 408,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  OVERLOADED: 503,
  SHUTTING_DOWN: 503,
  AUTH_UNAVAILABLE: 503,
  GATEWAY_TIMEOUT: 504,
  UPSTREAM_TIMEOUT: 200,
  UPSTREAM_UNAVAILABLE: 200,
  UPSTREAM_INVALID_RESPONSE: 200,
  UPSTREAM_RATE_LIMITED: 200,
  UPSTREAM_REJECTED: 200,
} as const;

export type Code = keyof typeof codes;

export const isCode = (value: unknown): value is Code => typeof value === 'string' && Object.hasOwn(codes, value);

/** HTTP status of an answer that consists of this refusal alone. */
export const statusOf = (code: Code): number => codes[code];

type Options = { readonly cause?: unknown; readonly extensions?: Readonly<Record<string, unknown>> };

/**
 * A failure that was foreseen: its message and extensions may be shown to clients as they stand.
 * graphql-js copies `extensions` to the GraphQL error it makes of it.
 */
export class ExpectedError extends Error {
  override readonly name = 'ExpectedError';
  readonly code: Code;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, { cause, extensions }: Options = {}) {
    super(message, { cause });
    this.code = code;
    this.extensions = { code, ...extensions };
  }
}

/**
 * Nobody is believed who asks. One sentence for every reason, so that a guess learns nothing: not whether a key exists,
 * a token ran out, or the schema has a field.
 */
export const unauthenticated = (options?: Options): ExpectedError =>
  new ExpectedError(
    'UNAUTHENTICATED',
    'This needs a valid credential: a token as `Authorization: Bearer ...`, or an API key as `X-API-Key: ...`.',
    options,
  );

export type UpstreamCode = Extract<Code, `UPSTREAM_${string}`>;

const sentences: Readonly<Record<UpstreamCode, (service: string) => string>> = {
  UPSTREAM_TIMEOUT: (service) => `The ${service} service did not answer in time.`,
  UPSTREAM_UNAVAILABLE: (service) => `The ${service} service cannot be reached or failed.`,
  UPSTREAM_INVALID_RESPONSE: (service) => `The ${service} service answered something that is not its contract.`,
  UPSTREAM_RATE_LIMITED: (service) => `The ${service} service asks to come back later.`,
  UPSTREAM_REJECTED: (service) => `The ${service} service refused this gateway.`,
};

const retryable: ReadonlySet<UpstreamCode> = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_RATE_LIMITED']);

/** A failure of the named service; the cause stays inside, the client sees our own sentence. */
export function upstreamError(code: UpstreamCode, service: string, { cause, extensions }: Options = {}): ExpectedError {
  const known = { service, retryable: retryable.has(code), ...extensions };
  return stackless(() => new ExpectedError(code, sentences[code](service), { cause, extensions: known }));
}

/** What was thrown, as an error. */
export const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

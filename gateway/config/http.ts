import { z } from 'zod';
import { uploadBounds, uploadVariables } from '#kit/upload-bounds.ts';
import type { ProcessVariables } from './process.ts';
import type { Values } from './values.ts';
import { addresses, count, countOrNone, flag, list, milliseconds } from './values.ts';

const pathPrefix = z.string().regex(/^(\/[\w.~-]+)*$/, 'is a path such as /api/v1/public');

/** Headers by which a client could claim to be somebody, credentials of ours, and those of the connection itself; `_` reads as `-` elsewhere. */
const claims =
  /^(x-(api-key|org-.*|user-.*|forwarded-.*|internal-.*|gateway-.*)|cookie|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|proxy-.*)$/;
const mayForward = (name: string): boolean => /^[a-z0-9-]+$/i.test(name) && !claims.test(name.toLowerCase());

/** Where we listen, and what a connection, a request and its body may be. */
export const httpVariables = {
  /** Address to listen on; 127.0.0.1 in development, 0.0.0.0 otherwise. */
  GATEWAY_HOST: z.string().optional(),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(8_000),
  /** Second place of the API: `<prefix>/graphql`. */
  API_PREFIX: pathPrefix.default('/api/v1/public'),
  /** Peers whose `X-Forwarded-For` is believed: addresses, ranges, `loopback`, `linklocal`, `uniquelocal`; none by default. */
  TRUSTED_PROXIES: addresses.prefault(''),
  /** Origins whose pages may read our answers, such as `https://app.example.org`; in development also `*`. */
  CORS_ORIGINS: list.default([]),
  /** Whether those pages may send cookies along; true unless CORS_ORIGINS is `*`. */
  CORS_CREDENTIALS: flag.optional(),
  /** Most open sockets. */
  MAX_CONNECTIONS: count.default(2_000),
  /** Time for the headers of a request, and for the whole of it, to arrive. */
  HEADERS_TIMEOUT_MS: milliseconds.default(10_000),
  RECEIVE_TIMEOUT_MS: milliseconds.default(30_000),
  /** Time in which a request is answered, with GATEWAY_TIMEOUT at the latest; calls end a tenth earlier, at most a second. */
  REQUEST_TIMEOUT_MS: milliseconds.default(15_000),
  /** Client headers that HTTP subgraphs get, comma-separated. */
  FORWARD_HEADERS: list
    .refine((names) => names.every(mayForward), 'names a header that is not for subgraphs')
    .default(['authorization', 'traceparent', 'tracestate']),
  /** Requests on one connection before it is closed, so that a load balancer spreads anew; 0 for no limit. */
  MAX_REQUESTS_PER_SOCKET: countOrNone.default(1_000),
  /** Longest request body, and longest query text within it, in bytes and characters. */
  MAX_BODY_BYTES: count.default(1024 * 1024),
  MAX_QUERY_LENGTH: count.default(256 * 1024),
  /** MAX_UPLOAD_BYTES, MAX_UPLOADS, MAX_UPLOAD_MEMORY. */
  ...uploadVariables,
  /** Deepest nesting of brackets in a query and of JSON in a body. */
  MAX_NESTING: count.default(64),
};

type Variables = Values<typeof httpVariables>;

export const httpSettings = (variables: Variables & ProcessVariables, maxOperationName: number) => ({
  host: variables.GATEWAY_HOST ?? (variables.ENVIRONMENT === 'development' ? '127.0.0.1' : '0.0.0.0'),
  port: variables.GATEWAY_PORT,
  apiPrefix: variables.API_PREFIX,
  requestTimeoutMs: variables.REQUEST_TIMEOUT_MS,
  forwardHeaders: variables.FORWARD_HEADERS.map((name) => name.toLowerCase()),
  maxRequestsPerSocket: variables.MAX_REQUESTS_PER_SOCKET,
  maxBodyBytes: variables.MAX_BODY_BYTES,
  maxQueryLength: variables.MAX_QUERY_LENGTH,
  maxNesting: variables.MAX_NESTING,
  maxOperationName,
  ...uploadBounds(variables),
  development: variables.ENVIRONMENT === 'development',
  maxConnections: variables.MAX_CONNECTIONS,
  headersTimeoutMs: variables.HEADERS_TIMEOUT_MS,
  receiveTimeoutMs: variables.RECEIVE_TIMEOUT_MS,
  trustedProxies: variables.TRUSTED_PROXIES,
  cors: Object.freeze(corsOf(variables)),
  strictTransport: variables.ENVIRONMENT === 'production',
});

function corsOf({ ENVIRONMENT, CORS_ORIGINS, CORS_CREDENTIALS }: Variables & ProcessVariables) {
  if (!CORS_ORIGINS.includes('*'))
    return { origins: new Set(CORS_ORIGINS.map(originOf)), credentials: CORS_CREDENTIALS ?? true } as const;
  if (ENVIRONMENT !== 'development') throw new Error('CORS_ORIGINS: * is for development only; name the origins');
  if (CORS_CREDENTIALS === true) throw new Error('CORS_CREDENTIALS: cannot be true where CORS_ORIGINS is *');
  return { origins: '*', credentials: false } as const;
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || `${url.origin}/` !== url.href)
    throw new Error(`CORS_ORIGINS: "${text}" is not an origin such as https://app.example.org`);
  return url.origin;
}

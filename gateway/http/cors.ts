import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

export type CorsOptions = {
  /** Origins whose pages may read our answers; `*` for all of them. */
  readonly origins: ReadonlySet<string> | '*';
  /** Whether those pages may send cookies and client certificates along; never with `*`. */
  readonly credentials: boolean;
};

const allowedHeaders = [
  'Authorization',
  'Content-Type',
  'X-API-Key',
  'X-Request-Id',
  'Apollo-Require-Preflight',
  'X-Apollo-Operation-Name',
  'GraphQL-Cost-Debug',
  'Traceparent',
  'Tracestate',
];

const exposedHeaders = [
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
];

/** Lets pages of the listed origins read our answers (Fetch standard, CORS protocol); others get no header at all. */
export function cors(app: FastifyInstance, { origins, credentials }: CorsOptions): void {
  if (origins !== '*' && origins.size === 0) return;
  void app.register(fastifyCors, {
    origin: origins === '*' ? '*' : (origin, answer) => answer(null, origin !== undefined && origins.has(origin) && origin),
    credentials,
    methods: ['GET', 'POST'],
    allowedHeaders,
    exposedHeaders,
    // Seconds; Chromium keeps a preflight answer no longer.
    maxAge: 7_200,
    // The strict way refuses in plain text.
    strictPreflight: false,
  });
}

import type { onSendHookHandler } from 'fastify';

type Options = {
  /** Tell browsers to come by HTTPS only, for a year, to subdomains as well. */
  readonly strictTransport: boolean;
};

/** What every answer tells browsers, errors included; a route that sets one of them itself keeps its own. */
export const standingHeaders = ({ strictTransport }: Options): Readonly<Record<string, string>> => ({
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-xss-protection': '1; mode=block',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'permissions-policy': 'geolocation=(), microphone=(), camera=()',
  'cache-control': 'no-store',
  ...(strictTransport && { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }),
});

/** For GraphiQL, one page with its script, style and editor inside that asks this origin only. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob:",
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  'worker-src blob:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

type Parts = {
  readonly standing: Readonly<Record<string, string>>;
  /** True while answers end their connections. */
  readonly ends: () => boolean;
};

/** Called back rather than awaited: every answer passes here. */
export function writesHeaders({ standing, ends }: Parts): onSendHookHandler {
  const entries = Object.entries(standing);
  return (...[request, reply, payload, done]: Parameters<onSendHookHandler>) => {
    for (const [name, value] of entries) if (!reply.hasHeader(name)) reply.header(name, value);
    reply.header('x-request-id', request.id);
    if (ends()) reply.header('connection', 'close');
    done(null, payload);
  };
}

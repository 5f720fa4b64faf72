import { z } from 'zod';
import type { ProcessVariables } from './process.ts';
import type { Values } from './values.ts';
import { count, countOrNone, milliseconds } from './values.ts';

/** The addresses of sandbox services, as `npm run sandbox -- --json` prints them. */
const urls = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.issues.push({ code: 'custom', message: 'is not JSON', input: text });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.url({ protocol: /^https?$/ })));

/** How the process starts, how many of it there are, and how it ends. */
export const lifecycleVariables = {
  /** Processes that serve on one port; 1 serves in the process itself. */
  WORKERS: count.max(128).default(1),
  /** Time between `/ready` turning 503 and the end of accepting, so that load balancers see it; 0 in development and tests, 5,000 otherwise. */
  SHUTDOWN_DELAY: countOrNone.optional(),
  /** Time for what runs to finish, before it is cut off. */
  SHUTDOWN_GRACE: milliseconds.default(30_000),
  /** A sandbox that runs already, in place of one of this process: JSON `{ "samples": "http://…" }`; in development only. */
  SANDBOX_URLS: urls.optional(),
};

type Variables = Values<typeof lifecycleVariables> & Pick<ProcessVariables, 'ENVIRONMENT'>;

export const lifecycleSettings = (variables: Variables) => ({
  workers: variables.WORKERS,
  delayMs: variables.SHUTDOWN_DELAY ?? (['development', 'test'].includes(variables.ENVIRONMENT) ? 0 : 5_000),
  graceMs: variables.SHUTDOWN_GRACE,
  sandboxUrls: variables.SANDBOX_URLS,
});

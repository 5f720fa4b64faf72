import { z } from 'zod';
import type { Values } from './values.ts';
import { addresses, count, countOrNone, milliseconds } from './values.ts';

/** Which addresses are served, and which come to be shut out. */
export const addressVariables = {
  /** Clients that are served at all, everybody unless set; and clients that are not, which wins. Addresses and ranges. */
  IP_ALLOW: addresses.optional(),
  IP_DENY: addresses.prefault(''),
  /** File of more addresses that are not served, one a line; looked at every IP_FEED_POLL_MS. */
  IP_FEED_PATH: z.string().optional(),
  IP_FEED_POLL_MS: milliseconds.default(1_000),
  /**
   * Requests that one address may send within ABUSE_WINDOW_SECONDS without a valid credential, or to be refused; with more
   * it gets 429 for an hour. 0 watches nobody, nor does RATE_LIMIT_ENABLED=false.
   */
  ABUSE_REQUESTS: countOrNone.default(500),
  ABUSE_WINDOW_SECONDS: count.default(300),
  /** So often within a day an address is shut out, with 403 for ABUSE_BLOCK_SECONDS. */
  ABUSE_FLAGS: count.default(3),
  ABUSE_BLOCK_SECONDS: count.default(86_400),
};

type Variables = Values<typeof addressVariables>;

export const addressSettings = (variables: Variables) => ({
  allow: variables.IP_ALLOW,
  deny: variables.IP_DENY,
  feedPath: variables.IP_FEED_PATH,
  feedPollMs: variables.IP_FEED_POLL_MS,
});

/** Undefined where nobody is watched. */
export function abuseSettings(variables: Variables & { readonly RATE_LIMIT_ENABLED: boolean }) {
  if (!variables.RATE_LIMIT_ENABLED || variables.ABUSE_REQUESTS === 0) return undefined;
  return Object.freeze({
    maxRequests: variables.ABUSE_REQUESTS,
    windowMs: variables.ABUSE_WINDOW_SECONDS * 1_000,
    silenceMs: 3_600_000,
    maxFlags: variables.ABUSE_FLAGS,
    blockMs: variables.ABUSE_BLOCK_SECONDS * 1_000,
  });
}

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { unauthenticated } from '#kit/errors.ts';
import { singleFlight } from '#kit/single-flight.ts';
import { authUnavailable } from './auth-unavailable.ts';
import type { VerifiedUser } from './user-tokens.ts';

/** Asks whether the session of a token that verifies still stands. Rejects when nobody can tell. */
export type SessionHolds = (token: string, signal: AbortSignal) => Promise<boolean>;

type Parts = {
  readonly verify: (token: string) => Promise<VerifiedUser>;
  /** Absent where tokens have no sessions. */
  readonly sessionHolds?: SessionHolds | undefined;
  readonly clock: Clock;
  /** How long a verified token is believed without asking again, at most 30 s. */
  readonly keepMs: number;
};

type Known = {
  /** Undefined for a token whose session is over. */
  readonly user: VerifiedUser | undefined;
  readonly checkedAt: number;
  /** Until then it is believed without asking. */
  readonly freshUntil: number;
};

const maxUsers = 10_000;
const checkTimeoutMs = 2_000;
/** While the auth service is away, who was known goes on for so long, and it is asked again every so often. */
const graceMs = 60_000;
const pauseMs = 5_000;
/** A token whose session is over is refused for so long without asking. */
const refusedMs = 2_000;

/**
 * Tells who holds a token; a caller that asks again gets the same object. Known tokens are kept by their SHA-256, never
 * as they are. The promise rejects with ExpectedError UNAUTHENTICATED or AUTH_UNAVAILABLE.
 */
export function knownUsers(parts: Parts): (token: string) => Promise<Caller> {
  const { clock } = parts;
  const users = new LRUCache<string, Known>({ max: maxUsers });
  const once = singleFlight<Known>();
  const renew = async (id: string, token: string): Promise<Known> => {
    const renewed = await check(token, users.get(id), parts).catch((error: unknown) => {
      users.delete(id);
      throw error;
    });
    users.set(id, renewed);
    return renewed;
  };
  return async (token) => {
    const id = hash('sha256', token, 'base64');
    const kept = users.get(id);
    const { user } = kept !== undefined && isFresh(kept, clock.now()) ? kept : await once(id, () => renew(id, token));
    if (user === undefined) throw unauthenticated();
    return user.caller;
  };
}

const isFresh = ({ user, freshUntil }: Known, now: number): boolean =>
  now < freshUntil && (user === undefined || now < user.expiresAt);

async function check(token: string, kept: Known | undefined, { verify, sessionHolds, clock, keepMs }: Parts): Promise<Known> {
  const checkedAt = clock.now();
  const user = await verify(token);
  try {
    const holds = sessionHolds === undefined || (await sessionHolds(token, AbortSignal.timeout(checkTimeoutMs)));
    if (!holds) return { user: undefined, checkedAt, freshUntil: checkedAt + refusedMs };
    return { user, checkedAt, freshUntil: checkedAt + keepMs };
  } catch (cause) {
    const endOfGrace = (kept?.checkedAt ?? Number.NEGATIVE_INFINITY) + keepMs + graceMs;
    if (kept?.user === undefined || checkedAt >= endOfGrace) throw authUnavailable(cause);
    return { ...kept, freshUntil: Math.min(checkedAt + pauseMs, endOfGrace) };
  }
}

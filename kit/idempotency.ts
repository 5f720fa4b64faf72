import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ExpectedError, isCode } from './errors.ts';
import type { KeyStore } from './idempotency-keys.ts';
import { keysInMemory, keysInRedis } from './idempotency-keys.ts';
import type { RedisClient } from './redis.ts';

type Attempt<Answer> = {
  /** The caller's `idempotencyKey`; without one, every attempt runs. */
  readonly key: string | null | undefined;
  /** Whose key it is: keys of different callers never meet. */
  readonly caller: string;
  /** The mutation's name and arguments; the same key with others is a mistake. */
  readonly fingerprint: readonly unknown[];
  /** Its answer must survive JSON. */
  readonly run: () => Promise<Answer>;
};

/**
 * Runs an attempt, or gives the answer of the first one with the same key.
 * @throws ExpectedError BAD_USER_INPUT for a key that is malformed or was used for something else, OVERLOADED when the
 * first one still runs after some time or the store of keys is away; both times nothing ran and the key may try again
 */
export type Idempotency = <Answer>(attempt: Attempt<Answer>) => Promise<Answer>;

type Timing = {
  /** How long an answer is kept. */
  readonly keepMs: number;
  /** A holder that does not renew its claim for so long is taken for dead, and the key may run again. */
  readonly leaseMs: number;
  /** How long an attempt waits for the first one with its key to end. */
  readonly waitMs: number;
};

const usual: Timing = { keepMs: 24 * 60 * 60 * 1_000, leaseMs: 15_000, waitMs: 5_000 };

/** Keys of the last day in this process, at most 10,000. */
export const idempotencyInMemory = (timing: Partial<Timing> = {}): Idempotency =>
  idempotency(keysInMemory(), { ...usual, ...timing });

/** Keys of the last day for all processes that share a Redis, which must not evict (`maxmemory-policy noeviction`). */
export const idempotencyInRedis = (redis: RedisClient, timing: Partial<Timing> = {}): Idempotency =>
  idempotency(keysInRedis(redis), { ...usual, ...timing });

/** Refusals from before anything was written. */
const refusals = new Set(['BAD_USER_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'UPSTREAM_RATE_LIMITED']);

/** Nothing of the attempt stands, so the same key may try again. What became of several writes is said by their outcome. */
const nothingStands = ({ code, extensions: { outcome } }: ExpectedError): boolean =>
  outcome === undefined ? refusals.has(code) : outcome === 'ROLLED_BACK';

const keyPattern = /^[\x21-\x7e]{8,128}$/;

function idempotency(keys: KeyStore, timing: Timing): Idempotency {
  return async ({ key, caller, fingerprint, run }) => {
    if (key == null) return run();
    if (!keyPattern.test(key))
      throw new ExpectedError('BAD_USER_INPUT', 'idempotencyKey: must have 8 to 128 visible ASCII characters.');
    const place = digest([caller, key]);
    // The key goes along as a salt: arguments may hold a password.
    const print = digest([key, fingerprint]);
    const marker = JSON.stringify({ state: 'running', print, holder: crypto.randomUUID() } satisfies Kept);
    const first = await claim(keys, { place, print, marker }, timing);
    if (first === undefined) return runOnce({ keys, place, marker, print, timing }, run);
    if (first.state === 'failed') throw new ExpectedError(first.code, first.message, { extensions: first.extensions });
    return first.answer as Awaited<ReturnType<typeof run>>;
  };
}

const print = z.string();
const Kept = z.discriminatedUnion('state', [
  z.object({ state: z.literal('running'), print, holder: z.string() }),
  z.object({ state: z.literal('answered'), print, answer: z.unknown() }),
  z.object({
    state: z.literal('failed'),
    print,
    code: z.custom<ExpectedError['code']>(isCode),
    message: z.string(),
    extensions: z.record(z.string(), z.unknown()),
  }),
]);
type Kept = z.input<typeof Kept>;
type Ended = Exclude<z.output<typeof Kept>, { readonly state: 'running' }>;

type Wanted = { readonly place: string; readonly print: string; readonly marker: string };

const pollMs = 50;

/** Undefined when the key is ours to run, else what became of the first attempt. */
async function claim(
  keys: KeyStore,
  { place, print: ours, marker }: Wanted,
  { leaseMs, waitMs }: Timing,
): Promise<Ended | undefined> {
  const until = Date.now() + waitMs;
  for (;;) {
    const found = await keys.claim(place, marker, leaseMs).catch((cause: Error) => {
      // The claim may have arrived all the same, and would block the key until its lease ends.
      keys.release(place, marker).catch(() => undefined);
      throw refused('Whether this idempotencyKey was used before cannot be told at the moment', cause);
    });
    if (found === undefined) return undefined;
    const kept = Kept.parse(JSON.parse(found));
    if (kept.print !== ours) throw new ExpectedError('BAD_USER_INPUT', 'idempotencyKey: was used for something else before.');
    if (kept.state !== 'running') return kept;
    if (Date.now() >= until) throw refused('The first attempt with this idempotencyKey still runs');
    await pause(pollMs);
  }
}

const refused = (reason: string, cause?: Error): ExpectedError =>
  new ExpectedError('OVERLOADED', `${reason}; this attempt changed nothing. Try again with the same key.`, {
    cause: cause && new Error(cause.message),
    extensions: { retryable: true, retryAfter: 1 },
  });

type Holding = Wanted & { readonly keys: KeyStore; readonly timing: Timing };

async function runOnce<Answer>(holding: Holding, run: () => Promise<Answer>): Promise<Answer> {
  const { keys, place, marker, print, timing } = holding;
  const renew = (): void => void keys.replace(place, marker, { text: marker, ttlMs: timing.leaseMs }).catch(() => undefined);
  const renewing = setInterval(renew, timing.leaseMs / 3);
  try {
    const answer = await run();
    await keep(holding, { state: 'answered', print, answer });
    return answer;
  } catch (error) {
    if (error instanceof ExpectedError && nothingStands(error)) await keys.release(place, marker).catch(() => undefined);
    else await keep(holding, failure(error, print));
    throw error;
  } finally {
    clearInterval(renewing);
  }
}

/** A bug is kept as well: what it happened after may have been written. */
function failure(error: unknown, print: string): Kept {
  const { code, message, extensions } =
    error instanceof ExpectedError ? error : new ExpectedError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
  return { state: 'failed', print, code, message, extensions: { ...extensions } };
}

const keepAfterMs = [0, 100, 500] as const;

/** The caller gets the answer in any case; a store that stays away forgets the key when the lease ends. */
async function keep({ keys, place, marker, timing }: Holding, kept: Kept): Promise<void> {
  for (const waitMs of keepAfterMs) {
    if (waitMs > 0) await pause(waitMs);
    const stored = keys.replace(place, marker, { text: JSON.stringify(kept), ttlMs: timing.keepMs });
    if (
      await stored.then(
        () => true,
        () => false,
      )
    )
      return;
  }
}

const digest = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

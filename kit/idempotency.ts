import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ExpectedError } from './errors.ts';

type Attempt<Answer> = {
  /** The caller's `idempotencyKey`; without one, every attempt runs. */
  readonly key: string | null | undefined;
  /** Whose key it is: keys of different callers never meet. */
  readonly caller: string;
  /** The mutation's name and arguments; the same key with others is a mistake. */
  readonly fingerprint: readonly unknown[];
  readonly run: () => Promise<Answer>;
};

/** Runs an attempt, or gives the answer of the first one with the same key. */
export type Idempotency = <Answer>(attempt: Attempt<Answer>) => Promise<Answer>;

type Kept = { readonly fingerprint: string; readonly answer: Promise<unknown> };

const dayMs = 24 * 60 * 60 * 1_000;
const keyPattern = /^[\x21-\x7e]{8,128}$/;

/** Refusals from before anything was written. */
const refusals = new Set(['BAD_USER_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'UPSTREAM_RATE_LIMITED']);

/** Nothing of the attempt stands, so the same key may try again. What became of several writes is said by their outcome. */
const nothingStands = ({ code, extensions: { outcome } }: ExpectedError): boolean =>
  outcome === undefined ? refusals.has(code) : outcome === 'ROLLED_BACK';

/** Keys of the last day in this process, at most 10,000. A failure whose write may have happened is an answer like any other. */
export function idempotencyInMemory(): Idempotency {
  const attempts = new LRUCache<string, Kept>({ max: 10_000, ttl: dayMs });
  return async <Answer>({ key, caller, fingerprint, run }: Attempt<Answer>): Promise<Answer> => {
    if (key == null) return run();
    if (!keyPattern.test(key))
      throw new ExpectedError('BAD_USER_INPUT', 'idempotencyKey: must have 8 to 128 visible ASCII characters.');
    const place = digest([caller, key]);
    const known = attempts.get(place);
    if (known === undefined) return begin(attempts, place, { fingerprint: digest(fingerprint), run });
    if (known.fingerprint === digest(fingerprint)) return known.answer as Promise<Answer>;
    throw new ExpectedError('BAD_USER_INPUT', 'idempotencyKey: was used for something else before.');
  };
}

type Begin<Answer> = { readonly fingerprint: string; readonly run: () => Promise<Answer> };

function begin<Answer>(attempts: LRUCache<string, Kept>, place: string, { fingerprint, run }: Begin<Answer>): Promise<Answer> {
  const answer = run();
  attempts.set(place, { fingerprint, answer });
  answer.catch((error: unknown) => {
    if (error instanceof ExpectedError && nothingStands(error)) attempts.delete(place);
  });
  return answer;
}

const digest = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

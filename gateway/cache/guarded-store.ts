import { CountBreaker, circuitBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import { inTime } from '#kit/in-time.ts';
import type { OnFault, Store } from './store.ts';
import type { Tag } from './tags.ts';
import { everythingTag } from './tags.ts';

type Options = {
  readonly store: Store;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly onFault: OnFault;
};

const recoveryMs = 500;

/** A write waits so long for its invalidation to be confirmed; a Redis that is known to be away refuses at once. */
const raiseTimeoutMs = 1_000;

/** Invalidations that are remembered one by one; past them everything is invalidated. */
const maxOwed = 10_000;

/** A primary that died may have told its replicas nothing of what it confirmed for so long. */
const unsureMs = 10_000;

type GuardedStore = Store & {
  /** Tells that another server may have taken over, which need not know what was confirmed of late: that is made again. */
  readonly doubt: () => void;
  /** Makes up for what was not confirmed, if there is anything. */
  readonly settle: () => void;
};

/**
 * Gives a store little time, and leaves it alone for half a second when five of its last twenty calls failed. Invalidations
 * that it did not confirm are made up for before anything is read from it again.
 */
export function guardedStore({ store, readTimeoutMs, writeTimeoutMs, onFault }: Options): GuardedStore {
  const circuit = circuitBreaker(handleAll, {
    halfOpenAfter: recoveryMs,
    breaker: new CountBreaker({ size: 20, threshold: 0.24, minimumNumberOfCalls: 5 }),
  });
  const owed = new Set<Tag>();
  const recent = recentTags();
  const call = async <Answer>(run: () => Promise<Answer>, timeoutMs: number): Promise<Answer> => {
    try {
      return await circuit.execute(() => inTime(run(), timeoutMs));
    } catch (error) {
      if (!isBrokenCircuitError(error)) onFault({ kind: 'unavailable', error });
      throw error;
    }
  };
  const owe = (tags: readonly Tag[]): void => {
    for (const tag of tags) owed.add(tag);
    if (owed.size <= maxOwed) return;
    owed.clear();
    owed.add(everythingTag);
  };
  const pay = async (): Promise<void> => {
    const tags = [...owed];
    await store.raise(tags);
    for (const tag of tags) owed.delete(tag);
  };
  const afterDebts = async <Answer>(run: () => Promise<Answer>): Promise<Answer> => {
    if (owed.size > 0) await pay();
    return run();
  };
  const settle = (): void => {
    if (owed.size > 0) pay().catch(() => undefined);
  };
  return {
    settle,
    doubt() {
      owe(recent.all());
      settle();
    },
    now: () => store.now(),
    read: (wanted) => call(() => afterDebts(() => store.read(wanted)), readTimeoutMs),
    stamps: (tags) => call(() => afterDebts(() => store.stamps(tags)), readTimeoutMs),
    write: (writes) => call(() => store.write(writes), writeTimeoutMs),
    async raise(tags) {
      owe(tags);
      recent.add(tags);
      try {
        // Whatever the circuit thinks: until it is done, other processes serve what was before.
        await inTime(pay(), raiseTimeoutMs);
      } catch (error) {
        onFault({ kind: 'unavailable', error });
        // What was owed meanwhile may have been paid by a call that began before.
        owe(tags);
      }
    },
    claim: (places, ttlMs) => call(() => store.claim(places, ttlMs), readTimeoutMs),
    release: (places) => call(() => store.release(places), writeTimeoutMs),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** What was raised in the last seconds. */
function recentTags() {
  const raisedAt = new Map<Tag, number>();
  const forgetOld = (): void => {
    for (const [tag, at] of raisedAt) {
      if (performance.now() - at < unsureMs) return;
      raisedAt.delete(tag);
    }
  };
  const add = (tags: readonly Tag[]): void => {
    for (const tag of tags) {
      // At the end again, so that the oldest is first.
      raisedAt.delete(tag);
      raisedAt.set(tag, performance.now());
    }
    forgetOld();
    if (raisedAt.size <= maxOwed) return;
    raisedAt.clear();
    raisedAt.set(everythingTag, performance.now());
  };
  return {
    add,
    all(): readonly Tag[] {
      forgetOld();
      return [...raisedAt.keys()];
    },
  };
}

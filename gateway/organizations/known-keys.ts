import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { ChangeBus } from '#kit/organizations/change-bus.ts';
import type { KeyHasher } from '#kit/organizations/keys.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import { singleFlight } from '#kit/single-flight.ts';
import type { KnownKey } from './known-key.ts';
import { readKnownKey } from './known-key.ts';
import { patience } from './patience.ts';

type Parts = {
  readonly store: Pick<OrganizationStore, 'keyByHash' | 'organization'>;
  readonly hasher: KeyHasher;
  readonly clock: Clock;
  readonly bus: Pick<ChangeBus, 'subscribe'>;
  readonly laboratory: string;
};

/** How long what was read holds, when it is read again ahead of that, and how long it holds when the store is away. */
const holdsMs = 5_000;
const aheadMs = 3_000;
const graceMs = 60_000;
/** How long a key that was not found is not looked for again. */
const unknownMs = 2_000;
const maxEntries = 10_000;
const retryAfterSeconds = 2;

/**
 * Finds keys by their secret, through a cache that follows the bus of changes and lives through a store that is away
 * (reliability rules B14, B21). @throws ExpectedError AUTH_UNAVAILABLE for a key that neither cache nor store can tell of
 */
export function knownKeys({ store, hasher, clock, bus, laboratory }: Parts): (secret: string) => Promise<KnownKey | undefined> {
  const known = new LRUCache<string, KnownKey>({ max: maxEntries });
  const unknownUntil = new LRUCache<string, number>({ max: maxEntries });
  const patiently = patience({ clock });
  const once = singleFlight<KnownKey | undefined>();
  let changes = 0;
  bus.subscribe(({ organizationId }) => {
    changes += 1;
    unknownUntil.clear();
    for (const [hash, { organization }] of known.entries()) if (organization.id === organizationId) known.delete(hash);
  });
  const read = async (hash: string, hashes: readonly string[]): Promise<KnownKey | undefined> => {
    const [before, now] = [changes, clock.now()];
    const found = await readKnownKey({ store, hashes, now, laboratory, previous: known.peek(hash) });
    // What changed meanwhile may be the very thing that was read.
    if (before !== changes) return found;
    if (found === undefined) {
      known.delete(hash);
      unknownUntil.set(hash, now + unknownMs);
    } else {
      known.set(hash, found);
    }
    return found;
  };
  return async (secret) => {
    const hashes = hasher(secret);
    const [hash] = hashes;
    const ask = (): Promise<KnownKey | undefined> => patiently(() => once(hash, () => read(hash, hashes)));
    const cached = known.get(hash);
    const age = clock.now() - (cached?.readAt ?? -Infinity);
    if (age < holdsMs) {
      // Nobody waits for this one, and without it the entry still holds.
      if (age >= aheadMs) ask().catch(() => undefined);
      return cached;
    }
    if (cached === undefined && clock.now() < (unknownUntil.get(hash) ?? 0)) return undefined;
    try {
      return await ask();
    } catch (cause) {
      if (age < holdsMs + graceMs) return cached;
      throw unavailable(cause);
    }
  };
}

const unavailable = (cause: unknown): ExpectedError =>
  new ExpectedError('AUTH_UNAVAILABLE', 'API keys cannot be verified at the moment; try again.', {
    cause,
    extensions: { retryAfter: retryAfterSeconds },
  });

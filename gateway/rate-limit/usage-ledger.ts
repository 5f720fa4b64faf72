import type { Clock } from '#kit/clock.ts';
import type { UsageRow } from '#kit/organizations/records.ts';
import type { Entry, Ledger } from './limiter.ts';

type Parts = {
  readonly usage: { readonly add: (row: UsageRow) => void };
  readonly clock: Clock;
};

/** Writes every booked point to the usage of its organization, key and day (UTC). Strangers have no account to write to. */
export function usageLedger({ usage, clock }: Parts): Ledger {
  const book = (requests: number, { organization, keyId, points }: Entry): void => {
    if (organization.startsWith('address ')) return;
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    usage.add({ organizationId: organization, apiKeyId: keyId, day, requests, points });
  };
  return {
    held: () => undefined,
    captured: (entry) => book(1, entry),
    expired: (entry) => book(1, entry),
  };
}

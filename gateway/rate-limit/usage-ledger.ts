import type { Clock } from '#kit/clock.ts';
import type { UsageRow } from '#kit/organizations/records.ts';
import type { Entry, Ledger } from './limiter.ts';

type Parts = {
  readonly usage: { readonly add: (row: UsageRow) => void };
  readonly clock: Clock;
};

/** Writes every booked point to the usage of its organization, key and day (UTC). Strangers have no account to write to. */
export function usageLedger({ usage, clock }: Parts): Ledger {
  const dayOf = daysOf();
  const book = (requests: number, { organization, keyId, points }: Entry): void => {
    if (organization.startsWith('address ')) return;
    usage.add({ organizationId: organization, apiKeyId: keyId, day: dayOf(clock.now()), requests, points });
  };
  return {
    held: () => undefined,
    captured: (entry) => book(1, entry),
    expired: (entry) => book(1, entry),
  };
}

const dayMs = 86_400_000;

/** The day of a moment in words, which are made once a day. */
function daysOf(): (now: number) => string {
  let known = { number: Number.NaN, day: '' };
  return (now) => {
    const number = Math.floor(now / dayMs);
    if (number !== known.number) known = { number, day: new Date(now).toISOString().slice(0, 10) };
    return known.day;
  };
}

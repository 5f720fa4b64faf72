import type { Ledger } from './limiter.ts';

/** One ledger that tells all of them. */
export const ledgers = (all: readonly Ledger[]): Ledger => ({
  held: (entry) => all.forEach((ledger) => ledger.held(entry)),
  captured: (entry) => all.forEach((ledger) => ledger.captured(entry)),
  expired: (entry) => all.forEach((ledger) => ledger.expired(entry)),
});

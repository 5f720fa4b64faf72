import type { Entry, Ledger } from './limiter.ts';

/** One ledger that tells all of them. */
export function ledgers(all: readonly Ledger[]): Ledger {
  const tell =
    (kind: keyof Ledger) =>
    (entry: Entry): void => {
      for (const ledger of all) ledger[kind](entry);
    };
  return { held: tell('held'), captured: tell('captured'), expired: tell('expired') };
}

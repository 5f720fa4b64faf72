import { LRUCache } from 'lru-cache';
import type { Account } from './account.ts';

type Parts = { readonly settle: (account: Account) => Promise<void>; readonly everyMs: number };

type Sweeper = AsyncDisposable & { readonly seen: (account: Account) => Account };

/**
 * Charges reservations whose holder died, also when their organization asks for nothing more: each replica looks after the
 * accounts that it has seen. The first one to look finds them, the others nothing.
 */
export function sweeper({ settle, everyMs }: Parts): Sweeper {
  const accounts = new LRUCache<string, Account>({ max: 10_000, ttl: 86_400_000 });
  let sweeping: Promise<unknown> = Promise.resolve();
  const sweep = async (): Promise<void> => {
    // What cannot be settled now is settled the next time.
    for (const account of accounts.values()) await settle(account).catch(() => undefined);
  };
  const timer = setInterval(() => {
    sweeping = sweeping.then(sweep);
  }, everyMs);
  timer.unref();
  return {
    seen(account) {
      if (accounts.peek(account.organization)?.limits !== account.limits) accounts.set(account.organization, account);
      return account;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sweeping;
    },
  };
}

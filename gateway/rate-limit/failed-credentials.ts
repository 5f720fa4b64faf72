import type { Caller } from '#kit/caller.ts';
import { stranger } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Account } from './account.ts';
import type { Limiter } from './limiter.ts';

type Payer = {
  readonly limiter: Pick<Limiter, 'charge'>;
  readonly accountOf: (caller: Caller, address: string) => Account;
};

type Identify<Request> = (request: Request) => Promise<Caller>;

/**
 * A credential that is not believed costs its address what a stranger's request costs, so that guesses are as few; beyond
 * them they get RATE_LIMITED, whatever they are. A good credential passes however many wrong ones came before it.
 */
export function chargesFailures<Request extends { readonly address: string }>(
  { limiter, accountOf }: Payer,
  identify: Identify<Request>,
): Identify<Request> {
  return (request) =>
    identify(request).catch(async (error: unknown) => {
      if (error instanceof ExpectedError && error.code === 'UNAUTHENTICATED')
        await limiter.charge({ caller: stranger, account: accountOf(stranger, request.address), points: 1, uses: [] });
      throw error;
    });
}

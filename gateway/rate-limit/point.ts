import type { CostReport, RequestContext } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Account } from './account.ts';
import type { Limiter, Throttle } from './limiter.ts';
import { costReport } from './report.ts';

export type Payer = {
  readonly limiter: Limiter;
  readonly accountOf: (caller: Caller, address: string) => Account;
};

/** Reading an operation costs something even when nothing is fetched. */
export const leastPoints = 1;

/** Books one point for an answer that took no work of others. @throws ExpectedError when it is not there */
export const chargePoint = ({ limiter, accountOf }: Payer, { call: { caller }, address }: RequestContext): Promise<Throttle> =>
  limiter.charge({ caller, account: accountOf(caller, address), points: leastPoints, uses: [] });

type Report = (actual: number | null, throttle: Throttle) => CostReport;

/** Books one point and tells of it; a caller without it is told when to come back. @throws ExpectedError when its plan has none */
export async function bookPoint(payer: Payer, context: RequestContext, report: Report): Promise<CostReport> {
  try {
    return report(leastPoints, await chargePoint(payer, context));
  } catch (error) {
    if (!isThrottled(error)) throw error;
    return { ...report(null, error.throttle), refusal: error };
  }
}

/** Books one point for a text that never became an operation, so that guessing costs as well. */
export const chargeText =
  ({ clock, ...payer }: Payer & { readonly clock: Clock }) =>
  (context: RequestContext): Promise<CostReport> =>
    bookPoint(payer, context, (actual, throttle) => costReport({ requested: leastPoints, actual, throttle }, clock.now()));

/** True for a refusal that knows what is left. */
export const isThrottled = (error: unknown): error is ExpectedError & { readonly throttle: Throttle } =>
  error instanceof ExpectedError && 'throttle' in error;

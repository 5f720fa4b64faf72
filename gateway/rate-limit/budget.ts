import type { Admission, CostReport, Gate, RequestContext } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Account, FieldUse } from './account.ts';
import { callBudget } from './call-budget.ts';
import type { Limiter, Throttle } from './limiter.ts';
import { quoteOf } from './quote.ts';
import { costReport } from './report.ts';

/** What the budget needs to know of an operation's price. */
type PricedOperation = {
  readonly estimate: (variables: Admission['variables']) => number;
  readonly breakdown: (variables: Admission['variables']) => readonly object[];
  readonly actual: (data: Readonly<Record<string, unknown>> | null | undefined, variables: Admission['variables']) => number;
};

type Parts = {
  readonly limiter: Limiter;
  readonly accountOf: (caller: Caller, address: string) => Account;
  readonly clock: Clock;
  /** What will run of an operation for its caller. */
  readonly effective: (admission: Admission) => Pick<Admission, 'document' | 'operation'>;
  readonly priceOf: (operation: Pick<Admission, 'document' | 'operation'>) => PricedOperation;
  readonly usesOf: (running: Pick<Admission, 'document' | 'operation' | 'variables'>) => readonly FieldUse[];
};

/** Planning costs something even when nothing is fetched. */
const leastPoints = 1;

/**
 * Reserves the estimated points of an operation, and leaves behind how its real price is booked. A client that leaves pays
 * the estimate: nobody gets work for nothing by hanging up.
 */
export function budget(parts: Parts): Gate {
  const { limiter, accountOf, clock, effective, priceOf, usesOf } = parts;
  return async (admission) => {
    const { context, variables } = admission;
    const running = effective(admission);
    const price = priceOf(running);
    const points = Math.max(leastPoints, price.estimate(variables));
    const account = accountOf(context.call.caller, context.address);
    const fields = context.wantsBreakdown ? price.breakdown(variables) : undefined;
    const asked = { caller: context.call.caller, account, points, uses: usesOf({ ...running, variables }) };
    const report = (actual: number | null, throttle: Throttle): CostReport =>
      costReport({ requested: points, actual, throttle, fields }, clock.now());
    if (context.pricesOnly) {
      context.outcome.quote = quoteOf(
        { points, account, breakdown: price.breakdown(variables) },
        await chargeOne(parts, context),
      );
      return;
    }
    const held = await limiter.hold(asked).catch((error: unknown) => {
      remember(context, error, report);
      throw error;
    });
    context.outcome.budget = callBudget({ account, points, throttle: held.throttle }, clock.now());
    context.outcome.settle = async ({ data, left }) => {
      const actual = left ? points : Math.max(leastPoints, price.actual(data as Record<string, unknown>, variables));
      return report(actual, await held.capture(actual));
    };
  };
}

type Payer = Pick<Parts, 'limiter' | 'accountOf'>;

/** Books one point for a price that was asked. */
function chargeOne({ limiter, accountOf }: Payer, { call: { caller }, address }: RequestContext): Promise<Throttle> {
  return limiter.charge({ caller, account: accountOf(caller, address), points: leastPoints, uses: [] });
}

/** Books one point for a text that never became an operation, so that guessing costs as well. */
export const chargeText =
  (parts: Payer & Pick<Parts, 'clock'>) =>
  async (context: RequestContext): Promise<CostReport> =>
    costReport({ requested: leastPoints, actual: leastPoints, throttle: await chargeOne(parts, context) }, parts.clock.now());

/** Refusals tell what is left as answers do. */
function remember({ outcome }: RequestContext, error: unknown, report: (actual: null, throttle: Throttle) => CostReport): void {
  if (!(error instanceof ExpectedError) || !isThrottled(error)) return;
  outcome.settle = async () => report(null, error.throttle);
}

const isThrottled = (error: ExpectedError): error is ExpectedError & { readonly throttle: Throttle } => 'throttle' in error;

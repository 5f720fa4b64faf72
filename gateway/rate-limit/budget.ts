import type { Admission, CacheLookup, CostReport, Gate, RequestContext } from '#gateway/request.ts';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { FieldUse } from './account.ts';
import { callBudget } from './call-budget.ts';
import type { Throttle } from './limiter.ts';
import type { Payer } from './point.ts';
import { bookPoint, chargePoint, isThrottled, leastPoints } from './point.ts';
import { quoteOf } from './quote.ts';
import { costReport } from './report.ts';

type Operation = Pick<Admission, 'document' | 'operation'>;
type Variables = Admission['variables'];

/** What the budget needs to know of an operation's price. */
type PricedOperation = {
  readonly estimate: (variables: Variables) => number;
  readonly breakdown: (variables: Variables) => readonly object[];
  readonly actual: (data: Readonly<Record<string, unknown>> | null | undefined, variables: Variables) => number;
};

type Parts = Payer & {
  readonly clock: Clock;
  /** What will run of an operation for its caller. */
  readonly effective: (admission: Admission) => Operation;
  readonly priceOf: (operation: Operation) => PricedOperation;
  readonly usesOf: (running: Operation & { readonly variables: Variables }) => readonly FieldUse[];
};

/**
 * Reserves the estimated points of an operation, and leaves behind how its real price is booked. A client that leaves pays
 * the estimate: nobody gets work for nothing by hanging up. An answer that was kept as a whole costs its reading alone.
 */
export function budget(parts: Parts): Gate {
  const { limiter, accountOf, clock, effective, priceOf, usesOf } = parts;
  return async (admission) => {
    const { context, variables } = admission;
    const running = effective(admission);
    const price = priceOf(running);
    const estimate = price.estimate(variables);
    const points = Math.max(leastPoints, estimate);
    const account = accountOf(context.call.caller, context.address);
    const { caller } = context.call;
    const fields = (): readonly object[] => (estimate < points ? [leastPrice(running)] : price.breakdown(variables));
    const report = (actual: number | null, throttle: Throttle): CostReport =>
      costReport({ requested: points, actual, throttle, ...(context.wantsBreakdown && { fields: fields() }) }, clock.now());
    const refused = (error: unknown): never => {
      settleRefusal(error, { parts, context, report });
      throw error;
    };
    if (context.pricesOnly) {
      const left = await chargePoint(parts, context).catch(refused);
      const { headers } = report(leastPoints, left);
      context.outcome.quote = { headers, body: quoteOf({ points, account, breakdown: fields() }, left) };
      return;
    }
    const held = await limiter.hold({ caller, account, points, uses: usesOf({ ...running, variables }) }).catch(refused);
    context.outcome.budget = callBudget({ account, points, throttle: held.throttle }, clock.now());
    context.outcome.settle = async ({ data, left }) => {
      const brought = data as Record<string, unknown>;
      const ran = isKept(context.outcome.lookups) ? leastPoints : Math.max(leastPoints, price.actual(brought, variables));
      const actual = left ? points : ran;
      context.outcome.spent = actual;
      return report(actual, held.capture(actual));
    };
  };
}

/** Whether all of an answer was kept, so that nobody had to be asked for it. */
const isKept = (lookups: readonly CacheLookup[] = []): boolean =>
  lookups.length > 0 && lookups.every(({ status, ttlSeconds }) => answersAlone.has(status) && ttlSeconds > 0);

/** What stands in for a failed call is stale as well, and holds for no time. */
const answersAlone: ReadonlySet<CacheLookup['status']> = new Set(['hit', 'stale', 'negative']);

const rootTypes = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

/** An operation whose fields are all free has a price of its own. */
const leastPrice = ({ operation }: Operation) => ({
  path: '',
  coordinate: rootTypes[operation.operation],
  instances: 1,
  cost: leastPoints,
});

type Refused = {
  readonly parts: Payer;
  readonly context: RequestContext;
  readonly report: (actual: number | null, throttle: Throttle) => CostReport;
};

/** Refusals tell the price and what is left, as answers do. What never fits costs the point of its reading, where there is one. */
function settleRefusal(error: unknown, { parts, context, report }: Refused): void {
  if (isThrottled(error)) context.outcome.settle = async () => report(null, error.throttle);
  else if (error instanceof ExpectedError)
    context.outcome.settle = async () => {
      const { extension, headers } = await bookPoint(parts, context, report).catch(() => {
        throw error;
      });
      return { extension, headers };
    };
}

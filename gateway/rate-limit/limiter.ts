import { randomUUID } from 'node:crypto';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Account, FieldUse } from './account.ts';
import { costPolicy, holdRequest, policiesOf, requestsMeter } from './account.ts';
import type { Bucket, Decision, Expired, HoldRequest, Refused } from './bucket.ts';

/** What an account has left, in the words of the answer (design section 5). */
export type Throttle = {
  readonly maximumAvailable: number;
  readonly currentlyAvailable: number;
  /** Points restored each second. */
  readonly restoreRate: number;
  readonly requests: { readonly limit: number; readonly remaining: number };
  /** Part of the plan that holds at the moment; absent where all of it does. */
  readonly loadFactor?: number;
};

/** Points that are reserved for one operation until it is known what it took. */
type Held = {
  readonly estimate: number;
  readonly throttle: Throttle;
  /** Books what it really took; the reservation is over. Says what is left then, before it is booked. */
  readonly capture: (actual: number) => Throttle;
};

/** Hears of every point that moves. */
export type Ledger = {
  readonly held: (entry: Entry) => void;
  readonly captured: (entry: Entry) => void;
  /** A reservation whose gateway died: charged with its estimate. */
  readonly expired: (entry: Entry) => void;
};

export type Entry = {
  readonly organization: string;
  readonly keyId: string;
  readonly reservation: string;
  readonly points: number;
};

type Asked = {
  readonly caller: Caller;
  readonly account: Account;
  readonly points: number;
  readonly uses: readonly FieldUse[];
};

/** What was decided by which plan; of a refusal, which limit stood in the way of which key (empty for people). */
export type OnDecision = (
  decision: Decision['kind'],
  plan: string,
  refusal?: { readonly limit: string; readonly keyId: string },
) => void;

type Parts = {
  readonly bucket: Bucket;
  readonly ledger: Ledger;
  /** After so long a reservation is charged in full: the deadline of a request and some seconds. */
  readonly lifetimeMs: number;
  readonly onDecision?: OnDecision;
};

export type Limiter = {
  /** Reserves points for an operation. @throws ExpectedError COST_LIMIT_EXCEEDED or RATE_LIMITED */
  readonly hold: (asked: Asked) => Promise<Held>;
  /** Books points at once, for work that is already done. @throws the same */
  readonly charge: (asked: Asked) => Promise<Throttle>;
  /** What an account has left; takes nothing. */
  readonly look: (account: Account) => Promise<Left>;
  /** Charges the reservations whose time is up. */
  readonly settle: (account: Account) => Promise<void>;
  /** Done when everything that was captured so far is booked. */
  readonly booked: () => Promise<void>;
};

/** What an account has left altogether, and of each field that its plan limits by coordinate. */
type Left = {
  readonly throttle: Throttle;
  readonly operations: Readonly<Record<string, { readonly limit: number; readonly remaining: number }>>;
};

/** Decides by the account's plan whether an operation may run now. */
export function limiter({ bucket, ledger, lifetimeMs, onDecision }: Parts): Limiter {
  const tell = (organization: string, expired: readonly Expired[]): void => {
    for (const { reservation, points } of expired)
      ledger.expired({ organization, keyId: keyOf(reservation), reservation, points });
  };
  const decide = async (verb: 'hold' | 'charge', { caller, account, points, uses }: Asked) => {
    const keyId = caller.keyId ?? '';
    if (points > account.limits.maxQueryCost) onDecision?.('never', account.plan, { limit: 'query', keyId });
    refuseLarge(points, account);
    const reservation = `${encodeURIComponent(keyId)}/${randomUUID()}`;
    const request = holdRequest(account, { client: `${caller.kind} ${caller.subject}`, reservation, points, lifetimeMs, uses });
    const decision = softened(await bucket[verb](request), account, points);
    tell(account.organization, decision.expired);
    onDecision?.(decision.kind, account.plan, decision.kind === 'admitted' ? undefined : { limit: decision.limit, keyId });
    if (decision.kind !== 'admitted') throw refusal(decision, points, { account, request });
    const entry: Entry = { organization: account.organization, keyId, reservation, points };
    ledger.held(entry);
    return { request, entry, throttle: throttleOf(decision.available, { account, request }) };
  };
  const booking = new Set<Promise<void>>();
  const book = async (request: HoldRequest, entry: Entry, actual: number): Promise<void> => {
    const { captured, expired } = await bucket.capture(request, actual);
    tell(entry.organization, expired);
    // What was not captured has ended by itself, or will: then it is told as expired.
    if (captured) ledger.captured({ ...entry, points: actual });
  };
  return {
    async hold(asked) {
      const { request, entry, throttle } = await decide('hold', asked);
      return {
        estimate: asked.points,
        throttle,
        capture(actual) {
          // Whoever loses a capture says so; the reservation ends charged.
          const one = book(request, entry, actual).catch(() => undefined);
          booking.add(one);
          void one.then(() => booking.delete(one));
          // The answer does not wait for its booking: what was held and not taken is left again.
          return { ...throttle, currentlyAvailable: throttle.currentlyAvailable + asked.points - actual };
        },
      };
    },
    async charge(asked) {
      const { entry, throttle } = await decide('charge', asked);
      ledger.captured(entry);
      return throttle;
    },
    async look(account) {
      const uses = Object.keys(account.limits.operations).map((coordinate) => ({ coordinate, uses: 0 }));
      const asked = holdRequest(account, { client: '', reservation: '', points: 0, lifetimeMs, uses });
      const request = { ...asked, meters: asked.meters.map((meter) => ({ ...meter, amount: 0 })) };
      const { available, expired } = await bucket.charge(request);
      tell(account.organization, expired);
      return { throttle: throttleOf(available, { account, request }), operations: fieldsLeft(available, request) };
    },
    async settle(account) {
      const { organization } = account;
      const policies = policiesOf(account);
      tell(organization, await bucket.settle({ organization, policies }));
    },
    async booked() {
      await Promise.all(booking);
    },
  };
}

/** A refusal that knows what is left. */
class LimitError extends ExpectedError {
  readonly throttle: Throttle;

  constructor(message: string, throttle: Throttle, extensions: Readonly<Record<string, unknown>>) {
    super('RATE_LIMITED', message, { extensions });
    this.throttle = throttle;
  }
}

/** An operation beyond the plan's largest one is refused before anything is asked. */
function refuseLarge(points: number, { plan, limits }: Account): void {
  if (points <= limits.maxQueryCost) return;
  throw neverFits(points, limits.maxQueryCost, `an operation of the plan ${plan} may cost ${limits.maxQueryCost} at most`);
}

const neverFits = (estimated: number, max: number, rule: string): ExpectedError =>
  new ExpectedError('COST_LIMIT_EXCEEDED', `This operation is priced at ${estimated} points; ${rule}. Waiting does not help.`, {
    extensions: { cost: { estimated, max } },
  });

/** Time after which a load may be over. */
const busyMs = 5_000;

/** What only the load of this moment makes too large for its plan is asked to come back, not told never. */
function softened(decision: Decision, { limits }: Account, points: number): Decision {
  if (decision.kind !== 'never' || decision.limit !== costPolicy || points > limits.capacity) return decision;
  return { ...decision, kind: 'wait', limit: 'load', waitMs: busyMs };
}

/** Rates are rounded down to millionths, which makes a wait some microseconds longer: less than the way to the client. */
const toleranceMs = 0.1;

type Decided = { readonly account: Account; readonly request: HoldRequest };

function refusal({ kind, limit, waitMs, available }: Refused, points: number, decided: Decided): ExpectedError {
  const { request } = decided;
  const meter = request.meters.find(({ name }) => name === limit);
  if (kind === 'never' && meter !== undefined)
    return neverFits(points, meter.capacity, `it uses ${limit} ${meter.amount} times and its plan allows ${meter.capacity}`);
  if (kind === 'never') {
    const max = request.policies.find(({ name }) => name === limit)?.capacity ?? 0;
    return neverFits(points, max, `the plan holds ${max} at most`);
  }
  const retryAfter = Math.max(1, Math.ceil((waitMs - toleranceMs) / 1_000));
  const throttle = throttleOf(available, decided);
  const { requests: _, ...throttleStatus } = throttle;
  return new LimitError(`${sentence(limit)} Come back in ${retryAfter} s.`, throttle, {
    limit,
    retryAfter,
    cost: { requestedQueryCost: points, actualQueryCost: null, throttleStatus },
  });
}

function sentence(limit: string): string {
  if (limit === 'in-flight') return 'Too many operations of this organization run at the moment.';
  if (limit === requestsMeter) return 'The requests of this minute are used up.';
  if (limit === costPolicy) return 'The points of this organization are used up.';
  if (limit === 'load') return 'The gateway is overloaded, and plans are smaller than this operation for the moment.';
  if (limit === 'unavailable') return 'The budget of this plan cannot be read at the moment.';
  return `The limit ${limit} is used up.`;
}

function throttleOf(available: readonly number[], { account: { loadFactor }, request: { policies, meters } }: Decided): Throttle {
  const [cost] = policies;
  const requests = meters.findIndex(({ name }) => name === requestsMeter);
  return {
    maximumAvailable: cost?.capacity ?? 0,
    currentlyAvailable: Math.floor(available[0] ?? 0),
    restoreRate: cost?.perSecond ?? 0,
    requests: {
      limit: meters[requests]?.capacity ?? 0,
      remaining: Math.max(0, Math.floor(available[policies.length + requests] ?? 0)),
    },
    ...(loadFactor < 1 && { loadFactor }),
  };
}

const fieldsLeft = (available: readonly number[], { policies, meters }: HoldRequest): Left['operations'] =>
  Object.fromEntries(
    meters.flatMap(({ name, capacity }, at) =>
      name === requestsMeter
        ? []
        : [[name, { limit: capacity, remaining: Math.max(0, Math.floor(available[policies.length + at] ?? 0)) }]],
    ),
  );

/** A reservation's name says whose key pays, so that whoever finds it expired can write it down. */
const keyOf = (reservation: string): string => decodeURIComponent(reservation.slice(0, reservation.indexOf('/')));

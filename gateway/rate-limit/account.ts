import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import type { Plan, PlanOverride, Plans } from '#kit/plans.ts';
import type { HoldRequest, Meter, Policy } from './bucket.ts';

/** Who pays for an operation, and by which limits. */
export type Account = {
  /** The organization, or the address of a stranger. */
  readonly organization: string;
  /** Whose requests and uses of fields are counted: a person, a key's organization, an address. */
  readonly owner: string;
  readonly plan: string;
  readonly limits: Plan;
  /** Part of the limits that holds at the moment, 1 unless the gateway is overloaded. What the plan allows at all stays. */
  readonly loadFactor: number;
};

type Options = {
  readonly plans: () => Plans;
  /** What the caller has otherwise than its plan; later ones win. */
  readonly overrides: (caller: Caller) => readonly PlanOverride[];
  readonly clock: Clock;
  readonly onMissingPlan: (plan: string) => void;
  /** Part of every plan that the load of this process leaves; all of it unless given. */
  readonly loadFactor?: (() => number) | undefined;
};

/** Finds the account of a caller. A plan that nobody has described counts as `default`, and somebody hears of it. */
export function accounts({
  plans,
  overrides,
  clock,
  onMissingPlan,
  loadFactor = () => 1,
}: Options): (caller: Caller, address: string) => Account {
  return (caller, address) => {
    const known = plans();
    if (!known.has(caller.plan)) onMissingPlan(caller.plan);
    const limits = known.get(caller.plan) ?? known.get('default');
    if (limits === undefined) throw new Error('There is no plan named default.');
    return {
      organization: caller.kind === 'anonymous' ? `address ${address}` : caller.organization,
      owner: ownerOf(caller, address),
      plan: caller.plan,
      limits: overrides(caller).reduce((now, override) => overridden(now, override, clock.now()), limits),
      loadFactor: loadFactor(),
    };
  };
}

const overridden = (limits: Plan, { until, ...override }: PlanOverride, now: number): Plan =>
  until !== undefined && Date.parse(until) <= now ? limits : { ...limits, ...override };

/** People of one organization do not use up each other's requests; a partner's keys share theirs. */
function ownerOf({ kind, organization, subject }: Caller, address: string): string {
  if (kind === 'anonymous') return `address ${address}`;
  return kind === 'user' ? `user ${subject}` : `organization ${organization}`;
}

/** Uses of a field that has a limit of its own, such as `{ coordinate: 'Mutation.submitGraphQuery', uses: 3 }`. */
export type FieldUse = {
  readonly coordinate: string;
  readonly uses: number;
  readonly limit?: number;
  readonly windowSeconds?: number;
};

type Asked = {
  readonly client: string;
  readonly reservation: string;
  readonly points: number;
  readonly lifetimeMs: number;
  readonly uses: readonly FieldUse[];
};

/** Name of the policy that callers are told about. */
export const costPolicy = 'cost';
export const requestsMeter = 'requests';

/** Everything that one operation asks of its account. */
export function holdRequest(account: Account, { uses, ...asked }: Asked): HoldRequest {
  const { organization, owner, limits, loadFactor } = account;
  return {
    ...asked,
    organization,
    maxInFlight: limits.maxInFlight,
    policies: policiesOf(account),
    meters: [requests(owner, limits.requestsPerMinute, loadFactor), ...uses.flatMap((use) => fieldMeter(use, owner, limits))],
    whenAway: limits.whenAway,
  };
}

/** The points that an account may spend: its capacity first, then its windows. */
export function policiesOf({ limits, loadFactor }: Pick<Account, 'limits' | 'loadFactor'>): readonly Policy[] {
  const windows = Object.entries(limits.windows).map(
    ([name, { points, windowSeconds }]): Policy => ({ name, capacity: points, perSecond: points / windowSeconds }),
  );
  const capacity = part(limits.capacity, loadFactor);
  return [{ name: costPolicy, capacity, perSecond: limits.restorePerSecond * loadFactor }, ...windows];
}

const part = (whole: number, factor: number): number => (factor < 1 ? Math.floor(whole * factor) : whole);

const requests = (owner: string, perMinute: number, loadFactor: number): Meter => ({
  name: requestsMeter,
  owner,
  amount: 1,
  // Load slows a plan down; it never closes one.
  capacity: Math.min(perMinute, Math.max(1, part(perMinute, loadFactor))),
  perSecond: (perMinute * loadFactor) / 60,
});

/** The plan's limit of a field wins over the schema's. */
function fieldMeter({ coordinate, uses, limit, windowSeconds }: FieldUse, owner: string, { operations }: Plan): readonly Meter[] {
  const declared = limit === undefined || windowSeconds === undefined ? undefined : { limit, windowSeconds };
  const found = operations[coordinate] ?? declared;
  if (found === undefined) return [];
  return [{ name: coordinate, owner, amount: uses, capacity: found.limit, perSecond: found.limit / found.windowSeconds }];
}

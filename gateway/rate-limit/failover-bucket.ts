import { CountBreaker, circuitBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import { inTime } from '#kit/in-time.ts';
import type { Bucket, Capture, Decision, HoldRequest, WhenAway } from './bucket.ts';

type Parts = {
  /** The budget of all replicas. */
  readonly shared: Bucket;
  /** The budget of this one, for the time when the shared one cannot be asked. */
  readonly local: Bucket;
  /** How many replicas share the budget; each takes so large a part of it by itself. */
  readonly replicas: number;
  /** Hears when the shared budget is given up and when it is back. */
  readonly onDegraded?: (degraded: boolean) => void;
  /** Hears of a capture that could not be told: the reservation ends by itself, charged in full. */
  readonly onLostCapture?: () => void;
};

export type FailoverBucket = Bucket & {
  /** True while decisions are made by this replica alone. */
  readonly degraded: () => boolean;
};

/** How long the shared budget may take. */
const patienceMs = 50;

/** How long the shared budget is left alone before it is tried again; replicas must not come back all at once. */
const recoveryMs = 500;
const jitterMs = 250;

/**
 * Asks the shared budget, and decides alone while that is away: a slow limiter must not become an outage. A reservation is
 * captured where it was made. What was spent alone is not told later: one outage may give at most one capacity more.
 */
export function failoverBucket({ shared, local, replicas, onDegraded, onLostCapture }: Parts): FailoverBucket {
  const circuit = circuitBreaker(handleAll, {
    halfOpenAfter: recoveryMs + Math.random() * jitterMs,
    breaker: new CountBreaker({ size: 20, threshold: 0.24, minimumNumberOfCalls: 5 }),
  });
  let degraded = false;
  const tell = (now: boolean): void => {
    if (now !== degraded) onDegraded?.(now);
    degraded = now;
  };
  const madeHere = new WeakSet<HoldRequest>();
  // Asked, but not answered in time: the shared budget may hold them as well.
  const outcomeUnknown = new WeakSet<HoldRequest>();
  const alone: Record<WhenAway, (request: HoldRequest, verb: 'hold' | 'charge') => Promise<Decision>> = {
    local: async (request, verb) => softened(await local[verb](share(request, replicas))),
    open: async (request) => ({ kind: 'admitted', available: full(request), expired: [] }),
    closed: async (request) => ({ kind: 'wait', limit: 'unavailable', waitMs: 1_000, available: full(request), expired: [] }),
  };
  const decide = async (request: HoldRequest, verb: 'hold' | 'charge'): Promise<Decision> => {
    try {
      const decision = await circuit.execute(() => inTime(shared[verb](request), patienceMs));
      tell(false);
      return decision;
    } catch (error) {
      tell(true);
      madeHere.add(request);
      if (!isBrokenCircuitError(error)) outcomeUnknown.add(request);
      return alone[request.whenAway](request, verb);
    }
  };
  const captureHere = async (request: HoldRequest, actual: number): Promise<Capture> => {
    const [here, there] = await Promise.all([
      local.capture(share(request, replicas), actual),
      // Else it would end there as well, charged and told a second time.
      outcomeUnknown.has(request) ? askInTime(shared.capture(request, actual)).catch(() => undefined) : undefined,
    ]);
    return { ...here, expired: [...here.expired, ...(there?.expired ?? [])] };
  };
  /** Sent also while the circuit is open: it was made there, and nobody waits for it. */
  const captureThere = (request: HoldRequest, actual: number): Promise<Capture> =>
    shared.capture(request, actual).catch(() => {
      onLostCapture?.();
      return untold(request);
    });
  const askInTime = <Answer>(asked: Promise<Answer>): Promise<Answer> => {
    // The circuit, when open, does not look at it.
    asked.catch(() => undefined);
    return circuit.execute(() => inTime(asked, patienceMs));
  };
  return {
    degraded: () => degraded,
    hold: (request) => decide(request, 'hold'),
    charge: (request) => decide(request, 'charge'),
    async capture(request, actual) {
      if (madeHere.has(request) && request.whenAway !== 'local') return { ...untold(request), captured: true };
      if (madeHere.has(request)) return captureHere(request, actual);
      return captureThere(request, actual);
    },
    async settle(request) {
      const here = await local.settle({ ...request, policies: request.policies.map(partOf(replicas)) });
      return [...here, ...(await shared.settle(request).catch(() => []))];
    },
  };
}

const full = ({ policies, meters }: HoldRequest): readonly number[] => [...policies, ...meters].map(({ capacity }) => capacity);

const untold = (request: HoldRequest): Capture => ({ captured: false, available: full(request), expired: [] });

/** One replica's part of every limit, so that all parts together stay within it. */
function share(request: HoldRequest, replicas: number): HoldRequest {
  const part = partOf(replicas);
  return {
    ...request,
    maxInFlight: Math.ceil(request.maxInFlight / replicas),
    policies: request.policies.map(part),
    meters: request.meters.map(part),
  };
}

type Rate = { readonly capacity: number; readonly perSecond: number };

const partOf =
  (replicas: number) =>
  <Limit extends Rate>(limit: Limit): Limit => ({
    ...limit,
    capacity: limit.capacity / replicas,
    perSecond: limit.perSecond / replicas,
  });

/** What exceeds this replica's part alone may well fit the whole budget: it is asked to come back, not told never. */
const softened = (decision: Decision): Decision =>
  decision.kind === 'never' ? { ...decision, kind: 'wait', waitMs: 1_000 } : decision;

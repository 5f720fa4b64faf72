import type { IBreaker } from 'cockatiel';
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, CountBreaker, circuitBreaker, handleWhenResult } from 'cockatiel';
import type { WellAt } from './circuit-rest.ts';
import { circuitRest } from './circuit-rest.ts';
import { upstreamError } from './errors.ts';
import type { Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';
import { stackless } from './stackless.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

type Options = {
  /** Public alias of the upstream. */
  readonly service: string;
  /** Failures in a row that open the circuit. */
  readonly failureThreshold: number;
  /** Time the circuit stays open before it is tried again. */
  readonly recoveryMs: number;
  /** When somebody else found the upstream well, which ends that time early. */
  readonly wellAt?: WellAt | undefined;
  /** Hears of every change of state. */
  readonly onChange?: (state: BreakerState) => void;
};

/** Calls that are let through half-open; all of them must succeed. */
const probes = 3;

/** Also opens when half of the last 20 calls failed; the library counts what is over its threshold. */
const sample = { size: 20, threshold: 0.499, minimumNumberOfCalls: 20 } as const;

/**
 * Stops calling an upstream that fails: a 5xx, a timeout or a broken connection is a failure, a 4xx never, and neither is
 * a caller who goes away. While open, calls fail at once; urgent ones are made and do not count.
 */
export function breaker({ service, failureThreshold, recoveryMs, wellAt, onChange }: Options): Layer<RestRequest, RestResponse> {
  const rest = circuitRest({ recoveryMs, wellAt });
  const policy = circuitBreaker(
    handleWhenResult((outcome) => isOutcome(outcome) && outcome.kind === 'answered' && outcome.response.status >= 500).orWhen(
      () => true,
    ),
    {
      halfOpenAfter: rest.backoff,
      halfOpenSampling: { calls: probes, threshold: 0 },
      breaker: either(new ConsecutiveBreaker(failureThreshold), new CountBreaker(sample)),
    },
  );
  policy.onStateChange((state) => {
    rest.changed(state);
    onChange?.(nameOf(state));
  });
  let probing = 0;
  policy.onHalfOpen(() => {
    probing = 0;
  });
  const isProbed = (): boolean => policy.state === CircuitState.HalfOpen && probing >= probes;
  const counted = (next: Next, request: RestRequest): Promise<Outcome> => {
    if (policy.state === CircuitState.HalfOpen) probing += 1;
    return attempt(next, request);
  };
  /** While the circuit is open, which is when there are many, the library makes an error for each call. */
  const run = (call: () => Promise<Outcome>): Promise<Outcome> =>
    policy.state === CircuitState.Open ? stackless(() => policy.execute(call)) : policy.execute(call);
  const guarded = async (next: Next, request: RestRequest): Promise<RestResponse> => {
    try {
      // The library lets further callers wait for the probes; failing at once is better for them.
      if (isProbed()) throw stackless(() => new BrokenCircuitError());
      const outcome = await run(() => counted(next, request));
      if (outcome.kind === 'answered') return outcome.response;
      throw outcome.reason;
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw upstreamError('UPSTREAM_UNAVAILABLE', service, { cause: error });
      throw error;
    }
  };
  return (next) => (request) => (request.urgent === true ? next(request) : guarded(next, request));
}

type Next = (request: RestRequest) => Promise<RestResponse>;

type Outcome =
  | { readonly kind: 'answered'; readonly response: RestResponse }
  /** The caller went away or its time is up: this tells nothing of the upstream. */
  | { readonly kind: 'given up'; readonly reason: unknown };

const isOutcome = (value: unknown): value is Outcome => typeof value === 'object' && value !== null && 'kind' in value;

async function attempt(next: Next, request: RestRequest): Promise<Outcome> {
  try {
    return { kind: 'answered', response: await next(request) };
  } catch (reason) {
    if (request.signal.aborted) return { kind: 'given up', reason };
    throw reason;
  }
}

/** Opens as soon as one of two breakers would. */
const either = (left: IBreaker, right: IBreaker): IBreaker => ({
  get state() {
    return [left.state, right.state];
  },
  set state(state) {
    if (Array.isArray(state)) [left.state, right.state] = state;
  },
  success(state) {
    left.success(state);
    right.success(state);
  },
  failure(state) {
    // Both must count, so neither may be skipped.
    const opens = [left.failure(state), right.failure(state)];
    return opens.includes(true);
  },
});

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}

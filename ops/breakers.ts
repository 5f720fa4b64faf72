import type { BreakerState } from '#kit/circuit-breaker.ts';
import type { Clock } from '#kit/clock.ts';
import type { UpstreamCall } from '#kit/upstream-call.ts';

/** A service's circuit as people are told of it; times in RFC 3339. */
type BreakerReport = {
  readonly state: BreakerState;
  /** Calls that failed since the last one that did not. */
  readonly failure_count: number;
  readonly last_failure_time: string | null;
  /** When an open circuit is tried again at the latest. */
  readonly next_attempt_time: string | null;
};

export type Breakers = {
  /** Names a service whose circuit is closed, and how long it stays open when it opens. */
  readonly know: (service: string, recoveryMs: number) => void;
  readonly changed: (service: string, state: BreakerState) => void;
  /** Hears whether another circuit before the same service is open. */
  readonly suspect: (service: string, isSuspected: boolean) => void;
  /** True while a service's health is worth asking for more often. */
  readonly isSuspect: (service: string) => boolean;
  /** Hears that a question for a service's health, asked then, was answered well. */
  readonly well: (service: string, askedAt: number) => void;
  readonly wellAt: (service: string) => number;
  readonly called: (call: Pick<UpstreamCall, 'service' | 'code'>) => void;
  readonly stateOf: (service: string) => BreakerState;
  readonly report: () => Readonly<Record<string, BreakerReport>>;
};

type Kept = {
  state: BreakerState;
  failures: number;
  failedAt: number | undefined;
  openedAt: number;
  wellAt: number;
  recoveryMs: number;
  isSuspected: boolean;
};

/** Failures of the service itself; a refusal is none. */
const failures: ReadonlySet<string | undefined> = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'INTERNAL_SERVER_ERROR']);

const unknown: Kept = {
  state: 'closed',
  failures: 0,
  failedAt: undefined,
  openedAt: 0,
  wellAt: 0,
  recoveryMs: 0,
  isSuspected: false,
};

/** Remembers what became of each service's circuit. */
export function breakers(clock: Clock): Breakers {
  const known = new Map<string, Kept>();
  const kept = (service: string): Kept => {
    const found = known.get(service) ?? { ...unknown };
    known.set(service, found);
    return found;
  };
  return {
    know(service, recoveryMs) {
      kept(service).recoveryMs = recoveryMs;
    },
    changed(service, state) {
      const circuit = kept(service);
      circuit.state = state;
      if (state === 'open') circuit.openedAt = clock.now();
    },
    suspect(service, isSuspected) {
      kept(service).isSuspected = isSuspected;
    },
    isSuspect(service) {
      const circuit = known.get(service);
      return circuit !== undefined && (circuit.state !== 'closed' || circuit.isSuspected);
    },
    well(service, askedAt) {
      const circuit = known.get(service);
      if (circuit !== undefined) circuit.wellAt = askedAt;
    },
    wellAt: (service) => known.get(service)?.wellAt ?? 0,
    called({ service, code }) {
      const circuit = kept(service);
      const failed = failures.has(code);
      circuit.failures = failed ? circuit.failures + 1 : 0;
      if (failed) circuit.failedAt = clock.now();
    },
    stateOf: (service) => known.get(service)?.state ?? 'closed',
    report: () =>
      Object.fromEntries(
        [...known].map(([service, { state, failures: count, failedAt, openedAt, recoveryMs }]) => [
          service,
          {
            state,
            failure_count: count,
            last_failure_time: timeOf(failedAt),
            next_attempt_time: timeOf(state === 'open' ? openedAt + recoveryMs : undefined),
          },
        ]),
      ),
  };
}

const timeOf = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

import { bulkhead } from './bulkhead.ts';
import { callRate } from './call-rate.ts';
import type { BreakerState } from './circuit-breaker.ts';
import { breaker } from './circuit-breaker.ts';
import type { WellAt } from './circuit-rest.ts';
import type { Clock } from './clock.ts';
import type { Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';
import { retryReads } from './retry-reads.ts';
import { tracesCalls } from './tracing.ts';

type Options = {
  /** Public alias of the upstream. */
  readonly service: string;
  /** Calls that the upstream allows in a minute; any number by default. */
  readonly callsPerMinute?: number | undefined;
  readonly clock: Clock;
  /** Whether an upstream that fails is left alone for a while. */
  readonly circuitBreaker: boolean;
  /** Failures in a row that open the circuit. */
  readonly failureThreshold: number;
  /** Seconds that the circuit stays open. */
  readonly recoverySeconds: number;
  /** When the upstream was found well, by whoever asks for its health. */
  readonly wellAt?: WellAt | undefined;
  readonly onBreakerChange: (state: BreakerState) => void;
  /** Calls under way at once. */
  readonly connections: number;
  /** Calls that may wait for one of them to end. */
  readonly queue: number;
};

/**
 * What stands between a call and the network, for the laboratory's services and for subgraphs over HTTP alike. A call and
 * its retry are one to the breaker, and each takes a place of the bulkhead of its own.
 */
export function resilience(options: Options): readonly Layer<RestRequest, RestResponse>[] {
  const { service, callsPerMinute, clock, failureThreshold, recoverySeconds, wellAt, onBreakerChange } = options;
  return [
    ...(callsPerMinute === undefined ? [] : [callRate({ service, perMinute: callsPerMinute, clock })]),
    ...(options.circuitBreaker
      ? [breaker({ service, failureThreshold, recoveryMs: recoverySeconds * 1_000, wellAt, onChange: onBreakerChange })]
      : []),
    retryReads(),
    bulkhead({ service, running: options.connections, waiting: options.queue }),
    tracesCalls(service),
  ];
}

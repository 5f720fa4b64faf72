import type { BreakerState } from '#kit/circuit-breaker.ts';
import { systemClock } from '#kit/clock.ts';
import { resilience } from '#kit/resilience.ts';
import type { Config } from './config.ts';
import { deadline } from './fetch/deadline.ts';
import { forwardedHeaders } from './fetch/forwarded-headers.ts';
import { selections } from './limits/selections.ts';
import type { FetchLayer, Gate } from './request.ts';

/*
 * A REQUEST'S LIFE
 *
 *   socket
 *     http/server        request id, body size, media type, client gone → signal
 *     http/body          JSON, nesting of JSON and of brackets before any parser recurses
 *     Apollo Server      parse (token limit) and validate, once per operation text
 *     gates              below, in this order; each lets pass or throws
 *     plan/engine        query plan, once per operation text
 *     per subgraph call  layers below, the first one outermost, then the transport: local, or http with its own layers
 *     response/          errors masked, request id, status by media type
 *   socket
 */

/** What an operation must pass before it is planned. */
export const gates = ({ limits }: Config): readonly Gate[] => [selections(limits)];

/** What stands between a call to an HTTP subgraph and the network: circuit breaker, one retry of queries, bulkhead. */
export const transportLayers = (service: string, { fetch }: Config, onBreakerChange: (state: BreakerState) => void) =>
  resilience({ ...fetch, service, clock: systemClock, onBreakerChange });

/** What wraps every call to a subgraph. */
export const fetchLayers = ({ fetch }: Config): readonly FetchLayer[] => [deadline(fetch), forwardedHeaders()];

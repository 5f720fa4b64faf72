import type { ValidationRule } from 'graphql';
import type { BreakerState } from '#kit/circuit-breaker.ts';
import { systemClock } from '#kit/clock.ts';
import { resilience } from '#kit/resilience.ts';
import type { Authorize } from './authorization/authorization.ts';
import { filterDenied, refuseDenied } from './authorization/enforce.ts';
import { introspection } from './authorization/introspection.ts';
import type { CacheLayers } from './cache/open-cache.ts';
import type { Config } from './config.ts';
import { deadline } from './fetch/deadline.ts';
import { forwardedHeaders } from './fetch/forwarded-headers.ts';
import { observed } from './fetch/observe.ts';
import { traces } from './fetch/traces.ts';
import { strangers } from './identity/strangers.ts';
import { documentLimits } from './limits/document-limits.ts';
import type { Unregistered } from './limits/operation-texts.ts';
import { operationTexts } from './limits/operation-texts.ts';
import type { Registry } from './limits/registry.ts';
import { reservedAlias } from './limits/reserved-alias.ts';
import { textStore } from './limits/text-store.ts';
import { uploadPlaces } from './limits/upload-places.ts';
import { variableTypes } from './limits/variables.ts';
import type { Observer } from './observer.ts';
import type { OverloadGuard } from './overload/guard.ts';
import { shed } from './overload/shed.ts';
import { tracesExecution } from './plan/traces.ts';
import { pricesOnly } from './rate-limit/prices-only.ts';
import type { FetchLayer, Gate, OperationLayer, RequestContext, RequestLayer } from './request.ts';

/*
 * A REQUEST'S LIFE
 *
 *   socket
 *     http/edge          client address behind trusted proxies, address lists, addresses that only guess, CORS
 *     http/server        request id, body size, media type, client gone → signal
 *     overload/          refused unseen while memory runs out
 *     identity/          who is calling, from the credential alone
 *     http/body          JSON, nesting of JSON and of brackets before any parser recurses
 *     http/form          files of a multipart request into bounded memory, in their places among the variables
 *     request layers     below, the first one outermost; after them every operation is a text
 *     Apollo Server      parse (token limit), document rules below, validate, once per operation text
 *     gates              below, in this order; each lets pass or throws
 *     operation layers   below, the first one outermost, around planning and execution
 *     plan/engine        query plan, once per operation text and set of rights
 *     execution/         the plan as compiled code: fetches, entities, merging, the shape of the answer
 *     per subgraph call  layers below, the first one outermost, then the transport: local, or http with its own layers
 *     response/          errors masked, request id, status by media type
 *   socket
 */

/** What stages need of the supergraph that an engine was built for. */
type EngineStages = {
  readonly authorize: Authorize;
  /** Reserves the points of an operation, where there are limits. */
  readonly spend?: Gate | undefined;
  /** Knows how much this process can still do. */
  readonly guard: OverloadGuard;
};

type RequestStages = {
  readonly registry: Registry;
  readonly onUnregistered: (found: Unregistered) => void;
  /** Books a point for a request that is refused here. */
  readonly onRefusal?: (context: RequestContext) => Promise<unknown>;
};

/** What wraps a request before anything of its operation is parsed. */
export const requestLayers = ({ operationTexts: options }: Config, stages: RequestStages): readonly RequestLayer[] => [
  operationTexts({ mode: options.mode, texts: textStore(options), ...stages }),
];

/** What a text must pass beside the rules of GraphQL, once. */
export const documentRules = ({ limits }: Config): readonly ValidationRule[] => [documentLimits(limits), reservedAlias];

/** What an operation must pass before it is planned. */
export const gates = (
  { identity, limits, plan, authorization }: Config,
  { authorize, spend }: Pick<EngineStages, 'authorize' | 'spend'>,
): readonly Gate[] => [
  strangers(identity),
  uploadPlaces,
  variableTypes(limits),
  introspection({ open: plan.openIntrospection }),
  ...(authorization.mode === 'reject' ? [refuseDenied(authorize)] : []),
  // Last: what is refused before costs a point for its text alone.
  ...(spend === undefined ? [] : [spend]),
];

/** What wraps the planning and execution of an operation. */
export const operationLayers = ({ authorize, guard }: EngineStages, cache?: CacheLayers): readonly OperationLayer[] => [
  tracesExecution(),
  pricesOnly,
  shed(guard),
  filterDenied(authorize),
  // Innermost: it answers what would be planned and run.
  ...(cache === undefined ? [] : [cache.answers]),
];

/** What stands between a call to an HTTP subgraph and the network: circuit breaker, one retry of queries, bulkhead. */
export const transportLayers = (service: string, { fetch }: Config, onBreakerChange: (state: BreakerState) => void) =>
  resilience({ ...fetch, service, clock: systemClock, onBreakerChange });

/** What wraps every call to a subgraph; the last one sees only calls that are made. */
export const fetchLayers = (
  { fetch }: Config,
  { subgraphCalled }: Pick<Observer, 'subgraphCalled'>,
  cache?: CacheLayers,
): readonly FetchLayer[] => [
  traces(),
  // Outside of the deadline: a mutation that ran out of time may have written.
  ...(cache === undefined ? [] : [cache.written]),
  deadline(fetch),
  forwardedHeaders(),
  ...(cache === undefined ? [] : [cache.reads, cache.coalesce, cache.writtenLate]),
  observed(subgraphCalled),
];

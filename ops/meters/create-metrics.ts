import type { BreakerState } from '#kit/circuit-breaker.ts';
import type { Clock } from '#kit/clock.ts';
import { isCode, statusOf } from '#kit/errors.ts';
import type { UpstreamCall } from '#kit/upstream-call.ts';
import { graphEndpoint } from './graph-paths.ts';
import { loopDelay } from './loop-delay.ts';
import type { OperationName } from './operation-names.ts';
import { operationNames } from './operation-names.ts';
import type { Recent } from './recent.ts';
import { recentRequests } from './recent.ts';
import type { Meters } from './registry.ts';
import { meterRegistry } from './registry.ts';
import { other } from './room.ts';

type AnsweredRequest = {
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  readonly isOperation: boolean;
  readonly operation?: OperationName;
  readonly codes: readonly unknown[];
  /** Points as they were reserved, and as they were booked. */
  readonly reserved?: number;
  readonly spent?: number;
};

type SubgraphCall = {
  readonly service: string;
  readonly operation?: OperationName;
  readonly seconds: number;
  /** Codes of its errors, each once. */
  readonly codes: readonly unknown[];
};

/** Which limit refused which key; the key is empty for people. */
type LimitHit = { readonly limit: string; readonly keyId: string };

const limitTypes: ReadonlySet<string> = new Set(['query', 'cost', 'requests', 'in-flight', 'load']);

/** Limits of fields are named by their coordinates, windows by names of a plan. */
function limitType(limit: string): string {
  if (limitTypes.has(limit)) return limit;
  return limit.includes('.') ? 'operation' : 'window';
}

type LookupStatus = 'hit' | 'stale' | 'miss' | 'negative' | 'bypass';

/** Totals of this process for people; counters of Prometheus tell the same by label. */
export type Totals = {
  readonly requests: number;
  readonly failed: number;
  readonly connections: number;
  /** Look-ups that the cache answered, and all that it could have answered. */
  readonly cacheHits: number;
  readonly cacheLookups: number;
  /** Statements of the graph service by how they stand. */
  readonly statements: { readonly active: number; readonly completed: number; readonly failed: number };
};

export type Metrics = Disposable & {
  readonly connections: (change: 1 | -1) => void;
  readonly requestEnded: (request: AnsweredRequest) => void;
  readonly subgraphCalled: (call: SubgraphCall) => void;
  readonly upstreamCalled: (call: UpstreamCall) => void;
  /** A statement of the graph service begins; what is returned ends it. */
  readonly queryStarted: (query: { readonly graph: string; readonly kind: string }) => (ok: boolean) => void;
  readonly breakerChanged: (service: string, state: BreakerState) => void;
  /** Names a service whose circuit is closed, so that it stands in the metrics from the start. */
  readonly breakerKnown: (service: string) => void;
  /** `refusal` where it was one; the limit is told by its kind. */
  readonly limitDecided: (decision: string, plan: string, refusal?: LimitHit) => void;
  readonly lookedUp: (lookup: { readonly subgraph: string; readonly status: LookupStatus }) => void;
  readonly cacheFailed: (fault: { readonly kind: string }) => void;
  readonly cacheCompared: (compared: { readonly subgraph: string; readonly result: string }) => void;
  readonly planLookedUp: (result: 'hit' | 'miss') => void;
  readonly planned: (seconds: number) => void;
  readonly supergraphReloaded: (ok: boolean) => void;
  readonly servicesReloaded: (ok: boolean) => void;
  readonly reportLost: () => void;
  readonly linesDropped: (lines: number) => void;
  readonly totals: () => Totals;
  readonly recent: Pick<Recent, 'perSecond' | 'times'>;
  /** Statements of the graph service that have ended, as `recent` is of requests. */
  readonly recentStatements: Pick<Recent, 'perSecond' | 'times'>;
  readonly text: () => Promise<string>;
  /** The same as data, for adding up with other processes. */
  readonly snapshot: () => Promise<readonly object[]>;
  readonly contentType: string;
};

type Options = {
  readonly clock: Clock;
  /** True while budgets are decided by this process alone. */
  readonly limitsDegraded?: () => boolean;
};

const breakerValues: Readonly<Record<BreakerState, number>> = { closed: 0, open: 1, 'half-open': 0.5 };

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE']);

/** What the stages tell becomes the metrics of ops/metrics.ts. */
export function createMetrics({ clock, limitsDegraded = () => false }: Options): Metrics {
  const { meters, text, snapshot, contentType } = meterRegistry();
  const endpointOf = operationNames();
  const recent = recentRequests(clock);
  const delay = loopDelay();
  const totals = { requests: 0, failed: 0, connections: 0, cacheHits: 0, cacheLookups: 0 };
  const statements = statementMeter(meters, clock);
  const operationEnded = (request: AnsweredRequest): void => {
    const endpoint = endpointOf(request.operation);
    meters.requests.add(['gateway', endpoint, String(request.status)]);
    meters.requestSeconds.observe(request.seconds, ['gateway', endpoint]);
    recent.add(request.seconds);
    totals.requests += 1;
    if (hasFailed(request)) {
      meters.failedRequests.add();
      totals.failed += 1;
    }
    if (request.reserved !== undefined) meters.costPoints.observe(request.reserved, ['estimated']);
    if (request.spent !== undefined) meters.costPoints.observe(request.spent, ['actual']);
  };
  const measured =
    <Told>(tell: () => Told) =>
    (): Told => {
      setGauges(meters, { totals, perSecond: recent.perSecond(), degraded: limitsDegraded(), delay });
      return tell();
    };
  return {
    connections(change) {
      totals.connections += change;
    },
    requestEnded(request) {
      meters.httpRequests.add([methods.has(request.method) ? request.method : other, String(request.status)]);
      meters.httpSeconds.observe(request.seconds);
      if (request.isOperation) operationEnded(request);
    },
    subgraphCalled({ service, operation, seconds, codes }) {
      const endpoint = endpointOf(operation);
      meters.requests.add([service, endpoint, String(codes.length === 0 ? 200 : Math.max(...codes.map(statusFor)))]);
      meters.requestSeconds.observe(seconds, [service, endpoint]);
      for (const code of new Set(codes)) meters.subgraphErrors.add([service, isCode(code) ? code : other]);
    },
    ...graphMetrics(meters),
    queryStarted: statements.started,
    breakerKnown: (service) => meters.breakerState.set(0, [service]),
    breakerChanged(service, state) {
      meters.breakerState.set(breakerValues[state], [service]);
      meters.breakerChanges.add([service, state]);
    },
    limitDecided(decision, plan, refusal) {
      meters.limitDecisions.add([decision, plan]);
      if (refusal !== undefined) meters.limitHits.add([limitType(refusal.limit), refusal.keyId]);
    },
    lookedUp({ subgraph, status }, times = 1) {
      meters.cacheLookups.add([subgraph, status], times);
      if (status === 'bypass') return;
      totals.cacheLookups += times;
      if (status !== 'miss') totals.cacheHits += times;
    },
    cacheFailed: ({ kind }) => meters.cacheFaults.add([kind]),
    cacheCompared: ({ subgraph, result }) => meters.cacheComparisons.add([subgraph, result]),
    planLookedUp: (result) => meters.planCache.add([result]),
    planned: (seconds) => meters.planningSeconds.observe(seconds),
    ...processMetrics(meters),
    totals: () => ({ ...totals, statements: statements.counts() }),
    recent,
    recentStatements: statements.recent,
    contentType,
    text: measured(text),
    snapshot: measured(snapshot),
    [Symbol.dispose]: () => delay[Symbol.dispose](),
  };
}

type Measured = {
  readonly totals: Pick<Totals, 'connections' | 'cacheHits' | 'cacheLookups'>;
  readonly perSecond: number;
  readonly degraded: boolean;
  readonly delay: { readonly seconds: () => number };
};

/** What is not counted as it happens, but looked at when somebody asks. */
function setGauges(meters: Meters, { totals, perSecond, degraded, delay }: Measured): void {
  meters.connections.set(totals.connections);
  meters.requestRate.set(perSecond);
  meters.cacheHitRate.set(hitRate(totals));
  meters.limitDegraded.set(degraded ? 1 : 0);
  meters.loopDelay.set(delay.seconds());
}

/** What the graph service's own dashboards look for. */
const graphMetrics = (meters: Meters): Pick<Metrics, 'upstreamCalled'> => ({
  upstreamCalled({ service, method, path, organization, seconds, status, code }) {
    if (service !== 'graph') return;
    const endpoint = graphEndpoint(path);
    meters.graphRequests.add([method, endpoint, String(status ?? 'none'), organization || 'none']);
    meters.graphSeconds.observe(seconds, [method, endpoint]);
    if (code !== undefined) meters.graphErrors.add([code, endpoint]);
  },
});

const processMetrics = (
  meters: Meters,
): Pick<Metrics, 'supergraphReloaded' | 'servicesReloaded' | 'reportLost' | 'linesDropped'> => ({
  supergraphReloaded: (ok) => meters.reloads.add([ok ? 'ok' : 'failed']),
  servicesReloaded: (ok) => meters.servicesReloads.add([ok ? 'ok' : 'failed']),
  reportLost: () => meters.lostReports.add([], 1),
  linesDropped: (lines) => meters.droppedLines.add([], lines),
});

/** Statements as the dashboards of the graph service count them, and as people are told of them. */
function statementMeter(meters: Meters, clock: Clock) {
  const recent = recentRequests(clock);
  const counts = { active: 0, completed: 0, failed: 0 };
  const started: Metrics['queryStarted'] = ({ graph, kind }) => {
    const began = performance.now();
    counts.active += 1;
    meters.graphQueries.add();
    return (ok) => {
      const seconds = (performance.now() - began) / 1e3;
      counts.active -= 1;
      counts[ok ? 'completed' : 'failed'] += 1;
      recent.add(seconds);
      meters.graphQueries.add([], -1);
      // A graph that is not there has a name that somebody made up.
      meters.graphQuerySeconds.observe(seconds, [ok ? graph : other, kind]);
    };
  };
  return { started, recent, counts: () => ({ ...counts }) };
}

/** Per cent of the look-ups that the cache answered; 0 before there was one. */
export const hitRate = ({ cacheHits, cacheLookups }: Pick<Totals, 'cacheHits' | 'cacheLookups'>): number =>
  cacheLookups === 0 ? 0 : (cacheHits / cacheLookups) * 100;

const hasFailed = ({ status, codes }: AnsweredRequest): boolean =>
  status >= 500 || codes.some((code) => typeof code === 'string' && code.startsWith('UPSTREAM_'));

/** The status of a proxy that a call with such an error stands for. */
const upstreamStatuses: Readonly<Record<string, number>> = {
  UPSTREAM_TIMEOUT: 504,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_INVALID_RESPONSE: 502,
  UPSTREAM_REJECTED: 502,
  UPSTREAM_RATE_LIMITED: 429,
};

const statusFor = (code: unknown): number => {
  if (typeof code !== 'string') return 500;
  return upstreamStatuses[code] ?? (isCode(code) ? statusOf(code) : 500);
};

/** What one metric is. `most` bounds its sets of label values, so that no client can make it grow. */
export type Declaration = {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly labels: readonly string[];
  /** Most sets of label values, the one that takes the overflow included; 1 for a metric without labels. */
  readonly most: number;
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
  /** What a gauge of several processes of one port is together; their sum when left out. */
  readonly together?: 'max' | 'average';
};

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const points = [1, 10, 50, 100, 500, 1_000, 5_000, 10_000];

/**
 * Every metric of a gateway process beside those of Node itself. Names come from the services that this gateway follows and
 * from design section 7. All of them together have at most 2,000 series, which a test adds up.
 */
export const declarations = {
  requests: {
    kind: 'counter',
    name: 'api_gateway_requests_total',
    help: 'GraphQL requests (service gateway) and calls to subgraphs, by HTTP status or the one that a failed call stands for.',
    unit: 'requests',
    labels: ['service', 'endpoint', 'status'],
    most: 325,
  },
  requestSeconds: {
    kind: 'histogram',
    name: 'api_gateway_request_duration_seconds',
    help: 'Time of GraphQL requests (service gateway) and of calls to subgraphs.',
    unit: 'seconds',
    labels: ['service', 'endpoint'],
    most: 34,
    buckets: seconds,
  },
  failedRequests: {
    kind: 'counter',
    name: 'api_gateway_requests_failed_total',
    help: 'GraphQL requests that were answered with a status from 500 on, or with an error of an upstream.',
    unit: 'requests',
    labels: [],
    most: 1,
  },
  requestRate: {
    kind: 'gauge',
    name: 'api_gateway_requests_per_second',
    help: 'GraphQL requests a second over the last ten seconds, of this process.',
    unit: 'requests a second',
    labels: [],
    most: 1,
  },
  connections: {
    kind: 'gauge',
    name: 'api_gateway_active_connections',
    help: 'Open sockets of the public listener.',
    unit: 'sockets',
    labels: [],
    most: 1,
  },
  cacheHitRate: {
    kind: 'gauge',
    together: 'average',
    name: 'api_gateway_cache_hit_rate',
    help: 'Look-ups in the cache that it answered, since the start; those that went past it do not count.',
    unit: 'per cent',
    labels: [],
    most: 1,
  },
  breakerState: {
    kind: 'gauge',
    together: 'max',
    name: 'circuit_breaker_state',
    help: 'Circuit of a service: 0 closed, 1 open, 0.5 half-open.',
    unit: 'state',
    labels: ['service'],
    most: 20,
  },
  breakerChanges: {
    kind: 'counter',
    name: 'circuit_breaker_state_changes_total',
    help: 'Changes of a service’s circuit, by the state that it changed to.',
    unit: 'changes',
    labels: ['service', 'state'],
    most: 58,
  },
  httpRequests: {
    kind: 'counter',
    name: 'http_requests_total',
    help: 'HTTP requests to the public listener; 499 is a client that left.',
    unit: 'requests',
    labels: ['method', 'status'],
    most: 80,
  },
  httpSeconds: {
    kind: 'histogram',
    name: 'http_request_duration_seconds',
    help: 'Time of HTTP requests to the public listener.',
    unit: 'seconds',
    labels: [],
    most: 1,
    buckets: seconds,
  },
  graphRequests: {
    kind: 'counter',
    name: 'rocketgraph_requests_total',
    help: 'Calls to the graph service.',
    unit: 'calls',
    labels: ['method', 'endpoint', 'status_code', 'organization_id'],
    most: 200,
  },
  graphSeconds: {
    kind: 'histogram',
    name: 'rocketgraph_request_duration_seconds',
    help: 'Time of calls to the graph service.',
    unit: 'seconds',
    labels: ['method', 'endpoint'],
    most: 12,
    buckets: seconds,
  },
  graphQuerySeconds: {
    kind: 'histogram',
    name: 'rocketgraph_query_execution_seconds',
    help: 'Time of statements of the graph service, from sending one to its rows.',
    unit: 'seconds',
    labels: ['dataset_id', 'query_type'],
    most: 8,
    buckets: seconds,
  },
  graphQueries: {
    kind: 'gauge',
    name: 'rocketgraph_active_queries',
    help: 'Statements of the graph service that somebody waits for.',
    unit: 'statements',
    labels: [],
    most: 1,
  },
  graphErrors: {
    kind: 'counter',
    name: 'rocketgraph_errors_total',
    help: 'Failed calls to the graph service, by the code that the failure stands for.',
    unit: 'calls',
    labels: ['error_type', 'endpoint'],
    most: 60,
  },
  costPoints: {
    kind: 'histogram',
    name: 'gateway_cost_points',
    help: 'Price of operations: estimated before they ran, actual by what they brought.',
    unit: 'points',
    labels: ['kind'],
    most: 3,
    buckets: points,
  },
  limitDecisions: {
    kind: 'counter',
    name: 'gateway_rate_limit_decisions_total',
    help: 'Decisions over budgets: admitted, wait (429), never (400).',
    unit: 'decisions',
    labels: ['decision', 'plan'],
    most: 40,
  },
  limitHits: {
    kind: 'counter',
    name: 'rocketgraph_rate_limit_hits_total',
    help: 'Refusals by limits: query, cost, requests, in-flight, load, window or operation; api_key_id is empty for people.',
    unit: 'refusals',
    labels: ['limit_type', 'api_key_id'],
    most: 48,
  },
  limitDegraded: {
    kind: 'gauge',
    together: 'max',
    name: 'gateway_rate_limit_degraded',
    help: '1 while this process decides over budgets alone because Redis is away, else 0.',
    unit: 'flag',
    labels: [],
    most: 1,
  },
  cacheLookups: {
    kind: 'counter',
    name: 'gateway_cache_lookups_total',
    help: 'Look-ups in the cache: hit, stale, miss, negative, bypass.',
    unit: 'look-ups',
    labels: ['subgraph', 'status'],
    most: 64,
  },
  cacheFaults: {
    kind: 'counter',
    name: 'gateway_cache_faults_total',
    help: 'What was wrong with the cache: unavailable, corrupt, mismatch, oversize, malformed.',
    unit: 'faults',
    labels: ['kind'],
    most: 8,
  },
  cacheComparisons: {
    kind: 'counter',
    name: 'gateway_cache_shadow_total',
    help: 'Kept answers compared with what their subgraph says: matches, mismatches, failed.',
    unit: 'answers',
    labels: ['subgraph', 'result'],
    most: 25,
  },
  planningSeconds: {
    kind: 'histogram',
    name: 'gateway_query_planning_seconds',
    help: 'Time of planning an operation that had no plan.',
    unit: 'seconds',
    labels: [],
    most: 1,
    buckets: seconds,
  },
  planCache: {
    kind: 'counter',
    name: 'gateway_plan_cache_total',
    help: 'Look-ups of query plans: hit or miss.',
    unit: 'look-ups',
    labels: ['result'],
    most: 3,
  },
  subgraphErrors: {
    kind: 'counter',
    name: 'gateway_subgraph_errors_total',
    help: 'Calls to subgraphs with an error, once for each code.',
    unit: 'calls',
    labels: ['subgraph', 'code'],
    most: 120,
  },
  loopDelay: {
    kind: 'gauge',
    together: 'max',
    name: 'gateway_event_loop_delay_seconds',
    help: 'How late the event loop came to one timer in a hundred, over the last seconds.',
    unit: 'seconds',
    labels: [],
    most: 1,
  },
  reloads: {
    kind: 'counter',
    name: 'gateway_supergraph_reloads_total',
    help: 'Attempts to take over a newer supergraph: ok or failed; a failed one leaves the old one serving.',
    unit: 'attempts',
    labels: ['result'],
    most: 3,
  },
  servicesReloads: {
    kind: 'counter',
    name: 'gateway_services_reloads_total',
    help: 'Attempts to reach services in another way while running: ok or failed; a failed one leaves everything as it was.',
    unit: 'attempts',
    labels: ['result'],
    most: 3,
  },
  lostReports: {
    kind: 'counter',
    name: 'gateway_error_reports_lost_total',
    help: 'Reports of unexpected errors that the hook did not take.',
    unit: 'reports',
    labels: [],
    most: 1,
  },
  droppedLines: {
    kind: 'counter',
    name: 'gateway_log_lines_dropped_total',
    help: 'Log lines that were lost because nobody took them in time.',
    unit: 'lines',
    labels: [],
    most: 1,
  },
} as const satisfies Readonly<Record<string, Declaration>>;

export type MetricName = keyof typeof declarations;

/** Series that a metric can have at most; a histogram has one for each bucket, `+Inf`, the sum and the count. */
export const mostSeries = ({ most, buckets }: Declaration): number => most * (buckets === undefined ? 1 : buckets.length + 3);

/** The table of README, which a test holds to this file. */
export function metricTable(): string {
  const rows = Object.values<Declaration>(declarations).map(
    ({ name, kind, labels, unit, help }) => `| \`${name}\` | ${kind} | ${labels.join(', ')} | ${unit} | ${help} |`,
  );
  return ['| metric | kind | labels | unit | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

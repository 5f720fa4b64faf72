type Kind = 'counter' | 'gauge' | 'histogram';

/**
 * What the gateway exports, by name and kind, as design.md section 7 and the scoreboard have it. Once `ops/metrics.ts` is
 * here, this table gives way to its registry.
 */
const metrics: Readonly<Record<string, Kind>> = {
  api_gateway_requests_total: 'counter',
  api_gateway_request_duration_seconds: 'histogram',
  api_gateway_requests_failed_total: 'counter',
  api_gateway_active_connections: 'gauge',
  api_gateway_cache_hit_rate: 'gauge',
  circuit_breaker_state: 'gauge',
  circuit_breaker_state_changes_total: 'counter',
  http_requests_total: 'counter',
  http_request_duration_seconds: 'histogram',
  rocketgraph_requests_total: 'counter',
  rocketgraph_request_duration_seconds: 'histogram',
  rocketgraph_query_execution_seconds: 'histogram',
  rocketgraph_active_queries: 'gauge',
  rocketgraph_errors_total: 'counter',
  gateway_cost_points: 'histogram',
  gateway_rate_limit_decisions_total: 'counter',
  gateway_rate_limit_degraded: 'gauge',
  gateway_cache_lookups_total: 'counter',
  gateway_query_planning_seconds: 'histogram',
  gateway_plan_cache_total: 'counter',
  gateway_subgraph_errors_total: 'counter',
  gateway_event_loop_delay_seconds: 'gauge',
  gateway_supergraph_reloads_total: 'counter',
  process_cpu_seconds_total: 'counter',
  process_resident_memory_bytes: 'gauge',
};

/** Names as they stand in a scrape: a histogram has three. */
export const exportedNames: ReadonlySet<string> = new Set(
  Object.entries(metrics).flatMap(([name, kind]) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

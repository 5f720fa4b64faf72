import type { Environment } from './upstream-settings.ts';
import { upstreamVariables } from './upstream-settings.ts';

/**
 * Names that deployments of gateways before this one use, and the variables of ours that they fill. Names which are
 * ours as they stand (LOG_LEVEL, GATEWAY_PORT, CORS_ORIGINS, JWT_SECRET_KEY, …) need no entry; names of features that
 * are not offered are ignored.
 */
export const aliases: Readonly<Record<string, readonly string[]>> = {
  // Universal API gateway (seed 000).
  API_GATEWAY_HOST: ['GATEWAY_HOST'],
  API_GATEWAY_PORT: ['GATEWAY_PORT'],
  API_GATEWAY_LOG_LEVEL: ['LOG_LEVEL'],
  API_GATEWAY_MAX_CONNECTIONS: ['MAX_CONNECTIONS'],
  API_GATEWAY_MAX_CACHE_SIZE: ['CACHE_MAX_ENTRIES'],
  API_GATEWAY_MAX_CONN_PER_HOST: [
    'SUBGRAPH_CONNECTIONS',
    ...upstreamVariables.filter((name) => name.endsWith('_SERVICE_CONNECTIONS')),
  ],
  // Gateway of the service discovery (seed 002).
  RUST_LOG: ['LOG_LEVEL'],
  JWT_SECRET: ['JWT_SECRET_KEY'],
  MONGODB_URL: ['MONGODB_URI'],
  ENABLE_METRICS: ['METRICS_ENABLED'],
  // Graph API (seed 003): the one secret of the application, which ours uses between its own processes.
  SECRET_KEY: ['SUBGRAPH_SECRET'],
  ENABLE_QUERY_CACHING: ['CACHE_ENABLED'],
  PROMETHEUS_ENABLED: ['METRICS_ENABLED'],
  PROMETHEUS_PORT: ['ADMIN_PORT'],
};

/** The environment with every variable of ours that only another name fills; our own names win. */
export function withAliases(environment: Environment): Environment {
  const filled = Object.entries(aliases).flatMap(([name, targets]) => {
    const value = environment[name];
    return value === undefined ? [] : targets.map((target) => [target, value] as const);
  });
  return { ...Object.fromEntries(filled), ...environment };
}

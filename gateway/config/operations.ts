import { resolve } from 'node:path';
import { z } from 'zod';
import type { ProcessVariables } from './process.ts';
import type { Values } from './values.ts';
import { count, countOrNone, flag, list, milliseconds } from './values.ts';

const path = z.string().regex(/^(\/[\w.~-]+)+$/, 'is a path such as /metrics');
const seconds = z.coerce.number().positive().max(86_400);
const token = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'is no token that a header can carry')
  .optional();

/** What those who run the gateway see of it, and where. */
export const operationsVariables = {
  /** Log file; standard error without one. It is put aside when it would exceed LOG_MAX_BYTES and each day; LOG_KEEP of those stay. */
  LOG_FILE: z.string().optional(),
  LOG_MAX_BYTES: count.default(100 * 1024 * 1024),
  LOG_KEEP: count.default(14),
  /** Most characters of log lines that wait for a slow reader; what comes beyond them is lost and counted. */
  LOG_BUFFER: count.default(4 * 1024 * 1024),
  /** Whether every request gets a line. */
  ENABLE_ACCESS_LOG: flag.default(true),
  /** From so long on an operation stands in the performance log. */
  SLOW_OPERATION_MS: milliseconds.default(1_000),
  /** Module whose default export is called with each unexpected error: `{ time, name, code, requestId, service, version }`. */
  ERROR_HOOK_PATH: z.string().optional(),
  /** For the hook of ERROR_HOOK_PATH, which may use them; nothing else here does. */
  SENTRY_DSN: z.string().optional(),
  DATADOG_API_KEY: z.string().optional(),
  /** Whether metrics are offered at all, and at which path. */
  METRICS_ENABLED: flag.default(true),
  METRICS_PATH: path.default('/metrics'),
  /** Whether the public listener offers metrics too: to its own network, and to who brings METRICS_TOKEN. */
  METRICS_ON_MAIN: flag.default(true),
  METRICS_TOKEN: token,
  /** Seconds between measurements of processor, memory and disk. */
  METRICS_EXPORT_INTERVAL: seconds.default(30),
  /** Where health is told; `<path>/detailed` stands beside it. */
  HEALTH_PATH: path.default('/health'),
  /** Seconds between questions to every service and store, and until one counts as timed out. */
  HEALTH_CHECK_INTERVAL: seconds.default(30),
  HEALTH_CHECK_TIMEOUT: seconds.default(5),
  /** Services and stores without which this gateway is unhealthy, such as `auth,mongodb`; of others it is degraded. */
  HEALTH_CRITICAL: list.default([]),
  /** Listener for operators; without ADMIN_TOKEN it has health and metrics alone. */
  ADMIN_ENABLED: flag.default(true),
  ADMIN_HOST: z.string().default('127.0.0.1'),
  ADMIN_PORT: countOrNone.max(65_535).default(9_090),
  ADMIN_TOKEN: token,
};

type Variables = Values<typeof operationsVariables>;

export const logSettings = (variables: Variables & ProcessVariables) => ({
  level: variables.LOG_LEVEL,
  file: variables.LOG_FILE,
  maxBytes: variables.LOG_MAX_BYTES,
  keep: variables.LOG_KEEP,
  maxWaiting: variables.LOG_BUFFER,
  access: variables.ENABLE_ACCESS_LOG,
  slowSeconds: variables.SLOW_OPERATION_MS / 1_000,
  errorHookPath: variables.ERROR_HOOK_PATH === undefined ? undefined : resolve(variables.ERROR_HOOK_PATH),
  unheard: (['SENTRY_DSN', 'DATADOG_API_KEY'] as const).filter(
    (name) => variables[name] !== undefined && variables.ERROR_HOOK_PATH === undefined,
  ),
});

export const operationsSettings = (variables: Variables & ProcessVariables, apiPrefix: string) => ({
  environment: variables.ENVIRONMENT,
  metrics: {
    enabled: variables.METRICS_ENABLED,
    onMain: variables.METRICS_ON_MAIN,
    path: variables.METRICS_PATH,
    token: variables.METRICS_TOKEN,
  },
  measureMs: variables.METRICS_EXPORT_INTERVAL * 1_000,
  health: {
    path: variables.HEALTH_PATH,
    prefix: apiPrefix,
    everyMs: variables.HEALTH_CHECK_INTERVAL * 1_000,
    timeoutMs: variables.HEALTH_CHECK_TIMEOUT * 1_000,
    critical: new Set(variables.HEALTH_CRITICAL),
  },
  admin: variables.ADMIN_ENABLED
    ? {
        host: variables.ADMIN_HOST,
        port: variables.ADMIN_PORT,
        token: variables.ADMIN_TOKEN,
        // Two gateways of a developer need no second port.
        anyPortInstead: variables.ENVIRONMENT === 'development',
      }
    : undefined,
});

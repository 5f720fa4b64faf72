import { z } from 'zod';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { isRedisUrl, redisUrlRule } from '#kit/redis.ts';
import type { Values } from './values.ts';
import { flag, milliseconds } from './values.ts';

/** Levels as other loggers call them. */
const levelNames = new Map([
  ['warning', 'warn'],
  ['critical', 'fatal'],
]);
const level = z
  .string()
  .toLowerCase()
  .transform((name) => levelNames.get(name) ?? name)
  .pipe(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']));

/** What the whole process goes by. */
export const processVariables = {
  /** `development` starts a sandbox for every service without a URL; `production` starts none. */
  ENVIRONMENT: z.enum(['development', 'test', 'staging', 'production']).default('development'),
  /** `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. */
  LOG_LEVEL: level.default('info'),
  /** Signs who is calling for subgraphs that run elsewhere; they have the same one. */
  SUBGRAPH_SECRET: z.string().default(developmentSecrets.SUBGRAPH_SECRET),
  /** Redis that all processes share: redis(s)://host, redis+sentinel://host,host/master or redis+cluster://host,host. Without one, each process keeps its own memory. */
  REDIS_URL: z.string().refine(isRedisUrl, redisUrlRule).optional(),
  /** File with PEM certificates to trust for `rediss`, in place of the system's. */
  REDIS_CA_FILE: z.string().optional(),
  /** YAML file of `server`, `logging`, `metrics`, `rate_limiting`, `service_discovery` and `health_check`; variables that are set win over it. */
  CONFIG_PATH: z.string().optional(),
  /** JSON file of upstreams: URL, credential, timeout, rate and breaker by service name; wins over the variables of a service. It, and files with their tokens and certificates, are looked at every SERVICES_POLL_MS. */
  SERVICES_PATH: z.string().optional(),
  SERVICES_POLL_MS: milliseconds.default(1_000),
  /** Parse, validation and variable errors answer 200 to `application/json`. */
  LEGACY_JSON_STATUS: flag.default(true),
};

export type ProcessVariables = Values<typeof processVariables>;

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames } from '#kit/service-names.ts';
import type { ServiceEntry } from '#kit/services-file.ts';
import { readServicesFile } from '#kit/services-file.ts';
import type { Environment, UpstreamSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';

const milliseconds = z.coerce.number().int().positive();
const count = z.coerce.number().int().positive();
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const pathPrefix = z.string().regex(/^(\/[\w.~-]+)*$/, 'is a path such as /api/v1/public');

/** Every variable of the gateway with its default; those of the laboratory's services stand in kit/upstream-settings.ts. */
const Variables = z.object({
  /** `development` starts a sandbox for every service without a URL; `production` starts none. */
  ENVIRONMENT: z.enum(['development', 'test', 'staging', 'production']).default('development'),
  /** Address to listen on; 127.0.0.1 in development, 0.0.0.0 otherwise. */
  GATEWAY_HOST: z.string().optional(),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(8_000),
  /** Second place of the API: `<prefix>/graphql`. */
  API_PREFIX: pathPrefix.default('/api/v1/public'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),

  /** Signs who is calling for subgraphs that run elsewhere; they have the same one. */
  SUBGRAPH_SECRET: z.string().default(developmentSecrets.SUBGRAPH_SECRET),

  /** JSON file of upstreams: URL, credential, timeout, rate and breaker by service name; wins over the variables of a service. */
  SERVICES_PATH: z.string().optional(),

  /** Supergraph file to serve in place of the built-in one; watched. */
  SUPERGRAPH_PATH: z.string().optional(),
  /** File `[{ "name", "url" }]` of subgraphs to compose by introspection; watched. */
  SUBGRAPH_LIST: z.string().optional(),
  /** How often the supergraph file is looked at, and the subgraphs of SUBGRAPH_LIST are asked for their schema. */
  SUPERGRAPH_POLL_MS: milliseconds.default(1_000),
  SUBGRAPH_POLL_MS: milliseconds.default(30_000),

  /** Time of one call to one subgraph. */
  SUBGRAPH_TIMEOUT_MS: milliseconds.default(10_000),
  /** Time of a whole request. */
  REQUEST_TIMEOUT_MS: milliseconds.default(15_000),
  /** Most sockets to one HTTP subgraph. */
  SUBGRAPH_CONNECTIONS: count.default(128),
  /** Failures in a row that open the circuit of a subgraph or service, and seconds that it stays open. */
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: count.default(5),
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT: z.coerce.number().positive().default(60),
  /** Calls to one HTTP subgraph that may wait for a free socket. */
  SUBGRAPH_QUEUE: z.coerce.number().int().min(0).default(1_000),
  /** Longest answer of an HTTP subgraph, in bytes. */
  MAX_SUBGRAPH_BYTES: count.default(10 * 1024 * 1024),
  /** Client headers that HTTP subgraphs get, comma-separated. */
  FORWARD_HEADERS: list.default(['authorization', 'traceparent', 'tracestate']),
  /** HTTP subgraphs whose own error messages clients may read, comma-separated; ours by default, of a foreign supergraph none. */
  SHOW_SUBGRAPH_ERRORS: list.optional(),

  /** Requests on one connection before it is closed, so that a load balancer spreads anew; 0 for no limit. */
  MAX_REQUESTS_PER_SOCKET: z.coerce.number().int().min(0).default(1_000),
  /** Longest request body, and longest query text within it, in bytes and characters. */
  MAX_BODY_BYTES: count.default(1024 * 1024),
  MAX_QUERY_LENGTH: count.default(256 * 1024),
  /** Deepest nesting of brackets in a query and of JSON in a body. */
  MAX_NESTING: count.default(64),
  MAX_TOKENS: count.default(2_000),
  /** Most fields of an operation with fragments counted at each use. */
  MAX_SELECTIONS: count.default(10_000),
  /** Points that every mutation costs in addition; length of a list of which the schema says nothing. */
  COST_MUTATION_BASE: z.coerce.number().int().min(0).default(10),
  COST_DEFAULT_LIST_SIZE: count.default(10),
  /** Most query plans that the planner compares for one operation. */
  MAX_EVALUATED_PLANS: count.default(1_000),
  /** Parse, validation and variable errors answer 200 to `application/json`. */
  LEGACY_JSON_STATUS: flag.default(true),
});

export type Config = ReturnType<typeof readConfig>;

/**
 * Reads the environment once, completely; empty counts as absent.
 * @throws Error with one line for each variable that cannot be read
 */
export function readConfig(environment: Environment) {
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = Variables.safeParse(Object.fromEntries(given));
  if (!parsed.success)
    throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  const variables = parsed.data;
  return Object.freeze({
    environment: variables.ENVIRONMENT,
    http: Object.freeze({
      host: variables.GATEWAY_HOST ?? (variables.ENVIRONMENT === 'development' ? '127.0.0.1' : '0.0.0.0'),
      port: variables.GATEWAY_PORT,
      apiPrefix: variables.API_PREFIX,
      requestTimeoutMs: variables.REQUEST_TIMEOUT_MS,
      forwardHeaders: variables.FORWARD_HEADERS.map((name) => name.toLowerCase()),
      maxRequestsPerSocket: variables.MAX_REQUESTS_PER_SOCKET,
      maxBodyBytes: variables.MAX_BODY_BYTES,
      maxQueryLength: variables.MAX_QUERY_LENGTH,
      maxNesting: variables.MAX_NESTING,
      development: variables.ENVIRONMENT === 'development',
    }),
    secrets: Object.freeze({ subgraph: variables.SUBGRAPH_SECRET }),
    log: Object.freeze({ level: variables.LOG_LEVEL }),
    supergraph: Object.freeze({
      foreign: isForeign(variables),
      path: variables.SUPERGRAPH_PATH,
      list: variables.SUBGRAPH_LIST,
      pollMs: variables.SUPERGRAPH_POLL_MS,
      listPollMs: variables.SUBGRAPH_POLL_MS,
    }),
    plan: Object.freeze({
      maxTokens: variables.MAX_TOKENS,
      maxEvaluatedPlans: variables.MAX_EVALUATED_PLANS,
      openIntrospection: variables.ENVIRONMENT !== 'production',
    }),
    cost: Object.freeze({ mutationBase: variables.COST_MUTATION_BASE, defaultListSize: variables.COST_DEFAULT_LIST_SIZE }),
    limits: Object.freeze({ maxSelections: variables.MAX_SELECTIONS }),
    fetch: Object.freeze({
      subgraphTimeoutMs: variables.SUBGRAPH_TIMEOUT_MS,
      subgraphConnections: variables.SUBGRAPH_CONNECTIONS,
      subgraphQueue: variables.SUBGRAPH_QUEUE,
      failureThreshold: variables.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
      recoveryMs: variables.CIRCUIT_BREAKER_RECOVERY_TIMEOUT * 1_000,
      maxSubgraphBytes: variables.MAX_SUBGRAPH_BYTES,
      showErrorsOf: new Set<string>(variables.SHOW_SUBGRAPH_ERRORS ?? (isForeign(variables) ? [] : serviceNames)),
      urls: subgraphUrls(given),
    }),
    response: Object.freeze({ legacyJsonStatus: variables.LEGACY_JSON_STATUS }),
    upstreams: Object.freeze(upstreams(environment, variables.SERVICES_PATH)),
  });
}

const isForeign = ({ SUPERGRAPH_PATH, SUBGRAPH_LIST }: z.infer<typeof Variables>): boolean =>
  SUPERGRAPH_PATH !== undefined || SUBGRAPH_LIST !== undefined;

const urlVariable = /^([A-Z0-9_]+)_SUBGRAPH_URL$/;

/** `SAMPLES_SUBGRAPH_URL` moves the subgraph `samples` elsewhere; in names `-` is written `_`. */
function subgraphUrls(given: readonly (readonly [string, string | undefined])[]): ReadonlyMap<string, string> {
  const urls = given.flatMap(([name, value]) => {
    const subgraph = urlVariable.exec(name)?.[1];
    return subgraph === undefined || value === undefined ? [] : [[subgraph.toLowerCase(), value] as const];
  });
  for (const [name, url] of urls) if (!URL.canParse(url)) throw new Error(`${name.toUpperCase()}_SUBGRAPH_URL: is not a URL`);
  return new Map(urls);
}

function upstreams(environment: Environment, file: string | undefined): Readonly<Record<ServiceName, UpstreamSettings>> {
  const entries =
    file === undefined ? new Map<string, ServiceEntry>() : readServicesFile(readFileSync(file, 'utf8'), environment);
  const settings = serviceNames.map(
    (name) => [name, { ...readUpstreamSettings(name, environment), ...entries.get(name) }] as const,
  );
  return Object.fromEntries(settings) as Record<ServiceName, UpstreamSettings>;
}

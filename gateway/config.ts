import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { AddressSet } from '#kit/address-set.ts';
import { addressSet } from '#kit/address-set.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { organizationVariables, readOrganizationSettings } from '#kit/organizations/settings.ts';
import { isRedisUrl, redisUrlRule } from '#kit/redis.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames, subgraphNames } from '#kit/service-names.ts';
import type { ServiceEntry } from '#kit/services-file.ts';
import { readServicesFile } from '#kit/services-file.ts';
import { secretProblems, wantsStrongSecrets } from '#kit/strong-secrets.ts';
import { uploadBounds, uploadVariables } from '#kit/upload-bounds.ts';
import type { Environment, UpstreamSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings, sharedSettings, upstreamVariables } from '#kit/upstream-settings.ts';

const milliseconds = z.coerce.number().int().positive();
const count = z.coerce.number().int().positive();
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const addresses = list.transform((entries, context): AddressSet => {
  try {
    return addressSet(entries);
  } catch (error) {
    context.issues.push({ code: 'custom', message: (error as Error).message, input: entries });
    return z.NEVER;
  }
});
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
const pathPrefix = z.string().regex(/^(\/[\w.~-]+)*$/, 'is a path such as /api/v1/public');

/** Headers by which a client could claim to be somebody, credentials of ours, and those of the connection itself; `_` reads as `-` elsewhere. */
const claims =
  /^(x-(api-key|org-.*|user-.*|forwarded-.*|internal-.*|gateway-.*)|cookie|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|proxy-.*)$/;
const mayForward = (name: string): boolean => /^[a-z0-9-]+$/i.test(name) && !claims.test(name.toLowerCase());

/**
 * Every variable of the gateway with its default; those of the laboratory's services stand in kit/upstream-settings.ts,
 * those of organizations and keys in kit/organizations/settings.ts.
 */
const Variables = z.object({
  /** `development` starts a sandbox for every service without a URL; `production` starts none. */
  ENVIRONMENT: z.enum(['development', 'test', 'staging', 'production']).default('development'),
  /** Address to listen on; 127.0.0.1 in development, 0.0.0.0 otherwise. */
  GATEWAY_HOST: z.string().optional(),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(8_000),
  /** Second place of the API: `<prefix>/graphql`. */
  API_PREFIX: pathPrefix.default('/api/v1/public'),
  LOG_LEVEL: level.default('info'),

  /** Peers whose `X-Forwarded-For` is believed: addresses, ranges, `loopback`, `linklocal`, `uniquelocal`; none by default. */
  TRUSTED_PROXIES: addresses.prefault(''),
  /** Clients that are served at all, everybody unless set; and clients that are not, which wins. Addresses and ranges. */
  IP_ALLOW: addresses.optional(),
  IP_DENY: addresses.prefault(''),
  /** File of more addresses that are not served, one a line; looked at every IP_FEED_POLL_MS. */
  IP_FEED_PATH: z.string().optional(),
  IP_FEED_POLL_MS: milliseconds.default(1_000),
  /** Origins whose pages may read our answers, such as `https://app.example.org`; in development also `*`. */
  CORS_ORIGINS: list.default([]),
  /** Whether those pages may send cookies along; true unless CORS_ORIGINS is `*`. */
  CORS_CREDENTIALS: flag.optional(),
  /** Most open sockets. */
  MAX_CONNECTIONS: count.default(2_000),
  /** Time for the headers of a request, and for the whole of it, to arrive. */
  HEADERS_TIMEOUT_MS: milliseconds.default(10_000),
  RECEIVE_TIMEOUT_MS: milliseconds.default(30_000),

  /** Signs who is calling for subgraphs that run elsewhere; they have the same one. */
  SUBGRAPH_SECRET: z.string().default(developmentSecrets.SUBGRAPH_SECRET),

  /** Secret that the auth service signs tokens with (HS256); JWT_SECRET is another name for it. The one before it goes on for as long as it is set. */
  JWT_SECRET_KEY: z.string().optional(),
  JWT_SECRET: z.string().optional(),
  JWT_SECRET_KEY_PREVIOUS: z.string().optional(),
  /** Address of the public keys of another issuer (RS256, ES256), in place of the secret. */
  JWT_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Accepted algorithms, comma-separated; HS256, or with JWT_JWKS_URL RS256,ES256. */
  JWT_ALGORITHMS: list.pipe(z.array(z.enum(['HS256', 'RS256', 'ES256'])).min(1)).optional(),
  /** What a token must name as its issuer and its audience. */
  JWT_ISSUER: z.string().default('auth-service'),
  JWT_AUDIENCE: z.string().default('lab-management-system'),
  /** Whether the auth service is asked if a token's session still stands; on where there is one and it issues the tokens. */
  SESSION_CHECK: z.enum(['on', 'off']).optional(),
  /** How long a token is believed without asking again, in seconds. */
  SESSION_CHECK_SECONDS: z.coerce.number().min(0).max(30).default(30),
  /** Root fields that need no credential, comma-separated, such as Mutation.login; `*` for all. Of a foreign supergraph none. */
  PUBLIC_FIELDS: list
    .pipe(z.array(z.string().regex(/^(\*|(Query|Mutation)\.[_A-Za-z]\w*)$/, 'is no field such as Query.status')))
    .optional(),
  /** Redis that all processes share: redis(s)://host, redis+sentinel://host,host/master or redis+cluster://host,host. Without one, each process keeps its own memory. */
  REDIS_URL: z.string().refine(isRedisUrl, redisUrlRule).optional(),
  /** File with PEM certificates to trust for `rediss`, in place of the system's. */
  REDIS_CA_FILE: z.string().optional(),

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
  /** Time in which a request is answered, with GATEWAY_TIMEOUT at the latest; calls end a tenth earlier, at most a second. */
  REQUEST_TIMEOUT_MS: milliseconds.default(15_000),
  /** Most sockets to one HTTP subgraph. */
  SUBGRAPH_CONNECTIONS: count.default(128),
  /** Failures in a row that open the circuit of a subgraph or service, and seconds that it stays open. */
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: sharedSettings.failureThreshold,
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT: sharedSettings.recoverySeconds,
  /** Consul agent that is asked for the instances of `consul://name`, its datacenter, and the token it wants. */
  CONSUL_URL: sharedSettings.consulUrl,
  CONSUL_DATACENTER: sharedSettings.consulDatacenter,
  CONSUL_TOKEN: sharedSettings.consulToken,
  /** Calls to one HTTP subgraph that may wait for a free socket. */
  SUBGRAPH_QUEUE: z.coerce.number().int().min(0).default(1_000),
  /** Longest answer of an HTTP subgraph, in bytes. */
  MAX_SUBGRAPH_BYTES: count.default(10 * 1024 * 1024),
  /** Client headers that HTTP subgraphs get, comma-separated. */
  FORWARD_HEADERS: list
    .refine((names) => names.every(mayForward), 'names a header that is not for subgraphs')
    .default(['authorization', 'traceparent', 'tracestate']),
  /** HTTP subgraphs whose own error messages clients may read, comma-separated; ours by default, of a foreign supergraph none. */
  SHOW_SUBGRAPH_ERRORS: list.optional(),

  /** Requests on one connection before it is closed, so that a load balancer spreads anew; 0 for no limit. */
  MAX_REQUESTS_PER_SOCKET: z.coerce.number().int().min(0).default(1_000),
  /** Longest request body, and longest query text within it, in bytes and characters. */
  MAX_BODY_BYTES: count.default(1024 * 1024),
  MAX_QUERY_LENGTH: count.default(256 * 1024),
  /** MAX_UPLOAD_BYTES, MAX_UPLOADS, MAX_UPLOAD_MEMORY. */
  ...uploadVariables,
  /** Deepest nesting of brackets in a query and of JSON in a body. */
  MAX_NESTING: count.default(64),
  MAX_TOKENS: count.default(2_000),
  /** Most fields of a text; levels of them, root fields, aliases and directives of each operation. Fragments count at each use. */
  MAX_SELECTIONS: count.default(10_000),
  MAX_DEPTH: count.default(64),
  MAX_ROOT_FIELDS: count.default(20),
  MAX_ALIASES: count.default(30),
  MAX_DIRECTIVES: count.default(50),
  /** Most directives on one field, fragment or variable. */
  MAX_DIRECTIVES_PER_NODE: count.default(4),
  /** Most pairs of fields for the same place of an answer, which are compared with each other. */
  MAX_FIELD_PAIRS: count.default(5_000),
  /** Longest name of an operation, in characters. */
  MAX_OPERATION_NAME: count.default(128),
  /** Most errors told of a wrong text, or places of wrong variables. */
  MAX_ERRORS: z.coerce.number().int().min(2).default(5),
  /** Texts that clients name by their hash (automatic persisted queries): most of one organization, characters of them, and organizations. */
  APQ_MAX_TEXTS: count.default(1_000),
  APQ_MAX_CHARACTERS: count.default(2 * 1024 * 1024),
  APQ_MAX_ORGANIZATIONS: count.default(100),
  /** Whether operations that no manifest holds run, run and are logged once each, or do not run; `log` where there are manifests. */
  PERSISTED_OPERATIONS: z.enum(['off', 'log', 'enforce']).optional(),
  /** A manifest of Apollo's format for all organizations, or a folder of `<organization>.json` and `_all.json`; watched. */
  PERSISTED_OPERATIONS_PATH: z.string().optional(),
  PERSISTED_OPERATIONS_POLL_MS: milliseconds.default(1_000),
  /** False lets everybody do as much as he likes. */
  RATE_LIMIT_ENABLED: flag.default(true),
  /**
   * Requests that one address may send within ABUSE_WINDOW_SECONDS without a valid credential, or to be refused; with more
   * it gets 429 for an hour. 0 watches nobody, nor does RATE_LIMIT_ENABLED=false.
   */
  ABUSE_REQUESTS: z.coerce.number().int().min(0).default(500),
  ABUSE_WINDOW_SECONDS: count.default(300),
  /** So often within a day an address is shut out, with 403 for ABUSE_BLOCK_SECONDS. */
  ABUSE_FLAGS: count.default(3),
  ABUSE_BLOCK_SECONDS: count.default(86_400),
  /** Where budgets are kept: in Redis, for all replicas together, or in the memory of each; Redis where there is one. */
  RATE_LIMIT_STORAGE: z.enum(['redis', 'memory']).optional(),
  /** Redis of the limits, which must not evict; REDIS_URL when left out. */
  RATE_LIMIT_STORAGE_URL: z.string().refine(isRedisUrl, redisUrlRule).optional(),
  /** How many replicas share the budgets: each decides by so large a part alone while Redis is away. */
  REPLICAS: count.default(4),
  /** True lets plans shrink to a half and a tenth while the event loop or the heap of this process is overloaded. */
  ADAPTIVE_RATE_LIMITING: flag.default(false),
  /** Name of a stream in the Redis of REDIS_URL that is told of every hold, capture and expiry; none by default. */
  USAGE_STREAM: z.string().optional(),
  /** JSON file of plans in place of kit/plans.json; watched, a broken one leaves the old plans in force. */
  PLANS_PATH: z.string().optional(),
  PLANS_POLL_MS: milliseconds.default(2_000),
  /** Points that every mutation costs in addition; length of a list of which the schema says nothing. */
  COST_MUTATION_BASE: z.coerce.number().int().min(0).default(10),
  COST_DEFAULT_LIST_SIZE: count.default(10),
  /** Most query plans that the planner compares for one operation. */
  MAX_EVALUATED_PLANS: count.default(1_000),
  /** What becomes of an operation that asks for more than its caller may see: those fields are null with an error, or all is refused. */
  AUTHORIZATION_MODE: z.enum(['filter', 'reject']).default('filter'),
  /** Parse, validation and variable errors answer 200 to `application/json`. */
  LEGACY_JSON_STATUS: flag.default(true),
});

/** Names of every variable, for those who fill them from files. */
export const variableNames: readonly string[] = [...Object.keys(Variables.shape), ...organizationVariables, ...upstreamVariables];

type Variables = z.infer<typeof Variables>;

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
  checkSecrets(variables, environment);
  const organizations = readOrganizationSettings(environment);
  return Object.freeze({
    environment: variables.ENVIRONMENT,
    http: Object.freeze(http(variables)),
    addresses: Object.freeze({
      allow: variables.IP_ALLOW,
      deny: variables.IP_DENY,
      feedPath: variables.IP_FEED_PATH,
      feedPollMs: variables.IP_FEED_POLL_MS,
    }),
    abuse: abuse(variables),
    identity: Object.freeze(identity(variables, organizations.laboratory)),
    secrets: Object.freeze({ subgraph: variables.SUBGRAPH_SECRET }),
    redis: Object.freeze({ url: variables.REDIS_URL, caFile: variables.REDIS_CA_FILE }),
    log: Object.freeze({ level: variables.LOG_LEVEL }),
    supergraph: Object.freeze(supergraph(variables)),
    plan: Object.freeze({
      maxTokens: variables.MAX_TOKENS,
      maxErrors: variables.MAX_ERRORS,
      maxEvaluatedPlans: variables.MAX_EVALUATED_PLANS,
      openIntrospection: variables.ENVIRONMENT !== 'production',
    }),
    cost: Object.freeze({ mutationBase: variables.COST_MUTATION_BASE, defaultListSize: variables.COST_DEFAULT_LIST_SIZE }),
    rateLimit: Object.freeze(rateLimit(variables)),
    usageStream: usageStream(variables),
    limits: Object.freeze(documentLimits(variables)),
    operationTexts: Object.freeze(operationTexts(variables)),
    authorization: Object.freeze({ mode: variables.AUTHORIZATION_MODE }),
    fetch: Object.freeze({ ...fetchSettings(variables), urls: subgraphUrls(given) }),
    response: Object.freeze({ legacyJsonStatus: variables.LEGACY_JSON_STATUS }),
    upstreams: Object.freeze(upstreams(environment, variables.SERVICES_PATH)),
    organizations,
  });
}

/** Undefined where nothing is limited. */
function rateLimit(variables: Variables) {
  const { RATE_LIMIT_STORAGE_URL, REDIS_URL, RATE_LIMIT_STORAGE: storage } = variables;
  const url = RATE_LIMIT_STORAGE_URL ?? REDIS_URL;
  if (storage === 'redis' && url === undefined)
    throw new Error('RATE_LIMIT_STORAGE_URL: is not set, nor is REDIS_URL; RATE_LIMIT_STORAGE=redis needs one of them');
  return {
    enabled: variables.RATE_LIMIT_ENABLED,
    redisUrl: storage === 'memory' ? undefined : url,
    redisCaFile: variables.REDIS_CA_FILE,
    replicas: variables.REPLICAS,
    plansPath: variables.PLANS_PATH,
    plansPollMs: variables.PLANS_POLL_MS,
    adaptive: variables.ADAPTIVE_RATE_LIMITING,
    // Longer than any request runs.
    lifetimeMs: variables.REQUEST_TIMEOUT_MS + 5_000,
  };
}

/** Undefined where no stream is wanted. */
function usageStream({ USAGE_STREAM: stream, REDIS_URL: url, REDIS_CA_FILE: caFile }: Variables) {
  if (stream === undefined) return undefined;
  if (url === undefined) throw new Error('REDIS_URL: is not set, and USAGE_STREAM needs it');
  return Object.freeze({ stream, url, caFile });
}

/** Undefined where nobody is watched. */
function abuse(variables: Variables) {
  if (!variables.RATE_LIMIT_ENABLED || variables.ABUSE_REQUESTS === 0) return undefined;
  return Object.freeze({
    maxRequests: variables.ABUSE_REQUESTS,
    windowMs: variables.ABUSE_WINDOW_SECONDS * 1_000,
    silenceMs: 3_600_000,
    maxFlags: variables.ABUSE_FLAGS,
    blockMs: variables.ABUSE_BLOCK_SECONDS * 1_000,
  });
}

const http = (variables: Variables) => ({
  host: variables.GATEWAY_HOST ?? (variables.ENVIRONMENT === 'development' ? '127.0.0.1' : '0.0.0.0'),
  port: variables.GATEWAY_PORT,
  apiPrefix: variables.API_PREFIX,
  requestTimeoutMs: variables.REQUEST_TIMEOUT_MS,
  forwardHeaders: variables.FORWARD_HEADERS.map((name) => name.toLowerCase()),
  maxRequestsPerSocket: variables.MAX_REQUESTS_PER_SOCKET,
  maxBodyBytes: variables.MAX_BODY_BYTES,
  maxQueryLength: variables.MAX_QUERY_LENGTH,
  maxNesting: variables.MAX_NESTING,
  maxOperationName: variables.MAX_OPERATION_NAME,
  ...uploadBounds(variables),
  development: variables.ENVIRONMENT === 'development',
  maxConnections: variables.MAX_CONNECTIONS,
  headersTimeoutMs: variables.HEADERS_TIMEOUT_MS,
  receiveTimeoutMs: variables.RECEIVE_TIMEOUT_MS,
  trustedProxies: variables.TRUSTED_PROXIES,
  cors: Object.freeze(corsOf(variables)),
  strictTransport: variables.ENVIRONMENT === 'production',
});

const supergraph = (variables: Variables) => ({
  foreign: isForeign(variables),
  path: variables.SUPERGRAPH_PATH,
  list: variables.SUBGRAPH_LIST,
  pollMs: variables.SUPERGRAPH_POLL_MS,
  listPollMs: variables.SUBGRAPH_POLL_MS,
});

const fetchSettings = (variables: Variables) => ({
  subgraphTimeoutMs: variables.SUBGRAPH_TIMEOUT_MS,
  connections: variables.SUBGRAPH_CONNECTIONS,
  queue: variables.SUBGRAPH_QUEUE,
  circuitBreaker: true,
  failureThreshold: variables.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
  recoverySeconds: variables.CIRCUIT_BREAKER_RECOVERY_TIMEOUT,
  consul: Object.freeze({
    url: variables.CONSUL_URL,
    ...(variables.CONSUL_DATACENTER !== undefined && { datacenter: variables.CONSUL_DATACENTER }),
    ...(variables.CONSUL_TOKEN !== undefined && { token: variables.CONSUL_TOKEN }),
  }),
  maxSubgraphBytes: variables.MAX_SUBGRAPH_BYTES,
  showErrorsOf: new Set<string>(variables.SHOW_SUBGRAPH_ERRORS ?? (isForeign(variables) ? [] : subgraphNames)),
});

const documentLimits = (variables: Variables) => ({
  maxSelections: variables.MAX_SELECTIONS,
  maxDepth: variables.MAX_DEPTH,
  maxRootFields: variables.MAX_ROOT_FIELDS,
  maxAliases: variables.MAX_ALIASES,
  maxDirectives: variables.MAX_DIRECTIVES,
  maxDirectivesPerNode: variables.MAX_DIRECTIVES_PER_NODE,
  maxFieldPairs: variables.MAX_FIELD_PAIRS,
  maxOperationName: variables.MAX_OPERATION_NAME,
  maxErrors: variables.MAX_ERRORS,
});

function operationTexts(variables: Variables) {
  const { PERSISTED_OPERATIONS_PATH: path, PERSISTED_OPERATIONS: mode = path === undefined ? 'off' : 'log' } = variables;
  if (mode !== 'off' && path === undefined)
    throw new Error(`PERSISTED_OPERATIONS_PATH: is not set, and PERSISTED_OPERATIONS=${mode} needs manifests`);
  return {
    manifests: mode === 'off' || path === undefined ? undefined : { path, pollMs: variables.PERSISTED_OPERATIONS_POLL_MS },
    mode,
    maxTexts: variables.APQ_MAX_TEXTS,
    maxCharacters: variables.APQ_MAX_CHARACTERS,
    maxOrganizations: variables.APQ_MAX_ORGANIZATIONS,
  };
}

/** @throws Error with one line for each secret of a production process that is missing or can be guessed */
function checkSecrets(variables: Variables, environment: Environment): void {
  if (!wantsStrongSecrets(variables.ENVIRONMENT)) return;
  const callsSubgraphs =
    isForeign(variables) || Object.keys(environment).some((name) => environment[name] && urlVariable.test(name));
  const problems = secretProblems(environment, [
    { name: 'JWT_SECRET_KEY', needed: !environment['JWT_JWKS_URL'] },
    { name: 'JWT_SECRET_KEY_PREVIOUS', needed: false },
    { name: 'API_KEY_SALT', needed: true },
    { name: 'API_KEY_SALT_PREVIOUS', needed: false },
    { name: 'SUBGRAPH_SECRET', needed: callsSubgraphs },
  ]);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function corsOf({ ENVIRONMENT, CORS_ORIGINS, CORS_CREDENTIALS }: Variables) {
  if (!CORS_ORIGINS.includes('*'))
    return { origins: new Set(CORS_ORIGINS.map(originOf)), credentials: CORS_CREDENTIALS ?? true } as const;
  if (ENVIRONMENT !== 'development') throw new Error('CORS_ORIGINS: * is for development only; name the origins');
  if (CORS_CREDENTIALS === true) throw new Error('CORS_CREDENTIALS: cannot be true where CORS_ORIGINS is *');
  return { origins: '*', credentials: false } as const;
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || `${url.origin}/` !== url.href)
    throw new Error(`CORS_ORIGINS: "${text}" is not an origin such as https://app.example.org`);
  return url.origin;
}

/** Root fields of the built-in supergraph by which somebody comes to have a credential (design section 4). */
const publicFields = ['login', 'refreshSession', 'register', 'requestPasswordReset', 'resetPassword', 'verifyEmail'].map(
  (field) => `Mutation.${field}`,
);

function identity(variables: Variables, laboratory: string) {
  const {
    ENVIRONMENT,
    JWT_JWKS_URL: url,
    JWT_ALGORITHMS: algorithms = url === undefined ? ['HS256'] : ['RS256', 'ES256'],
  } = variables;
  // A public key that also passed as a secret would let everybody sign.
  if (algorithms.includes('HS256') !== (url === undefined) || (url === undefined && algorithms.length > 1))
    throw new Error('JWT_ALGORITHMS: HS256 goes with JWT_SECRET_KEY, RS256 and ES256 go with JWT_JWKS_URL.');
  return {
    keys: url === undefined ? { kind: 'secrets' as const, secrets: tokenSecrets(variables) } : { kind: 'jwks' as const, url },
    rules: Object.freeze({
      algorithms,
      issuer: variables.JWT_ISSUER,
      audience: variables.JWT_AUDIENCE,
      defaultOrganization: laboratory,
    }),
    /** `auto` where it follows from there being an auth service. */
    sessionCheck: variables.SESSION_CHECK ?? (url === undefined ? 'auto' : 'off'),
    keepMs: variables.SESSION_CHECK_SECONDS * 1_000,
    publicFields: new Set(variables.PUBLIC_FIELDS ?? (isForeign(variables) ? [] : publicFields)),
    openIntrospection: ENVIRONMENT === 'development',
  };
}

/** The secret in use and the one before it. */
function tokenSecrets({ JWT_SECRET_KEY, JWT_SECRET, JWT_SECRET_KEY_PREVIOUS }: Variables): readonly string[] {
  const current = JWT_SECRET_KEY ?? JWT_SECRET ?? developmentSecrets.JWT_SECRET_KEY;
  return [current, JWT_SECRET_KEY_PREVIOUS].filter((secret) => secret !== undefined);
}

const isForeign = ({ SUPERGRAPH_PATH, SUBGRAPH_LIST }: Variables): boolean =>
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

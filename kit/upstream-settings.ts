import { z } from 'zod';
import type { Credential } from './credential.ts';
import type { ServiceName } from './service-names.ts';

/** Where one upstream is and how it is called. */
export type UpstreamSettings = Readonly<z.infer<typeof UpstreamSettings>> & {
  /** What calls prove themselves with, in place of `token`. */
  readonly credential?: Credential;
  readonly callsPerMinute?: number;
  /** Path that tells the service's health, where it is not the contract's. */
  readonly healthPath?: string;
};

/** Those of an upstream whose address is known. */
export type ReachableSettings = UpstreamSettings & { readonly url: string };

const areUrls = (text: string): boolean =>
  text.split(',').every((url) => /^(https?|consul):$/.test(URL.parse(url.trim())?.protocol ?? ''));

/** What means the same for every service, and for a subgraph over HTTP, by its plain name such as `CIRCUIT_BREAKER_RECOVERY_TIMEOUT`. */
export const sharedSettings = {
  /** Failures in a row that open the circuit. */
  failureThreshold: z.coerce.number().int().positive().default(5),
  /** Seconds that the circuit stays open. */
  recoverySeconds: z.coerce.number().positive().default(60),
  /** Consul agent that is asked for the instances of `consul://name`, its datacenter, and the token it wants. */
  consulUrl: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8500'),
  consulDatacenter: z.string().optional(),
  consulToken: z.string().optional(),
} as const;

const UpstreamSettings = z.object({
  /** Base URL without the contract's own paths, several instances with commas, or `consul://name`. Absent in development: the sandbox stands in. */
  url: z.string().refine(areUrls, 'is an http(s) URL, several of them with commas, or consul://name').optional(),
  /** Path between base URL and the contract's paths, such as `/api/v1`. */
  prefix: z
    .string()
    .regex(/^(\/[\w.~-]+)*$/, 'is a path such as /api/v1')
    .default(''),
  /** Deadline of one call, in milliseconds. */
  timeoutMs: z.coerce.number().int().positive().default(5_000),
  /** Most sockets to the upstream. */
  connections: z.coerce.number().int().positive().default(64),
  /** File with PEM certificates to trust for https, in place of the system's. */
  caFile: z.string().optional(),
  /** Calls that may wait for a free socket; more fail at once. */
  queue: z.coerce.number().int().min(0).default(1_000),
  /** Whether an upstream that fails is left alone for a while. */
  circuitBreaker: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true'),
  ...sharedSettings,
  /** Bearer token of every call that does not carry the caller's own. */
  token: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'is no token that a header can carry')
    .optional(),
  /** Account whose view the gateway uses to name people (auth only). */
  accountEmail: z.email().optional(),
  accountPassword: z.string().optional(),
});

/** Longest body that is read from any upstream, in bytes. */
export const maxUpstreamBytes = 10 * 1024 * 1024;

const variablePrefixes: Readonly<Record<ServiceName, string>> = {
  auth: 'AUTH_SERVICE',
  samples: 'SAMPLE_SERVICE',
  storage: 'STORAGE_SERVICE',
  templates: 'TEMPLATE_SERVICE',
  sequencing: 'SEQUENCING_SERVICE',
  rag: 'RAG_SERVICE',
  graph: 'GRAPH_SERVICE',
};

const suffixes: Readonly<Record<keyof z.infer<typeof UpstreamSettings>, string>> = {
  url: 'URL',
  prefix: 'PREFIX',
  timeoutMs: 'TIMEOUT_MS',
  connections: 'CONNECTIONS',
  caFile: 'CA_FILE',
  queue: 'QUEUE',
  circuitBreaker: 'CIRCUIT_BREAKER',
  failureThreshold: 'CIRCUIT_BREAKER_FAILURE_THRESHOLD',
  recoverySeconds: 'CIRCUIT_BREAKER_RECOVERY_TIMEOUT',
  consulUrl: 'CONSUL_URL',
  consulDatacenter: 'CONSUL_DATACENTER',
  consulToken: 'CONSUL_TOKEN',
  token: 'TOKEN',
  accountEmail: 'ACCOUNT_EMAIL',
  accountPassword: 'ACCOUNT_PASSWORD',
};

/** The variable that holds a service's URL. */
export const urlVariable = (service: ServiceName): string => `${variablePrefixes[service]}_${suffixes.url}`;

/** The variable that names the file of certificates that are trusted for it. */
export const caVariable = (service: ServiceName): string => `${variablePrefixes[service]}_${suffixes.caFile}`;

const shared: ReadonlySet<string> = new Set(Object.keys(sharedSettings));

/** Every variable that says where a service is and how it is called. */
export const upstreamVariables: readonly string[] = [
  ...Object.values(variablePrefixes).flatMap((prefix) => Object.values(suffixes).map((suffix) => `${prefix}_${suffix}`)),
  ...[...shared].map((key) => suffixes[key as keyof typeof suffixes]),
];

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `SAMPLE_SERVICE_URL` and its siblings. It stands in kit/ because a gateway process and a subgraph that runs
 * alone read the same variables. Empty counts as absent.
 * @throws Error that names every variable which cannot be read
 */
export function readUpstreamSettings(service: ServiceName, environment: Environment): UpstreamSettings {
  const variable = (key: string): string => `${variablePrefixes[service]}_${suffixes[key as keyof typeof suffixes]}`;
  const read = (key: string): string | undefined =>
    environment[variable(key)] ||
    (shared.has(key) ? environment[suffixes[key as keyof typeof suffixes]] : undefined) ||
    undefined;
  const given = Object.keys(suffixes).map((key) => [key, read(key)]);
  const parsed = UpstreamSettings.safeParse(Object.fromEntries(given));
  if (parsed.success) return Object.freeze(parsed.data);
  throw new Error(parsed.error.issues.map(({ path, message }) => `${variable(String(path[0]))}: ${message}`).join('\n'));
}

import { z } from 'zod';
import type { Credential } from './credential.ts';
import { CredentialEntry } from './credential.ts';
import { readVariable } from './secret-files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const Entry = z.strictObject({
  base_url: z.url({ protocol: /^https?$/ }),
  path_prefix: z.string().optional(),
  auth_type: z.string().optional(),
  auth_config: z.unknown().optional(),
  /** Calls per minute. */
  rate_limit: z.int().positive().optional(),
  /** Seconds. */
  timeout: z.number().positive().optional(),
  circuit_breaker_enabled: z.boolean().optional(),
  health_check_path: z.string().startsWith('/').optional(),
});

/** One upstream of a services file. */
export type ServiceEntry = {
  readonly url: string;
  readonly prefix?: string;
  readonly credential: Credential;
  readonly callsPerMinute?: number;
  readonly timeoutMs?: number;
  readonly circuitBreaker?: boolean;
  readonly healthPath?: string;
};

/**
 * Reads a services file: `{ "<service>": { base_url, auth_type, auth_config, rate_limit, timeout, … } }`. A value
 * `${NAME}` is taken from the environment, or from the file that `NAME_FILE` names.
 * @throws Error that names every field which cannot be read and every variable that is not set
 */
export function readServicesFile(text: string, environment: Environment): ReadonlyMap<string, ServiceEntry> {
  const entries = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  const problems: string[] = [];
  const read = new Map<string, ServiceEntry>();
  for (const [service, given] of Object.entries(entries)) {
    const expanded = expand(given, environment, problems);
    const entry = entryOf(expanded);
    if ('problems' in entry) problems.push(...entry.problems.map((problem) => `${service}.${problem}`));
    else read.set(service, entry);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return read;
}

const placeholder = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Puts the environment's values in; what is not set is noted and stays as it is. */
function expand(value: unknown, environment: Environment, problems: string[]): unknown {
  if (typeof value === 'string') {
    return value.replace(placeholder, (whole, name: string) => {
      const found = readVariable(environment, name);
      if (!found) problems.push(`${name}: is not set, and the services file needs it`);
      return found ?? whole;
    });
  }
  if (Array.isArray(value)) return value.map((item) => expand(item, environment, problems));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, environment, problems)]));
}

function entryOf(value: unknown): ServiceEntry | { readonly problems: readonly string[] } {
  const entry = Entry.safeParse(value);
  if (!entry.success) return { problems: described(entry.error) };
  const credential = CredentialEntry.safeParse(value);
  if (!credential.success) return { problems: described(credential.error) };
  const {
    base_url: url,
    path_prefix: prefix,
    rate_limit: callsPerMinute,
    timeout,
    circuit_breaker_enabled: circuitBreaker,
    health_check_path: healthPath,
  } = entry.data;
  return {
    url,
    credential: credential.data,
    ...(prefix !== undefined && { prefix }),
    ...(callsPerMinute !== undefined && { callsPerMinute }),
    ...(timeout !== undefined && { timeoutMs: timeout * 1_000 }),
    ...(circuitBreaker !== undefined && { circuitBreaker }),
    ...(healthPath !== undefined && { healthPath }),
  };
}

const described = ({ issues }: z.ZodError): readonly string[] =>
  issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

import { z } from 'zod';
import { organizationVariables, readOrganizationSettings } from '#kit/organizations/settings.ts';
import { safeMessage } from '#kit/safe-message.ts';
import { readNamedFile } from '#kit/secret-files.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames } from '#kit/service-names.ts';
import type { ServiceEntry } from '#kit/services-file.ts';
import { readServicesFile } from '#kit/services-file.ts';
import type { Environment, UpstreamSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings, upstreamVariables } from '#kit/upstream-settings.ts';
import { abuseSettings, addressSettings, addressVariables } from './config/addresses.ts';
import { cacheSettings, cacheVariables } from './config/cache.ts';
import { describedVariables } from './config/described.ts';
import { executionSettings, executionVariables } from './config/execution.ts';
import { fetchSettings, fetchVariables, subgraphUrls } from './config/fetch.ts';
import { httpSettings, httpVariables } from './config/http.ts';
import { identitySettings, identityVariables } from './config/identity.ts';
import { lifecycleSettings, lifecycleVariables } from './config/lifecycle.ts';
import { documentLimits, limitVariables, operationTexts } from './config/limits.ts';
import { logSettings, operationsSettings, operationsVariables } from './config/operations.ts';
import { overloadSettings, overloadVariables } from './config/overload.ts';
import { planningSettings, planningVariables } from './config/planning.ts';
import { processVariables } from './config/process.ts';
import { checkSecrets } from './config/secrets.ts';
import { costSettings, rateLimitSettings, spendingVariables, usageStream } from './config/spending.ts';
import { isForeign, supergraphSettings, supergraphVariables } from './config/supergraph.ts';
import { tracingSettings, tracingVariables } from './config/tracing.ts';

/**
 * Every variable of the gateway, each with its default in the file of its part; those of the laboratory's services stand in
 * kit/upstream-settings.ts, those of organizations and keys in kit/organizations/settings.ts.
 */
const Variables = z.object({
  ...processVariables,
  ...lifecycleVariables,
  ...httpVariables,
  ...addressVariables,
  ...identityVariables,
  ...supergraphVariables,
  ...executionVariables,
  ...planningVariables,
  ...overloadVariables,
  ...fetchVariables,
  ...cacheVariables,
  ...limitVariables,
  ...spendingVariables,
  ...operationsVariables,
  ...tracingVariables,
});

/** Names of every variable, for those who fill them from files. */
export const variableNames: readonly string[] = [...Object.keys(Variables.shape), ...organizationVariables, ...upstreamVariables];

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
  const foreign = isForeign(variables);
  checkSecrets(environment, { ...variables, foreign });
  const organizations = readOrganizationSettings(environment);
  return Object.freeze({
    environment: variables.ENVIRONMENT,
    lifecycle: Object.freeze(lifecycleSettings(variables)),
    http: Object.freeze(httpSettings(variables, variables.MAX_OPERATION_NAME)),
    addresses: Object.freeze(addressSettings(variables)),
    abuse: abuseSettings(variables),
    identity: Object.freeze(identitySettings(variables, { laboratory: organizations.laboratory, foreign })),
    secrets: Object.freeze({ subgraph: variables.SUBGRAPH_SECRET }),
    redis: Object.freeze({ url: variables.REDIS_URL, caFile: variables.REDIS_CA_FILE }),
    log: Object.freeze(logSettings(variables)),
    operations: Object.freeze(operationsSettings(variables, variables.API_PREFIX)),
    described: describedVariables(variableNames, { given: new Set(given.map(([name]) => name)), parsed: variables }),
    tracing: tracingSettings(variables),
    supergraph: Object.freeze(supergraphSettings(variables)),
    plan: Object.freeze({
      maxTokens: variables.MAX_TOKENS,
      maxErrors: variables.MAX_ERRORS,
      ...planningSettings(variables),
      openIntrospection: variables.ENVIRONMENT !== 'production',
    }),
    overload: Object.freeze(overloadSettings(variables)),
    cost: Object.freeze(costSettings(variables)),
    rateLimit: Object.freeze(rateLimitSettings(variables, variables)),
    usageStream: usageStream(variables),
    limits: Object.freeze(documentLimits(variables)),
    operationTexts: Object.freeze(operationTexts(variables)),
    authorization: Object.freeze({ mode: variables.AUTHORIZATION_MODE }),
    execution: Object.freeze(executionSettings(variables)),
    fetch: Object.freeze({ ...fetchSettings(variables, foreign), urls: subgraphUrls(given) }),
    cache: cacheSettings(variables),
    response: Object.freeze({ legacyJsonStatus: variables.LEGACY_JSON_STATUS }),
    servicesPollMs: variables.SERVICES_POLL_MS,
    upstreams: Object.freeze(upstreams(environment, variables.SERVICES_PATH)),
    organizations,
  });
}

function upstreams(environment: Environment, file: string | undefined): Readonly<Record<ServiceName, UpstreamSettings>> {
  const entries = file === undefined ? new Map<string, ServiceEntry>() : servicesOf(file, environment);
  const settings = serviceNames.map(
    (name) => [name, { ...readUpstreamSettings(name, environment), ...entries.get(name) }] as const,
  );
  return Object.fromEntries(settings) as Record<ServiceName, UpstreamSettings>;
}

function servicesOf(file: string, environment: Environment): ReadonlyMap<string, ServiceEntry> {
  const text = readNamedFile('SERVICES_PATH', file);
  try {
    return readServicesFile(text, environment);
  } catch (cause) {
    const lines = cause instanceof z.ZodError ? ['is no object of services'] : (cause as Error).message.split('\n');
    throw new Error(lines.map((line) => `SERVICES_PATH: ${safeMessage(line)}`).join('\n'), { cause });
  }
}

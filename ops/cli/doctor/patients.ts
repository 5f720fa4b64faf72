import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Supergraph } from '@apollo/federation-internals';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { systemClock } from '#kit/clock.ts';
import { openStore } from '#kit/organizations/open-store.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { closeRedis, openRedis } from '#kit/redis.ts';
import { serviceNames } from '#kit/service-names.ts';
import { readServicesFile } from '#kit/services-file.ts';
import type { Environment, ReachableSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings, urlVariable } from '#kit/upstream-settings.ts';
import { readVault } from '#kit/vault.ts';
import { openServiceProbes } from '#ops/health/service-probes.ts';

/** Something that a gateway needs, or would use where it is configured. */
export type Patient = {
  readonly name: string;
  /** Asks it; rejects when it is of no use. Absent where nothing is configured. */
  readonly ask?: (signal: AbortSignal) => Promise<unknown>;
  /** What to do when it is of no use. */
  readonly advice: string;
  /** What happens without it. */
  readonly none: string;
};

type Parts = {
  readonly environment: Environment;
  /** The environment before Vault was asked. */
  readonly given: Environment;
  readonly timeoutMs: number;
  /** Closes what is opened. */
  readonly opening: AsyncDisposableStack;
};

/** Everything that can be asked. @throws Error that names a variable which cannot be read */
export async function patients(parts: Parts): Promise<readonly Patient[]> {
  const { environment, given } = parts;
  return [
    ...(await services(parts)),
    database(environment),
    ...redises(environment),
    ...(await consuls(environment)),
    vault(given),
    publicKeys(environment),
    supergraph(environment),
  ];
}

const serviceSettings = (environment: Environment) => {
  const { SERVICES_PATH: file } = environment;
  const entries = file ? readServicesFile(readFileSync(file, 'utf8'), environment) : new Map<string, object>();
  return serviceNames.map((name) => [name, { ...readUpstreamSettings(name, environment), ...entries.get(name) }] as const);
};

async function services({ environment, timeoutMs, opening }: Parts): Promise<readonly Patient[]> {
  const settings = serviceSettings(environment);
  const reachable = new Map(
    // Instances that Consul knows are asked for there.
    settings.flatMap(([name, { url, ...rest }]) =>
      url === undefined || url.includes('consul:') ? [] : [[name, { ...rest, url } as ReachableSettings] as const],
    ),
  );
  const probes = opening.use(await openServiceProbes({ settings: reachable, timeoutMs, clock: systemClock }));
  const isNeeded = !['development', ''].includes(environment['ENVIRONMENT'] ?? '') && !isForeign(environment);
  return settings.flatMap(([name, { url }]) => {
    if (url?.includes('consul:') === true) return [];
    const probe = probes.dependencies.find((dependency) => dependency.name === name)?.probe;
    const advice = `look at ${urlVariable(name)}, at the network between, and at the log of the service`;
    const ask = probe ?? (isNeeded ? () => Promise.reject(new Error('no URL is set')) : undefined);
    return [
      { name, ...(ask && { ask }), advice, none: `${urlVariable(name)} is not set; the sandbox stands in where it is wanted` },
    ];
  });
}

/** Somebody else's supergraph has subgraphs of its own. */
const isForeign = ({ SUPERGRAPH_PATH, SUBGRAPH_LIST }: Environment): boolean => Boolean(SUPERGRAPH_PATH || SUBGRAPH_LIST);

function database(environment: Environment): Patient {
  const settings = readOrganizationSettings(environment);
  const isMongo = settings.place?.kind === 'mongodb';
  return {
    name: isMongo ? 'mongodb' : 'database',
    ask: async () => {
      await using store = await openStore(settings);
      await store.ping();
    },
    advice: isMongo
      ? 'look at MONGODB_URI and its credential; `migrate` makes the indexes'
      : 'set MONGODB_URI, or let DATA_DIR name a folder that can be written',
    none: '',
  };
}

const redisUses = [
  { variable: 'REDIS_URL', name: 'redis', none: 'each process keeps limits, answers and blocks of its own' },
  { variable: 'RATE_LIMIT_STORAGE_URL', name: 'redis of limits', none: 'limits are in that of REDIS_URL' },
  { variable: 'REDIS_CACHE_URL', name: 'redis of the cache', none: 'answers are in that of REDIS_URL' },
] as const;

const redises = (environment: Environment): readonly Patient[] =>
  redisUses.map(({ variable, name, none }) => {
    const url = environment[variable];
    const advice = `look at ${variable}: its host, password and TLS (rediss, REDIS_CA_FILE)`;
    return { name, ...(url && { ask: () => pinged(url, environment['REDIS_CA_FILE']) }), advice, none };
  });

async function pinged(url: string, caFile: string | undefined): Promise<void> {
  const ca = caFile ? readFileSync(caFile, 'utf8') : undefined;
  let why: Error | undefined;
  const settings = { connectTimeout: 2_000, maxRetriesPerRequest: 1 };
  const redis = openRedis({ url, ca, settings, onError: (error) => (why = error) });
  try {
    await redis.ping();
  } catch (error) {
    // That it gave up says less than what it met.
    throw why ?? error;
  } finally {
    await closeRedis(redis);
  }
}

/** Each service that Consul is asked for. */
async function consuls(environment: Environment): Promise<readonly Patient[]> {
  const named = serviceSettings(environment).flatMap(([name, { url, consulUrl, consulToken }]) =>
    (url ?? '').split(',').flatMap((one) => {
      const parsed = URL.parse(one.trim());
      return parsed?.protocol === 'consul:' ? [{ name, service: parsed.hostname, consulUrl, consulToken }] : [];
    }),
  );
  return named.map(({ name, service, consulUrl, consulToken }) => ({
    name: `${name} in consul`,
    ask: async (signal) => {
      const target = new URL(`/v1/health/service/${encodeURIComponent(service)}?passing=true`, consulUrl);
      const found = await page(target, signal, consulToken === undefined ? {} : { 'x-consul-token': consulToken });
      if (!Array.isArray(found) || found.length === 0) throw new Error(`Consul knows no healthy instance of ${service}`);
    },
    advice: 'look at CONSUL_URL and CONSUL_TOKEN, and whether the service registers itself',
    none: '',
  }));
}

const vault = (given: Environment): Patient => ({
  name: 'vault',
  ...(given['VAULT_ADDR'] && { ask: () => readVault(given) }),
  advice: 'look at VAULT_ADDR, VAULT_TOKEN and VAULT_PATH',
  none: 'secrets come from variables and files',
});

function publicKeys({ JWT_JWKS_URL: url }: Environment): Patient {
  const ask = async (signal: AbortSignal): Promise<void> => {
    const found = await page(new URL(url ?? ''), signal);
    const keys = typeof found === 'object' && found !== null && 'keys' in found ? found.keys : undefined;
    if (!Array.isArray(keys) || keys.length === 0) throw new Error('the answer is no set of keys');
  };
  const advice = 'look at JWT_JWKS_URL: it answers with {"keys": […]}';
  return { name: 'public keys', ...(url && { ask }), advice, none: 'tokens are checked with JWT_SECRET_KEY' };
}

async function page(url: URL, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const response = await fetch(url, { signal, headers, redirect: 'error' });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return response.json();
}

const supergraph = ({ SUPERGRAPH_PATH: path }: Environment): Patient => ({
  name: 'supergraph',
  ask: async () => {
    const sdl = await readFile(path || new URL(import.meta.resolve('#schema/supergraph.graphql')), 'utf8');
    Supergraph.build(plannerSdl(sdl, authorizationFeatures)).apiSchema();
  },
  advice: path ? 'look at SUPERGRAPH_PATH; `validate-config` tells more' : 'npm run compose',
  none: '',
});

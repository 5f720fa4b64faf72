import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readConfig, variableNames } from '#gateway/config.ts';
import { readEnvironment } from '#kit/environment.ts';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';
import { strongSecrets } from '#test/harness/secrets.ts';

/* The sample configurations of the deployment guides, as they stand there; only placeholders and addresses of stores are filled in. */

const fixture = (name: string): string => `test/fixtures/earlier-gateways/${name}`;
const variablesOf = (name: string) => parseEnv(readFileSync(fixture(name), 'utf8'));
const configOf = async (environment: NodeJS.ProcessEnv) => readConfig(await readEnvironment(environment, variableNames));

const data = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
afterAll(() => rmSync(data, { recursive: true }));

const redisUrl = inject('redisUrl');
const mongoUri = inject('mongoUri');
const lacksStores = redisUrl === undefined || mongoUri === undefined;
const own = {
  GATEWAY_PORT: '0',
  ADMIN_PORT: '0',
  WORKERS: '1',
  DATA_DIR: data,
  ADMIN_TOKEN: 'token-of-operators-0123456789abcdef',
};

/** Starts the gateway with a file of variables and sees it ready; tells where it is and where its operators are. */
async function startedWith(file: string, env: Record<string, string>, more: (urls: Urls) => Promise<void> = async () => {}) {
  await using gateway = runProgram(`--env-file=${fixture(file)}`, ['gateway/main.ts'], { ...own, ...env });
  const urls = await urlsOf(gateway);
  expect((await fetch(`${urls.main}/ready`)).status).toBe(200);
  await more(urls);
  gateway.kill('SIGTERM');
  const { code, stderr } = await gateway.ended;
  expect(code).toBe(0);
  return stderr;
}

type Urls = { readonly main: string; readonly operators: string };

async function urlsOf(gateway: ProcessUnderTest): Promise<Urls> {
  const banner = await gateway.printed('Operators ');
  const port = (pattern: RegExp): string => `http://127.0.0.1:${pattern.exec(banner)?.[1]}`;
  return { main: port(/:(\d+)\/graphql/), operators: port(/Operators \S+:(\d+)\/health/) };
}

async function settingsOf({ operators }: Urls) {
  const response = await fetch(`${operators}/admin/config`, { headers: { authorization: `Bearer ${own.ADMIN_TOKEN}` } });
  return (await response.json()) as Record<string, { source: string; value?: unknown }>;
}

describe('the universal gateway’s variables and services file', () => {
  const services = { SERVICES_PATH: fixture('universal-services.json'), GITHUB_TOKEN: 'of the environment' };

  test('AD-07 start the gateway unchanged, and operators see what took effect', async () => {
    await startedWith('universal.env', services, async (urls) => {
      expect(await settingsOf(urls)).toMatchObject({
        GATEWAY_HOST: { source: 'set', value: '0.0.0.0' },
        LOG_LEVEL: { source: 'set', value: 'info' },
        MAX_CONNECTIONS: { source: 'set', value: 2_000 },
        SUBGRAPH_CONNECTIONS: { source: 'set', value: 200 },
        CACHE_MAX_ENTRIES: { source: 'set', value: 100_000 },
      });
    });
  });

  test('AD-07 the port is the one that they name', async () => {
    const { http, upstreams } = await configOf({ ...variablesOf('universal.env'), ...services });
    expect(http.port).toBe(8_000);
    expect(upstreams.samples.connections).toBe(200);
  });
});

describe('the configuration file of the service discovery’s gateway', () => {
  const inFile = { CONFIG_PATH: fixture('discovery.yaml') };

  test('AD-08 every key of it fills a variable', async () => {
    const { http, log, operations, rateLimit, fetch } = await configOf(inFile);
    expect(http).toMatchObject({ host: '0.0.0.0', port: 8_080 });
    expect(log.level).toBe('info');
    expect(operations.metrics).toMatchObject({ enabled: true, path: '/metrics' });
    expect(operations.health).toMatchObject({ path: '/health', everyMs: 30_000, timeoutMs: 5_000 });
    expect(rateLimit).toMatchObject({ enabled: true, redisUrl: 'redis://redis:6379' });
    expect(fetch.consul).toEqual({ url: 'http://consul:8500', datacenter: 'chaos-world' });
    expect(await readEnvironment(inFile, variableNames)).toMatchObject({ WORKERS: '4' });
  });

  test('AD-08 a variable that is set wins over the file, by any of its names', async () => {
    const { log, rateLimit } = await configOf({ ...inFile, RUST_LOG: 'debug', RATE_LIMIT_ENABLED: 'false' });
    expect([log.level, rateLimit.enabled]).toEqual(['debug', false]);
  });

  test.each([
    [
      'server:\n  prot: 8080\nlogs: {}',
      'CONFIG_PATH: server.prot is no key of this gateway\nCONFIG_PATH: logs is no key of this gateway',
    ],
    ['logging: { format: text }', 'CONFIG_PATH: logging.format: '],
    ['health_check: { enabled: false }', 'CONFIG_PATH: health_check.enabled: '],
    ['health_check: { interval: soon }', 'CONFIG_PATH: health_check.interval: is a time such as 30s'],
    ['server: { port: eight }', 'GATEWAY_PORT: '],
    ['server: [', 'CONFIG_PATH: is no YAML: '],
    ['just words', 'CONFIG_PATH: '],
  ])('AD-08 the file %j is refused, and the key told', async (text, told) => {
    const file = join(data, 'broken.yaml');
    writeFileSync(file, text);
    await expect(configOf({ CONFIG_PATH: file })).rejects.toThrow(told);
  });

  test('AD-08 a time may be in minutes, milliseconds or plain seconds, and an empty file says nothing', async () => {
    const file = join(data, 'times.yaml');
    writeFileSync(file, 'health_check: { interval: 2m, timeout: 500ms }');
    expect((await configOf({ CONFIG_PATH: file })).operations.health).toMatchObject({ everyMs: 120_000, timeoutMs: 500 });
    writeFileSync(file, 'health_check: { interval: 7 }');
    expect((await configOf({ CONFIG_PATH: file })).operations.health.everyMs).toBe(7_000);
    writeFileSync(file, '');
    expect((await configOf({ CONFIG_PATH: file })).http.port).toBe(8_000);
  });

  test('AD-08 one that is not there stops the start by name', async () => {
    await expect(configOf({ CONFIG_PATH: '/nowhere.yaml' })).rejects.toThrow('CONFIG_PATH: the file cannot be read (ENOENT)');
  });

  test.skipIf(lacksStores)('AD-08 it and the variables beside it start the gateway unchanged', async () => {
    const stores = { REDIS_URL: redisUrl ?? '', RATE_LIMIT_STORAGE_URL: redisUrl ?? '', MONGODB_URL: mongoUri ?? '' };
    await startedWith('discovery.env', { ...inFile, ...stores }, async (urls) => {
      expect(await settingsOf(urls)).toMatchObject({
        GATEWAY_HOST: { source: 'set', value: '0.0.0.0' },
        LOG_LEVEL: { source: 'set', value: 'debug' },
        HEALTH_CHECK_INTERVAL: { source: 'set', value: 30 },
        RATE_LIMIT_ENABLED: { source: 'set', value: true },
      });
    });
  });
});

describe.skipIf(lacksStores)('in production', () => {
  let sandbox: ProcessUnderTest;
  let services: Record<string, string>;
  beforeAll(async () => {
    sandbox = runProgram('ops/sandbox/main.ts', ['--json', '--ports', 'any']);
    const urls = JSON.parse(await sandbox.printed('}')) as Record<string, string>;
    const named = Object.entries(urls).map(([name, url]) => [`${name.replace(/s$/, '').toUpperCase()}_SERVICE_URL`, url]);
    services = Object.fromEntries(named);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  test('AD-09 the graph API’s variables start the gateway unchanged once their placeholders are filled', async () => {
    const { SUBGRAPH_SECRET, ...secrets } = strongSecrets;
    const stores = { MONGODB_URI: mongoUri ?? '', REDIS_URL: redisUrl ?? '' };
    const filled = { ...services, ...stores, ...secrets, SECRET_KEY: SUBGRAPH_SECRET };
    const log = await startedWith('graph-api.env', filled, async (urls) => {
      expect(await settingsOf(urls)).toMatchObject({
        ENVIRONMENT: { source: 'set', value: 'production' },
        SUBGRAPH_SECRET: { source: 'set' },
        RATE_LIMIT_STORAGE: { source: 'set', value: 'redis' },
        RATE_LIMIT_STORAGE_URL: { source: 'set' },
        METRICS_ENABLED: { source: 'set', value: true },
        CACHE_ENABLED: { source: 'set', value: true },
        CORS_ORIGINS: { source: 'set' },
      });
      const page = await fetch(`${urls.main}/graphql`, {
        method: 'OPTIONS',
        headers: { origin: 'https://app.rocketgraph.com', 'access-control-request-method': 'POST' },
      });
      expect(page.headers.get('access-control-allow-origin')).toBe('https://app.rocketgraph.com');
    });
    // What could be had otherwise is told, once and by name; the rest is left alone.
    expect(log).toMatch(/"name":"SENTRY_DSN".*see Error reports/);
    expect(log).not.toMatch(/XGT/);
  });

  test('AD-09 with the placeholders as they stand production does not start, and says which', async () => {
    const { code, stderr } = await runProgram(`--env-file=${fixture('graph-api.env')}`, ['gateway/main.ts'], services).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/JWT_SECRET_KEY.*\n(.*\n)*.*API_KEY_SALT/);
  });

  test('AD-10 the batch system’s variables start the gateway unchanged, with the secrets that it wants beside them', async () => {
    const stores = { REDIS_URL: redisUrl ?? '', RATE_LIMIT_REDIS_URL: redisUrl ?? '' };
    const log = await startedWith('batch.env', { ...services, ...stores, ...strongSecrets }, async (urls) => {
      expect(await settingsOf(urls)).toMatchObject({
        RATE_LIMIT_ENABLED: { source: 'set', value: true },
        RATE_LIMIT_STORAGE_URL: { source: 'set' },
        APM_ENABLED: { source: 'set', value: true },
        METRICS_EXPORT_INTERVAL: { source: 'set', value: 30 },
      });
    });
    expect(log).not.toMatch(/GCP|FIRESTORE|MODAL/);
  });
});

test.each([
  ['RC-20', 'ENABLE_RESULT_STREAMING'],
  ['RC-21', 'ENABLE_ADVANCED_ANALYTICS'],
])('%s %s changes nothing, and the page of variables says why', async (_, name) => {
  expect(variableNames).not.toContain(name);
  for (const value of ['true', 'false', 'neither'])
    expect(JSON.stringify(await configOf({ ...strongSecrets, [name]: value }))).toBe(
      JSON.stringify(await configOf(strongSecrets)),
    );
  expect(readFileSync('ops/CONFIGURATION.md', 'utf8')).toContain(`- \`${name}\`: `);
});

describe('a variable that refers to another one', () => {
  const reference = '$' + '{REDIS_URL}';

  test('has its value, also where that comes from a file', async () => {
    const file = join(data, 'redis-url');
    writeFileSync(file, 'redis://of-the-file:6379\n');
    const { rateLimit } = await configOf({ RATE_LIMIT_STORAGE_URL: reference, REDIS_URL_FILE: file });
    expect(rateLimit.redisUrl).toBe('redis://of-the-file:6379');
  });

  test('that is not set stops the start by name', async () => {
    await expect(configOf({ RATE_LIMIT_STORAGE_URL: reference })).rejects.toThrow(
      'RATE_LIMIT_STORAGE_URL: refers to REDIS_URL, which is not set',
    );
  });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWith, documents, files, parts, read, run } from '#test/harness/deployment.ts';

type Service = {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string>>;
  readonly [part: string]: unknown;
};
type Project = { readonly services: Readonly<Record<string, Service>>; readonly [part: string]: unknown };

const upstreams = Object.fromEntries(
  ['AUTH', 'SAMPLE', 'STORAGE', 'TEMPLATE', 'SEQUENCING', 'RAG', 'GRAPH'].map((name) => [
    `${name}_SERVICE_URL`,
    'http://upstream.example',
  ]),
);

/** The project as Docker Compose reads it: interpolated, checked against the specification, its references resolved. */
const project = (file: string, env: Readonly<Record<string, string>> = upstreams): Project =>
  JSON.parse(run('compose-config', [file], { env })) as Project;

const needs = describeWith('compose-config');

needs('docker-compose.yml', () => {
  const { services, networks } = project('docker-compose.yml');
  const named = (name: string): Service => services[name] as Service;

  test('DE-06 everything is there, in versions that do not move, on one network', () => {
    expect(Object.keys(services)).toEqual(
      expect.arrayContaining([
        'gateway',
        'sandbox',
        'redis-limits',
        'redis-cache',
        'mongodb',
        'prometheus',
        'grafana',
        'jaeger',
        'consul',
      ]),
    );
    expect(named('consul').image).toMatch(/^hashicorp\/consul:1\.15\./);
    expect(named('mongodb').image).toMatch(/^mongo:7\./);
    expect(named('redis-limits').image).toMatch(/^redis:7\./);
    for (const { image } of Object.values(services)) expect(image).toMatch(/:(\d+\.\d+|v\d+\.\d+|development)/);
    expect(Object.keys(networks as object)).toEqual(['lab']);
  });

  test('limits stay in Redis and on disk, the cache gives way; MongoDB is a replica set', () => {
    expect(named('redis-limits').command?.join(' ')).toMatch(/--appendonly yes.*--maxmemory-policy noeviction/);
    expect(named('redis-cache').command?.join(' ')).toMatch(/--appendonly no.*--maxmemory-policy allkeys-lfu/);
    expect(named('mongodb').command?.join(' ')).toContain('--replSet lab');
    expect(named('gateway').environment).toMatchObject({
      REDIS_URL: 'redis://redis-limits:6379',
      MONGODB_URI: expect.stringContaining('replicaSet=lab'),
    });
  });

  test('two profiles: what the gateway stands on, and everything', () => {
    const core = Object.entries(services).filter(([, { profiles }]) => (profiles as readonly string[]).includes('core'));
    expect(core.map(([name]) => name).sort()).toEqual([
      'gateway',
      'migrate',
      'mongodb',
      'mongodb-replica-set',
      'redis-cache',
      'redis-limits',
      'sandbox',
    ]);
    for (const { profiles } of Object.values(services)) expect(profiles).toContain('full');
  });

  test('DE-05 RE-17 the gateway has its volumes, its bounds, and comes back', () => {
    expect(named('gateway')).toMatchObject({
      restart: 'unless-stopped',
      deploy: {
        resources: {
          limits: { memory: String(2 * 2 ** 30), cpus: 1 },
          reservations: { memory: String(512 * 2 ** 20), cpus: 0.5 },
        },
      },
      volumes: expect.arrayContaining([
        expect.objectContaining({ target: '/app/config', read_only: true }),
        expect.objectContaining({ target: '/app/data' }),
      ]),
    });
  });

  test('HE-15 the gateway is asked every 30 s and has 10 s to answer, three times', () => {
    expect(named('gateway')['healthcheck']).toMatchObject({ interval: '30s', timeout: '10s', retries: 3 });
  });

  test('every service is bounded and may not gain rights; what is published listens on this machine alone', () => {
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).toMatchObject({
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        deploy: { resources: { limits: {} } },
      });
      for (const port of (service['ports'] ?? []) as readonly object[])
        expect(port, name).toMatchObject({ host_ip: '127.0.0.1' });
    }
  });

  test('OB-47 OB-48 logs are kept in bounds', () => {
    for (const { logging } of Object.values(services))
      expect(logging).toMatchObject({ options: { 'max-size': '10m', 'max-file': '5' } });
  });

  test('OB-38 Grafana finds Prometheus and its dashboards', () => {
    const [source] = documents(read('ops/deploy/monitoring/grafana/provisioning/datasources/datasources.yml'));
    expect(parts(source).find(({ type }) => type === 'prometheus')).toMatchObject({ url: 'http://prometheus:9090' });
    const [provider] = documents(read('ops/deploy/monitoring/grafana/provisioning/dashboards/dashboards.yml'));
    const path = parts(provider).find(({ options }) => options)?.['options'];
    expect(JSON.stringify(named('grafana')['volumes'])).toContain(String((path as { path: string }).path));
  });
});

needs('docker-compose.production.yml', () => {
  const { services, secrets, networks } = project('docker-compose.production.yml');

  test('DE-07 three gateways behind TLS, secrets as files, an encrypted network, Redis bounded', () => {
    expect(services['gateway']).toMatchObject({
      deploy: {
        replicas: 3,
        resources: { limits: { cpus: 2, memory: String(4 * 2 ** 30) } },
        restart_policy: { condition: 'on-failure', delay: '5s', max_attempts: 3 },
      },
    });
    expect(services['gateway']?.['ports']).toBeUndefined();
    expect(services['nginx']?.['ports']).toMatchObject([{ published: '80' }, { published: '443' }]);
    expect(services['redis-limits']).toMatchObject({ deploy: { resources: { limits: { memory: String(2 * 2 ** 30) } } } });
    expect(networks).toMatchObject({ gateway: { driver: 'overlay', driver_opts: { encrypted: '' } } });
    for (const secret of Object.values(secrets as object)) expect(secret).toHaveProperty('file');
  });

  test('SE-21 the network between machines is encrypted', () => {
    expect(networks).toMatchObject({ gateway: { driver_opts: { encrypted: '' } } });
  });

  test('SE-22 no secret stands in the environment, and each that a variable names is mounted', () => {
    const { environment = {}, secrets: mounted } = services['gateway'] as Service;
    expect(Object.keys(environment).filter((name) => /SECRET|SALT|TOKEN|PASSWORD/.test(name) && !name.endsWith('_FILE'))).toEqual(
      [],
    );
    const named = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
    expect(named.length).toBeGreaterThan(4);
    const sources = (mounted as readonly { source: string }[]).map(({ source }) => `/run/secrets/${source}`);
    for (const [, file] of named) expect(sources).toContain(file);
  });

  test('a URL that is missing is asked for by its name', () => {
    expect(() => project('docker-compose.production.yml', {})).toThrow(/required variable \w+_SERVICE_URL is missing/);
  });
});

needs('the check', () => {
  test.each([
    ['a key that Compose does not know', (text: string) => text.replace('stop_grace_period', 'stop_grace'), 'stop_grace'],
    ['a service that is not there', (text: string) => text.replace('migrate: { condition', 'migrated: { condition'), 'migrated'],
    ['a volume that is not there', (text: string) => text.replace('  redis_limits:\n', ''), 'redis_limits'],
  ])('finds %s', (_, broken, named) => {
    const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
    const file = join(folder, 'docker-compose.yml');
    writeFileSync(file, broken(read('docker-compose.yml')));
    expect(() => project(file)).toThrow(named);
    rmSync(folder, { recursive: true });
  });
});

test('make-secrets.sh writes what production wants, once, for its owner alone', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'lab-gateway-')), 'secrets');
  run('sh', ['ops/deploy/compose/make-secrets.sh', folder]);
  const written = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  run('sh', ['ops/deploy/compose/make-secrets.sh', folder]);
  expect(Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))).toEqual(
    written,
  );
  const wanted = [...read('docker-compose.production.yml').matchAll(/\.\/secrets\/([\w.]+)/g)].map(([, name = '']) => name);
  expect(wanted.filter((name) => !(name in written))).toEqual(['mongodb_uri', 'tls.crt', 'tls.key']);
  expect(written['jwt_secret_key']?.trim()).toMatch(/^[0-9a-f]{64}$/);
  expect(written['redis.conf']).toContain(written['redis_password']?.trim());
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  rmSync(folder, { recursive: true });
});

test('every YAML and JSON file of a deployment can be read', () => {
  const yaml = files(/^(ops\/deploy|\.github)\/(?!helm\/templates).*\.ya?ml$|^docker-compose.*\.yml$/).filter(
    (file) => !file.includes('/lambda/'),
  );
  expect(yaml.length).toBeGreaterThan(30);
  for (const file of yaml) expect(() => documents(read(file)), file).not.toThrow();
  for (const file of files(/^ops\/deploy\/.*\.json$/)) expect(() => JSON.parse(read(file)), file).not.toThrow();
});

test('the rules of the operator are those of the files', () => {
  const groups = ['recording_rules.yml', 'alert_rules.yml'].flatMap((file) =>
    documents(read(`ops/deploy/monitoring/${file}`)).flatMap(({ groups }) => groups),
  );
  expect(parts(documents(read('ops/deploy/kubernetes/base/prometheus-rule.yaml'))).find(({ groups }) => groups)).toEqual({
    groups,
  });
});

test('SC-09 the adapter makes the counter the metric of the autoscaler, and looks every minute', () => {
  const [values] = documents(read('ops/deploy/kubernetes/monitoring/prometheus-adapter-values.yaml'));
  expect(values).toMatchObject({
    metricsRelistInterval: '1m',
    rules: {
      custom: [
        { seriesQuery: expect.stringMatching(/^api_gateway_requests_total/), name: { as: 'api_gateway_requests_per_second' } },
      ],
    },
  });
});

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { documents, files, parts, read, root, run } from '#test/harness/deployment.ts';
import { runProgram } from '#test/harness/process.ts';

/** Programs that write down what they were told and fail where told to. */
function pretended(failing = 'nothing') {
  const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
  for (const name of ['kubectl', 'docker', 'npm', 'node']) {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> ${folder}/log\ncase "${name} $*" in *"${failing}"*) exit 1;; esac\n`);
    chmodSync(file, 0o755);
  }
  return {
    env: {
      PATH: [folder, process.env['PATH']].join(delimiter),
      REGISTRY: 'registry.example',
      VERSION: '1.2.3',
      MONGODB_URI: 'mongodb://m.example',
    },
    told: () => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

const deploy = (env: Readonly<Record<string, string>>): string =>
  run('sh', ['ops/deploy/kubernetes/deploy.sh', 'production'], { env });

test('DE-32 DE-33 a deployment begins with what it stands on, and goes from image to indexes to traffic', () => {
  using programs = pretended();
  deploy(programs.env);
  const order = [
    'apply -k ops/deploy/kubernetes/storage',
    'apply -k ops/deploy/kubernetes/monitoring',
    'docker build',
    'docker push registry.example/lab-gateway:1.2.3',
    'delete job',
    'kustomize',
    'wait --for=condition=complete',
    'rollout status',
    'exec',
  ];
  const places = order.map((step) => programs.told().findIndex((line) => line.includes(step)));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((left, right) => left - right));
});

test.each(['docker build', 'docker push', 'wait --for=condition=complete'])('DE-33 it ends where %s fails', (failing) => {
  using programs = pretended(failing);
  expect(() => deploy(programs.env)).toThrow();
  expect(programs.told().at(-1)).toContain(failing);
});

test('HE-19 a version that does not become ready is taken back', () => {
  using programs = pretended('rollout status');
  expect(() => deploy(programs.env)).toThrow('did not become ready');
  expect(programs.told().at(-1)).toContain('rollout undo deployment/lab-gateway');
});

test('DE-33 a dry run does nothing', () => {
  using programs = pretended();
  expect(deploy({ ...programs.env, DRY_RUN: 'true' })).toContain('== docker push');
  expect(() => programs.told()).toThrow('ENOENT');
});

const recover = (env: Readonly<Record<string, string>>): string =>
  run('sh', ['ops/deploy/kubernetes/recover.sh', 'production'], { env });

test('DR-06 recovery checks the archive, brings stores back, then gateways, and looks at pods, service and ingress', () => {
  using programs = pretended();
  recover(programs.env);
  const order = [
    'npm run cli -- backup verify',
    'apply -k ops/deploy/kubernetes/storage',
    'rollout status statefulset/mongodb',
    'rollout status statefulset/redis-limits',
    'npm run cli -- backup restore',
    'apply -k ops/deploy/kubernetes/overlays/production',
    'rollout status deployment/lab-gateway',
    'wait pod',
    'wait endpointslice',
    'wait ingress/lab-gateway',
    'exec',
  ];
  const places = order.map((step) => programs.told().findIndex((line) => line.includes(step)));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((left, right) => left - right));
});

test.each(['backup verify', 'backup restore', 'wait pod', 'wait ingress'])('DR-06 it ends where %s fails', (failing) => {
  using programs = pretended(failing);
  expect(() => recover(programs.env)).toThrow();
  expect(programs.told().at(-1)).toContain(failing);
});

test('DR-06 a dry run of it does nothing', () => {
  using programs = pretended();
  expect(recover({ ...programs.env, DRY_RUN: 'true' })).toContain('== npm run cli -- backup restore <newest> --yes --overwrite');
  expect(() => programs.told()).toThrow('ENOENT');
});

test('make-secrets.sh asks kubectl to print, never to apply, and makes no short secret', () => {
  using programs = pretended();
  run('sh', ['ops/deploy/kubernetes/make-secrets.sh', 'lab-gateway'], { env: programs.env });
  expect(programs.told()).toHaveLength(6);
  for (const line of programs.told()) expect(line).toContain('--dry-run=client -o yaml');
  expect(programs.told().join('\n')).toMatch(/jwt-secret-key=[0-9a-f]{64} .*api-key-salt=[0-9a-f]{64}/);
});

type Event = {
  readonly rawPath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly requestContext: { readonly http: { readonly method: string } };
};

describe('AWS Lambda', () => {
  const template = parseDocument(read('ops/deploy/lambda/template.yaml'), {
    customTags: ['!Ref', '!Sub'].map((tag) => ({ tag, resolve: (text: string) => text })),
  });
  const gateway = (template.toJS() as { Resources: { Gateway: { Properties: Record<string, unknown> } } }).Resources.Gateway
    .Properties;

  test('DE-30 it has 30 s, 1024 MB, at most 100 at once, and one that is kept warm every 5 minutes', () => {
    expect([...template.errors, ...template.warnings]).toEqual([]);
    expect(gateway).toMatchObject({ Timeout: 30, MemorySize: 1024, ReservedConcurrentExecutions: 100 });
    expect(parts(gateway).find(({ Schedule }) => Schedule)).toMatchObject({ Schedule: 'rate(5 minutes)' });
  });

  test('DE-31 secrets are references, and it runs in a private network', () => {
    expect(gateway).toMatchObject({ VpcConfig: { SecurityGroupIds: 'SecurityGroupIds', SubnetIds: 'SubnetIds' } });
    const { Variables } = gateway['Environment'] as { Variables: Readonly<Record<string, unknown>> };
    for (const [name, value] of Object.entries(Variables).filter(([name]) => /SECRET|SALT|_URI|_URL/.test(name)))
      expect(value, name).toMatch(/^\{\{resolve:(ssm|secretsmanager):/);
  });

  /** What the Lambda Web Adapter does with an event of an HTTP API, version 2.0 of the payload. */
  async function answered(url: string, { rawPath, headers, body, requestContext }: Event) {
    const response = await fetch(new URL(rawPath, url), {
      method: requestContext.http.method,
      headers,
      ...(body !== undefined && { body }),
    });
    return { statusCode: response.status, body: await response.text() };
  }

  test('DE-30 the program of the image answers what an event becomes, GraphQL, readiness and the one that keeps it warm', async () => {
    await using running = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', ADMIN_PORT: '0', GATEWAY_HOST: '127.0.0.1' });
    const url = /http:\S+(?=\/graphql)/.exec(await running.printed('EnterprisePlanDevKey001'))?.[0] ?? '';
    const event: Event = {
      rawPath: '/api/v1/public/graphql',
      headers: { 'content-type': 'application/json', 'x-api-key': 'lg_test_HelixLabsEnterprisePlanDevKey001' },
      body: '{"query":"{ samples(first: 1) { nodes { name } } }"}',
      requestContext: { http: { method: 'POST' } },
    };
    expect(await answered(url, event)).toMatchObject({ statusCode: 200, body: expect.stringContaining('"nodes":[{"name":') });
    const warm = JSON.parse(String((parts(gateway).find(({ Input }) => Input) as { Input: string }).Input)) as Event;
    expect(await answered(url, warm)).toEqual({ statusCode: 200, body: '{"status":"alive"}' });
    const path = /READINESS_CHECK_PATH=(\S+)/.exec(readFileSync(join(root, 'ops/deploy/lambda/Dockerfile'), 'utf8'))?.[1] ?? '';
    expect(await answered(url, { ...warm, rawPath: path })).toMatchObject({ statusCode: 200 });
  });
});

describe('workflows', () => {
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
  const workflows = files(/^\.github\/workflows\/.*\.yml$/);

  test.each(workflows)('%s runs scripts that there are, with versions that are named and rights that are said', (file) => {
    const [workflow] = documents(read(file));
    expect(workflow).toHaveProperty('permissions');
    const steps = parts(workflow);
    for (const { uses } of steps.filter(({ uses }) => uses)) expect(uses).toMatch(/@v\d+$/);
    for (const { run: command } of steps.filter(({ run }) => typeof run === 'string'))
      for (const [, script = ''] of String(command).matchAll(/npm run (\w+)/g)) expect(scripts).toHaveProperty(script);
  });

  test('SE-26 every change is audited, and every image has a list of what is in it', () => {
    expect(read('.github/workflows/audit.yml')).toContain('npm audit --omit=dev --audit-level=high');
    expect(read('.github/workflows/image.yml')).toContain('ops/deploy/sbom.sh > sbom.cdx.json');
    const sbom = JSON.parse(run('sh', ['ops/deploy/sbom.sh'])) as { components: readonly { name: string }[] };
    const names = sbom.components.map(({ name }) => name);
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const plain = Object.keys(dependencies).map((name) => name.replace(/^@fastify\//, ''));
    expect(plain.filter((name) => !names.includes(name) && !names.includes(`@fastify/${name}`))).toEqual([]);
    expect(names).not.toContain('vitest');
  });
});

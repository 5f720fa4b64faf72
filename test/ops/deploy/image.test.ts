import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { validate } from 'dockerfile-utils';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { files, lacks, read, root, run } from '#test/harness/deployment.ts';
import { runProgram } from '#test/harness/process.ts';
import { strongSecrets } from '#test/harness/secrets.ts';

const dockerfiles = files(/(^|\/)Dockerfile$/);

/** Instructions of a stage, continued lines joined. */
function stage(name: string, text = read('Dockerfile')): readonly string[] {
  const lines = text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const first = lines.findIndex((line) => line.endsWith(` AS ${name}`));
  const rest = lines.slice(first + 1);
  const end = rest.findIndex((line) => line.startsWith('FROM '));
  return end < 0 ? rest : rest.slice(0, end);
}

describe.each(dockerfiles)('%s', (file) => {
  const text = read(file);

  test('has no mistake that a linter finds', () => {
    expect(validate(text)).toEqual([]);
  });

  test('SE-26 takes no moving version, adds no archive, keeps no secret, and ends as a numeric user that is not root', () => {
    const base = [...text.matchAll(/^ARG \w+_IMAGE=(.*)$/gm)].map(([, image = '']) => image);
    expect(base.length).toBeGreaterThan(0);
    for (const image of base) expect(image).toMatch(/:\d+\.\d+\.\d+/);
    expect(text).not.toMatch(/:latest|^ADD |^MAINTAINER|sudo|curl|wget/m);
    expect(text).not.toMatch(/^(ENV|ARG) .*(SECRET|PASSWORD|TOKEN|SALT)/m);
    expect([...text.matchAll(/^USER (.*)$/gm)].at(-1)?.[1]).toBe('1000:1000');
    for (const [, command = ''] of text.matchAll(/^(?:CMD|ENTRYPOINT|HEALTHCHECK .*?CMD) (.*)$/gm))
      expect(command).toMatch(/^\[/);
  });
});

test('DE-01 the process owns nothing of its program, and writes to data/ alone', () => {
  const gateway = stage('gateway');
  expect(gateway).toContain('USER 1000:1000');
  expect(gateway.filter((line) => line.includes('--chown'))).toEqual(['COPY --from=build --chown=1000:1000 /app/data data']);
});

test('DE-02 the image ships what the build stage made, without development dependencies', () => {
  expect(stage('build').join('\n')).toMatch(/npm ci --omit=dev/);
  expect(stage('gateway').some((line) => /^RUN /.test(line))).toBe(false);
});

test('DE-03 the ports are those of the configuration', () => {
  expect(stage('gateway')).toContain('EXPOSE 8000 9090');
});

test('HE-13 HE-14 the image checks itself with Node, every 30 s and for 10 s at most', () => {
  expect(stage('gateway').find((line) => line.startsWith('HEALTHCHECK'))).toBe(
    'HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3 CMD ["node", "ops/health-check.ts"]',
  );
});

test('the heap is three quarters of the memory that the container may take', () => {
  expect(stage('gateway').at(-1)).toContain('"--max-old-space-size-percentage=75"');
});

test('nothing but what the image copies is sent to be built', () => {
  const [everything, ...kept] = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(everything).toBe('*');
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
  expect(copied.length).toBeGreaterThan(8);
  for (const name of copied) expect(kept).toContain(`!${name}`);
});

test('an answer other than 200 and no answer at all are told by the exit code', async () => {
  const server = createServer(({ url }, response) => response.writeHead(url === '/live' ? 200 : 503).end()).listen(
    0,
    '127.0.0.1',
  );
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as { port: number };
  const check = (...words: string[]) => runProgram('ops/health-check.ts', words, { GATEWAY_PORT: String(port) }).ended;
  expect((await check()).code).toBe(0);
  expect((await check('/ready')).code).toBe(1);
  await new Promise((closed) => server.close(closed));
  expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining('/live') });
});

/** What the image holds: the files of the build stage, and the packages that are not for development alone. */
function contents(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-image-'));
  const copies = stage('build').flatMap((line) => /^COPY (?!--)(.*) (\S+)$/.exec(line)?.slice(1, 3) ?? []);
  for (let index = 0; index < copies.length; index += 2) {
    const [names = '', target = ''] = copies.slice(index, index + 2);
    for (const name of names.split(' '))
      cpSync(resolve(root, name), target === './' ? join(folder, name) : join(folder, target), { recursive: true });
  }
  for (const [, removed = ''] of stage('build')
    .join('\n')
    .matchAll(/rm -rf ([^&]*)/g))
    for (const path of removed.trim().split(' ')) rmSync(join(folder, path), { recursive: true });
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  for (const [path, { dev, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev || devOptional || existsSync(join(folder, path)) || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(root, path), join(folder, path));
  }
  mkdirSync(join(folder, 'data'));
  return folder;
}

describe('what the image holds', () => {
  const folder = contents();
  afterAll(() => rmSync(folder, { recursive: true }));

  test('SE-15 H9 is no sandbox and no tool of development', () => {
    expect(readdirSync(join(folder, 'ops'))).not.toContain('sandbox');
    for (const name of ['vitest', 'typescript', '@ladybugdb/core', '@graphql-yoga/render-graphiql'])
      expect(existsSync(join(folder, 'node_modules', name))).toBe(false);
  });

  test('is enough to serve in production, to answer its own check, and for the command line', async () => {
    await using sandbox = runProgram('ops/sandbox/main.ts', ['--json', '--ports', 'any']);
    const urls = JSON.parse(await sandbox.printed('}')) as Record<string, string>;
    const services = Object.fromEntries(
      Object.entries(urls).map(([name, url]) => [`${name.replace(/s$/, '').toUpperCase()}_SERVICE_URL`, url]),
    );
    const env = {
      ENVIRONMENT: 'production',
      NODE_ENV: 'production',
      GATEWAY_PORT: '0',
      ADMIN_PORT: '0',
      DATA_DIR: join(folder, 'data'),
      ...strongSecrets,
    };
    await using gateway = runProgram(join(folder, 'gateway/main.ts'), [], { ...env, ...services });
    const port = /:(\d+)\/graphql/.exec(await gateway.printed('/graphql'))?.[1] ?? '';
    expect((await runProgram(join(folder, 'ops/health-check.ts'), ['/ready'], { GATEWAY_PORT: port }).ended).code).toBe(0);
    expect((await runProgram(join(folder, 'ops/cli/main.ts'), ['migrate'], env).ended).stderr).toBe('');
    gateway.kill('SIGTERM');
    expect((await gateway.ended).code).toBe(0);
  });
});

const redisUrl = inject('redisUrl');

test.skipIf(redisUrl === undefined)(
  'DE-10 the gateway starts from the file of the ConfigMap, and that file alone says where its services are',
  async () => {
    const data = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
    const env = { GATEWAY_PORT: '0', ADMIN_PORT: '0', DATA_DIR: data, REDIS_URL: redisUrl ?? '', ...strongSecrets };
    const file = '--env-file=ops/deploy/kubernetes/base/config/gateway.env';
    await using gateway = runProgram(file, ['gateway/main.ts'], env);
    expect(await gateway.printed('/graphql')).toContain('The gateway listens on http://0.0.0.0:');
    gateway.kill('SIGTERM');
    expect((await gateway.ended).code).toBe(0);
    rmSync(data, { recursive: true });
  },
);

const scripts = files(/^ops\/deploy\/.*\.sh$/);

test.skipIf(lacks('shellcheck')).each(scripts)('%s has no mistake that a linter finds', (script) => {
  expect(run('shellcheck', [script])).toBe('');
});

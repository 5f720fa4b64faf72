import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfig, variableNames } from '#gateway/config.ts';
import { readEnvironment } from '#kit/environment.ts';
import { readServicesFile } from '#kit/services-file.ts';
import { readVault } from '#kit/vault.ts';
import { certificate } from '#test/harness/certificate.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';
import { startVault } from '#test/harness/vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const read = (environment: Record<string, string>) => readEnvironment(environment, ['AUTH_SERVICE_TOKEN', 'MONGODB_URI']);

describe('SE-22 secrets in files', () => {
  test('a file wins over the variable, and one newline at its end is no part of the secret', async () => {
    const environment = await read({
      AUTH_SERVICE_TOKEN: 'from the environment',
      AUTH_SERVICE_TOKEN_FILE: file('token', 'from the file\n'),
      MONGODB_URI_FILE: file('uri', 'mongodb://somewhere\r\n'),
      API_KEY_SALT_FILE: file('salt', ' two lines\n\n'),
    });
    expect(environment).toMatchObject({
      AUTH_SERVICE_TOKEN: 'from the file',
      MONGODB_URI: 'mongodb://somewhere',
      API_KEY_SALT: ' two lines\n',
    });
  });

  test('files of variables that are not ours are left alone', async () => {
    const environment = await read({
      SOME_CLOUD_TOKEN_FILE: '/nowhere',
      SAMPLE_SERVICE_CA_FILE: '/nowhere',
      LOG_FILE: '/nowhere',
    });
    expect(Object.keys(environment)).toEqual(['SOME_CLOUD_TOKEN_FILE', 'SAMPLE_SERVICE_CA_FILE', 'LOG_FILE']);
  });

  test('a file that is missing, a folder or empty stops the start by name', async () => {
    await expect(read({ AUTH_SERVICE_TOKEN_FILE: join(folder, 'missing') })).rejects.toThrow(
      /^AUTH_SERVICE_TOKEN_FILE: the file cannot be read \(ENOENT\)$/,
    );
    await expect(read({ AUTH_SERVICE_TOKEN_FILE: folder })).rejects.toThrow('AUTH_SERVICE_TOKEN_FILE: the file cannot be read');
    await expect(read({ AUTH_SERVICE_TOKEN_FILE: file('empty', '\n') })).rejects.toThrow(
      'AUTH_SERVICE_TOKEN_FILE: the file is empty',
    );
  });

  test('an empty variable counts as absent', async () => {
    expect(await read({ AUTH_SERVICE_TOKEN: '', AUTH_SERVICE_TOKEN_FILE: '', JWT_SECRET: '' })).toEqual({});
  });

  test('a placeholder of the services file may come from a file', () => {
    const services = JSON.stringify({
      samples: { base_url: 'https://samples.example', auth_type: 'bearer', auth_config: { token: '$' + '{PARTNER_TOKEN}' } },
    });
    const entries = readServicesFile(services, { PARTNER_TOKEN_FILE: file('partner', 'of the partner\n') });
    expect(entries.get('samples')?.credential).toMatchObject({ token: 'of the partner' });
  });
});

describe('AD-06 names of earlier gateways', () => {
  test('fill our variables, and our own names win', async () => {
    const environment = await readEnvironment(
      {
        API_GATEWAY_HOST: '127.0.0.9',
        API_GATEWAY_PORT: '8123',
        API_GATEWAY_LOG_LEVEL: 'INFO',
        API_GATEWAY_MAX_CONNECTIONS: '1000',
        API_GATEWAY_MAX_CONN_PER_HOST: '200',
        SAMPLE_SERVICE_CONNECTIONS: '7',
        JWT_SECRET: 'of the seed',
        SECRET_KEY: 'of the application',
        MONGODB_URL: 'mongodb://seed',
        MONGODB_URI: 'mongodb://ours',
      },
      variableNames,
    );
    expect(environment).toMatchObject({
      JWT_SECRET_KEY: 'of the seed',
      SUBGRAPH_SECRET: 'of the application',
      MONGODB_URI: 'mongodb://ours',
    });
    const config = readConfig(environment);
    expect(config.http).toMatchObject({ host: '127.0.0.9', port: 8123, maxConnections: 1_000 });
    expect(config.log.level).toBe('info');
    expect(config.fetch.connections).toBe(200);
    expect([config.upstreams.samples.connections, config.upstreams.graph.connections]).toEqual([7, 200]);
  });

  test.each([
    ['INFO', 'info'],
    ['Warning', 'warn'],
    ['CRITICAL', 'fatal'],
  ])('a log level may be written %s', (written, level) => {
    expect(readConfig({ LOG_LEVEL: written }).log.level).toBe(level);
  });

  test('what is offered nowhere is ignored', async () => {
    const seeds = {
      API_GATEWAY_VERIFY_SSL: 'true',
      DEBUG: 'false',
      XGT_PORT: '4367',
      MODAL_TOKEN_ID: 'x',
      ENABLE_SQL_LOGGING: 'false',
    };
    expect(() => readConfig(seeds)).not.toThrow();
  });
});

describe('SE-24 Vault', () => {
  const token = 'hvs.of-the-gateway';
  const path = 'secret/data/gateway';
  const start = (secret: unknown = { API_KEY_SALT: 'from vault' }) => startVault({ token, secrets: { [`/v1/${path}`]: secret } });
  const ask = (url: string, more: Record<string, string> = {}) =>
    read({ VAULT_ADDR: url, VAULT_TOKEN: token, VAULT_PATH: path, ...more });

  test('its keys fill the variables that are unset, by any of their names', async () => {
    await using vault = await start({
      API_KEY_SALT: 'from vault',
      JWT_SECRET: 'from vault',
      SUBGRAPH_SECRET: 'from vault',
      AUTH_SERVICE_TOKEN: 'from vault',
      GATEWAY_PORT: 8123,
      METRICS_ON_MAIN: false,
    });
    const environment = await ask(vault.url, {
      AUTH_SERVICE_TOKEN_FILE: file('given', 'from a file'),
      SECRET_KEY: 'from the environment',
      API_KEY_SALT: '',
    });
    expect(environment).toMatchObject({
      API_KEY_SALT: 'from vault',
      JWT_SECRET_KEY: 'from vault',
      SUBGRAPH_SECRET: 'from the environment',
      AUTH_SERVICE_TOKEN: 'from a file',
      GATEWAY_PORT: '8123',
      METRICS_ON_MAIN: 'false',
    });
    expect(vault.seen).toEqual([`GET /v1/${path}`]);
  });

  test('token from a file, namespace and an address with a path', async () => {
    await using vault = await startVault({
      token,
      namespace: 'lab',
      secrets: { [`/behind/proxy/v1/${path}`]: { API_KEY_SALT: 'x' } },
    });
    const environment = await ask(`${vault.url}/behind/proxy/`, {
      VAULT_TOKEN: '',
      VAULT_TOKEN_FILE: file('vault-token', `${token}\n`),
      VAULT_NAMESPACE: 'lab',
      VAULT_PATH: `/${path}`,
    });
    expect(environment['API_KEY_SALT']).toBe('x');
  });

  const failures: readonly (readonly [string, () => ReturnType<typeof start>, Record<string, string>, string])[] = [
    ['a wrong token', start, { VAULT_TOKEN: 'hvs.wrong' }, 'VAULT_TOKEN: Vault refuses the token for VAULT_PATH'],
    ['a missing path', start, { VAULT_PATH: 'secret/data/other' }, 'VAULT_PATH: Vault has no secret there'],
    ['a path that climbs', start, { VAULT_PATH: 'secret/../sys/health' }, 'VAULT_PATH: '],
    ['a sealed Vault', () => startVault({ token, secrets: {}, sealed: true }), {}, 'VAULT_ADDR: Vault is sealed'],
    ['a nested value', () => start({ API_KEY_SALT: { deep: 'canary' } }), {}, 'VAULT_PATH: the answer is no secret'],
    ['a token that is no header', start, { VAULT_TOKEN: 'a\nb' }, 'VAULT_TOKEN: is not a token'],
    ['no token', start, { VAULT_TOKEN: '' }, 'VAULT_TOKEN: is not set'],
    ['no path', start, { VAULT_PATH: '' }, 'VAULT_PATH: is not set'],
  ];

  test.each(failures)('%s stops the start with one line that says why', async (_, open, more, line) => {
    await using vault = await open();
    const error: Error = await ask(vault.url, more).then(
      () => new Error('it started'),
      (thrown) => thrown,
    );
    expect(error.message.startsWith(line)).toBe(true);
    expect(error.message).not.toMatch(/\n|hvs\.|127\.0\.0\.1|canary/);
  });

  test.each([
    ['something that is no JSON', 200, '<html>'],
    ['a list', 200, '[]'],
    ['a secret of version 1', 200, '{"data":{"API_KEY_SALT":"x"}}'],
    ['a deleted secret', 200, '{"data":{"data":null}}'],
    ['a redirect', 307, ''],
    ['more than a megabyte', 200, `{"data":{"data":{"x":"${'y'.repeat(1_100_000)}"}}}`],
  ])('an answer that is %s stops the start', async (_, status, body) => {
    await using elsewhere = await start();
    await using vault = await startUpstream(always(status, body, { location: `${elsewhere.url}/v1/${path}` }));
    await expect(ask(vault.url)).rejects.toThrow(/^VAULT_(ADDR|PATH): [^\n]*$/);
    expect(elsewhere.seen).toEqual([]);
  });

  test.each(['not a url', 'ftp://vault.example', 'http://user:hunter2@127.0.0.1:8200'])(
    'the address %j stops the start',
    async (url) => {
      const error: Error = await ask(url).catch((thrown) => thrown);
      expect(error.message).toMatch(/^VAULT_ADDR: /);
      expect(error.message).not.toContain('hunter2');
    },
  );

  test('over https it is believed by the authority that VAULT_CACERT names, and by no other', async () => {
    const served = certificate(folder, 'localhost');
    const server = createServer(
      served,
      (_, response) => void response.writeHead(200).end('{"data":{"data":{"API_KEY_SALT":"by https"}}}'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    expect((await ask(url, { VAULT_CACERT: file('ca.pem', served.cert) }))['API_KEY_SALT']).toBe('by https');
    await expect(ask(url)).rejects.toThrow(/^VAULT_ADDR: Vault cannot be asked \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/);
    await expect(ask(url, { VAULT_CACERT: '/nowhere/ca.pem' })).rejects.toThrow(/^VAULT_CACERT: the file cannot be read/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a Vault that is away or never answers stops the start', async () => {
    await expect(ask('http://127.0.0.1:1')).rejects.toThrow(/^VAULT_ADDR: Vault cannot be asked \(ECONNREFUSED\)$/);
    await using silent = await startUpstream(() => undefined);
    await expect(readVault({ VAULT_ADDR: silent.url, VAULT_TOKEN: token, VAULT_PATH: path }, { timeoutMs: 50 })).rejects.toThrow(
      /^VAULT_ADDR: Vault cannot be asked \(it did not answer in time\)$/,
    );
  });
});

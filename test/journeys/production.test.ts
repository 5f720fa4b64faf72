import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { runProgram } from '#test/harness/process.ts';
import { strongSecrets } from '#test/harness/secrets.ts';
import { startVault } from '#test/harness/vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
afterAll(() => rmSync(folder, { recursive: true }));

const production = { ENVIRONMENT: 'production', GATEWAY_PORT: '0', ...strongSecrets };
/** All secrets are well, and the next thing that is missing is told. */
const beyondTheSecrets = 'SAMPLE_SERVICE_URL';

const refusals: readonly (readonly [string, Record<string, string>, string])[] = [
  ['without a JWT secret', { JWT_SECRET_KEY: '' }, 'JWT_SECRET_KEY'],
  ['with a short one', { JWT_SECRET_KEY: 'canary-of-31-characters-9876543' }, 'JWT_SECRET_KEY'],
  ['with a short one under its other name', { JWT_SECRET_KEY: '', JWT_SECRET: 'canary-short' }, 'JWT_SECRET'],
  ['with the one of development', { JWT_SECRET_KEY: developmentSecrets.JWT_SECRET_KEY }, 'JWT_SECRET_KEY'],
  ['with a repeated character', { JWT_SECRET_KEY: 'a'.repeat(64) }, 'JWT_SECRET_KEY'],
  ['without a salt', { API_KEY_SALT: '' }, 'API_KEY_SALT'],
  ['with the salt of development', { API_KEY_SALT: developmentSecrets.API_KEY_SALT }, 'API_KEY_SALT'],
  ['in staging too', { ENVIRONMENT: 'staging', API_KEY_SALT: '' }, 'API_KEY_SALT'],
  [
    'without a secret for the subgraph that runs elsewhere',
    { SUBGRAPH_SECRET: '', SAMPLES_SUBGRAPH_URL: 'http://127.0.0.1:1/graphql' },
    'SUBGRAPH_SECRET',
  ],
  ['with the subgraph secret of development', { SUBGRAPH_SECRET: developmentSecrets.SUBGRAPH_SECRET }, 'SUBGRAPH_SECRET'],
  ['with a secret file that is not there', { API_KEY_SALT_FILE: '/nowhere/salt' }, 'API_KEY_SALT_FILE'],
];

test.each(refusals)('SE-16 production does not start %s', async (_, env, named) => {
  const { code, stdout, stderr } = await runProgram('gateway/main.ts', [], { ...production, ...env }).ended;
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(named);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  for (const value of [env[named], ...Object.values(strongSecrets), 'canary'].filter(Boolean))
    expect(stderr).not.toContain(value);
});

test('the refusal comes within 2 s', async () => {
  const times: number[] = [];
  // The quickest of three, because a busy machine can slow any one of them.
  for (let tries = 0; tries < 3; tries++) {
    const start = performance.now();
    expect((await runProgram('gateway/main.ts', [], { ENVIRONMENT: 'production' }).ended).code).toBe(1);
    times.push(performance.now() - start);
  }
  expect(Math.min(...times)).toBeLessThan(2_000);
});

test.each([
  ['a JWT secret is not wanted where keys are fetched', { JWT_SECRET_KEY: '', JWT_JWKS_URL: 'https://auth.example/jwks' }],
  ['a subgraph secret is not wanted where all subgraphs are in the process', { SUBGRAPH_SECRET: '' }],
])('%s', async (_, env) => {
  const { code, stderr } = await runProgram('gateway/main.ts', [], { ...production, ...env }).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining(beyondTheSecrets)]);
});

test('secrets come from files', async () => {
  const files = Object.entries(strongSecrets).map(([name, value]) => {
    writeFileSync(join(folder, name), `${value}\n`);
    return [`${name}_FILE`, join(folder, name)];
  });
  const { stderr } = await runProgram('gateway/main.ts', [], { ENVIRONMENT: 'production', ...Object.fromEntries(files) }).ended;
  expect(stderr).toContain(beyondTheSecrets);
});

test('AU-14 secrets come from Vault, and with a wrong token the start fails with one line that does not quote it', async () => {
  await using vault = await startVault({ token: 'hvs.right', secrets: { '/v1/secret/data/gateway': strongSecrets } });
  const env = { ENVIRONMENT: 'production', VAULT_ADDR: vault.url, VAULT_PATH: 'secret/data/gateway' };
  const started = await runProgram('gateway/main.ts', [], { ...env, VAULT_TOKEN: 'hvs.right' }).ended;
  expect(started.stderr).toContain(beyondTheSecrets);
  const refused = await runProgram('gateway/main.ts', [], { ...env, VAULT_TOKEN: 'hvs.wrong' }).ended;
  expect([refused.code, refused.stderr]).toEqual([1, 'VAULT_TOKEN: Vault refuses the token for VAULT_PATH\n']);
});

test.each([
  ['the salt', strongSecrets, { MONGODB_URI: 'mongodb://127.0.0.1:1', API_KEY_SALT: '' }, 'API_KEY_SALT'],
  ['the store', strongSecrets, {}, 'MONGODB_URI'],
])('the organizations subgraph alone wants %s of the gateway in production', async (_, secrets, env, named) => {
  const started = runProgram('subgraphs/main.ts', ['organizations', '--port', '0'], {
    ENVIRONMENT: 'production',
    ...secrets,
    ...env,
  });
  const { code, stderr } = await started.ended;
  expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^${named}`))]);
});

test('a subgraph that runs alone wants its secret in production too', async () => {
  const env = { ENVIRONMENT: 'production', SAMPLE_SERVICE_URL: 'http://127.0.0.1:1' };
  const { code, stderr } = await runProgram('subgraphs/main.ts', ['samples', '--port', '0'], env).ended;
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^SUBGRAPH_SECRET .*is not set/)]);
});

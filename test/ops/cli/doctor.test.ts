import { afterAll, expect, inject, test } from 'vitest';
import { findRedis } from '#test/harness/find-store.ts';
import { runProgram } from '#test/harness/process.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const server = await findRedis();
afterAll(() => server.stop());

type Row = { readonly name: string; readonly outcome: string; readonly milliseconds?: number; readonly advice?: string };

async function examine(env: Record<string, string>) {
  const { code, stdout, stderr } = await runProgram('ops/cli/main.ts', ['doctor', '--json', '--timeout', '2s'], env).ended;
  const rows = JSON.parse(stdout || '[]') as readonly Row[];
  return { code, stdout, stderr, rowOf: (name: string) => rows.find((row) => row.name === name) };
}

test('AD-15 what answers is told with its time, and what is not configured is no fault', async () => {
  await using samples = await startUpstream(always(200, '{"status":"healthy"}'));
  await using keys = await startUpstream(always(200, '{"keys":[{"kty":"RSA"}]}'));
  await using consul = await startUpstream(always(200, '[{"Node":{},"Service":{}}]'));
  await using vault = await startUpstream(always(200, '{"data":{"data":{"JWT_ISSUER":"somebody"}}}'));
  const { code, rowOf, stderr } = await examine({
    SAMPLE_SERVICE_URL: samples.url,
    RAG_SERVICE_URL: 'consul://rag-service',
    CONSUL_URL: consul.url,
    JWT_JWKS_URL: `${keys.url}/keys`,
    VAULT_ADDR: vault.url,
    VAULT_TOKEN: 'token',
    VAULT_PATH: 'secret/data/gateway',
    ...(server.url !== undefined && { REDIS_URL: server.url }),
    ...(inject('mongoUri') !== undefined && { MONGODB_URI: String(inject('mongoUri')) }),
  });
  expect([code, stderr]).toEqual([0, '']);
  expect(samples.seen).toEqual(['GET /health']);
  expect(consul.seen).toEqual(['GET /v1/health/service/rag-service?passing=true']);
  const wanted = [
    'samples',
    'rag in consul',
    'public keys',
    'vault',
    'supergraph',
    ...(server.url === undefined ? [] : ['redis']),
  ];
  for (const name of wanted) expect(rowOf(name)).toMatchObject({ outcome: 'ok', milliseconds: expect.any(Number) });
  expect(rowOf('redis of the cache')).toMatchObject({ outcome: 'not configured', advice: expect.stringContaining('REDIS_URL') });
});

test('AD-15 what does not answer is told with its reason and what to do, without hosts and passwords', async () => {
  await using ill = await startUpstream(always(503, 'canary-of-a-service'));
  await using silent = await startUpstream(() => undefined);
  const { code, rowOf, stdout } = await examine({
    SAMPLE_SERVICE_URL: ill.url,
    STORAGE_SERVICE_URL: silent.url,
    TEMPLATE_SERVICE_URL: 'http://canary-host.invalid:1',
    REDIS_URL: 'redis://user:canary-password@127.0.0.1:1',
    VAULT_ADDR: ill.url,
    VAULT_TOKEN: 'canary-token',
    VAULT_PATH: 'secret/data/gateway',
    SUPERGRAPH_PATH: '/nowhere/supergraph.graphql',
  });
  expect(code).toBe(1);
  expect(rowOf('samples')).toMatchObject({
    outcome: 'answers with an error',
    advice: expect.stringContaining('SAMPLE_SERVICE_URL'),
  });
  expect(rowOf('storage')?.outcome).toBe('timed out');
  expect(rowOf('templates')?.outcome).toMatch(/^cannot be reached/);
  expect(rowOf('redis')).toMatchObject({
    outcome: 'cannot be reached (ECONNREFUSED)',
    advice: expect.stringContaining('REDIS_URL'),
  });
  expect(rowOf('vault')?.outcome).toMatch(/sealed/);
  expect(rowOf('supergraph')?.outcome).toMatch(/ENOENT/);
  expect(stdout).not.toContain('canary');
});

test('in production a service without an address is a fault', async () => {
  const { code, rowOf } = await examine({ ENVIRONMENT: 'staging', DATA_DIR: '.data' });
  expect([code, rowOf('graph')?.outcome]).toEqual([1, 'no URL is set']);
});

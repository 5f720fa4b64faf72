import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { serviceEnvironment } from '#test/bench/targets.ts';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const [acme, helix] = developmentOrganizations;
const data = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
let gateway: ProcessUnderTest;
let url = '';

beforeAll(async () => {
  gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', CACHE_ENABLED: 'true', HEALTH_CHECK_INTERVAL: '1' });
  url = `${/http:\S+(?=\/graphql)/.exec(await gateway.printed('/graphql'))?.[0]}/graphql`;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(data, { recursive: true });
});

async function smoke(...words: string[]) {
  const { code, stdout, stderr } = await runProgram('ops/cli/main.ts', ['smoke', '--json', ...words]).ended;
  return { code, stderr, rows: JSON.parse(stdout || '[]') as readonly { check: string; passed: boolean; seen: string }[] };
}

test('AD-20 AD-21 HE-19 a gateway with cache and limits passes every check of a deployment', async () => {
  await expect.poll(async () => (await (await fetch(new URL('/health', url))).json()).status, { timeout: 5_000 }).toBe('healthy');
  const { code, rows } = await smoke('--url', url, '--key', helix.key);
  expect(rows.filter(({ passed }) => !passed)).toEqual([]);
  expect(rows.map(({ check }) => check)).toEqual(['live', 'ready', 'health', 'query', 'cached query', 'limits', 'stranger']);
  expect(code).toBe(0);
});

test('CA-18 the check of a deployment asks again and again, and fails where less than four in five look-ups are hits', async () => {
  const cachedAt = async (place: string) =>
    (await smoke('--url', place, '--key', helix.key)).rows.find(({ check }) => check === 'cached query');
  expect(await cachedAt(url)).toMatchObject({ passed: true, seen: expect.stringMatching(/^(9|10) of 10 out of the cache$/) });
  // Whatever it fetches could be kept, and it has room for none of it.
  const env = { GATEWAY_PORT: '0', CACHE_MAX_BYTES: '1', DATA_DIR: data };
  await using forgetful = runProgram('gateway/main.ts', [], env);
  const other = /http:\S+\/graphql/.exec(await forgetful.printed("EnterprisePlanDevKey001'"))?.[0] ?? '';
  expect(await cachedAt(other)).toEqual({ check: 'cached query', passed: false, seen: '0 of 10 out of the cache' });
});

test('a key that nobody knows fails what needs one, and exits with 1', async () => {
  const { code, rows } = await smoke('--url', url, '--key', 'lg_test_NobodyKnowsThisKeyAtAllOnEarth001');
  expect(code).toBe(1);
  expect(rows.filter(({ passed }) => passed).map(({ check }) => check)).toEqual(['live', 'ready', 'health', 'stranger']);
});

test('what is no gateway fails every check, as does nobody', async () => {
  await using other = await startUpstream(always(404, '{}'));
  for (const place of [`${other.url}/graphql`, 'http://127.0.0.1:9/graphql']) {
    const { code, rows } = await smoke('--url', place, '--key', helix.key);
    expect([code, rows.filter(({ passed }) => passed)]).toEqual([1, []]);
  }
});

test('DE-35 a deployment is well until a service that it needs is down, and the check says which question failed', async () => {
  await using services = runProgram('ops/sandbox/main.ts', ['--json', '--ports', 'any']);
  const sandbox = JSON.parse(await services.printed('}')) as Record<string, string>;
  const env = { ...serviceEnvironment(sandbox), GATEWAY_PORT: '0', DATA_DIR: data };
  await using gateway = runProgram('gateway/main.ts', [], env);
  const url = /http:\S+\/graphql/.exec(await gateway.printed("EnterprisePlanDevKey001'"))?.[0] ?? '';
  const deployed = async (key: string) => {
    const { code, rows } = await smoke('--url', url, '--key', key);
    return { code, failed: rows.filter(({ passed }) => !passed).map(({ check }) => check) };
  };
  expect(await deployed(helix.key)).toEqual({ code: 0, failed: [] });
  await fetch(`${sandbox['samples']}/sandbox/faults`, { method: 'PUT', body: '{"kind":"reset"}' });
  // Another organization, of which the cache holds nothing yet.
  expect(await deployed(acme.key)).toMatchObject({ code: 1, failed: expect.arrayContaining(['query', 'cached query']) });
});

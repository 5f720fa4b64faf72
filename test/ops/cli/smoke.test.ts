import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { serviceEnvironment } from '#test/bench/targets.ts';
import { runProgram } from '#test/harness/process.ts';

const data = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
afterAll(() => rmSync(data, { recursive: true }));

test('DE-35 a deployment is well until a service that it needs is down, and the check says which question failed', async () => {
  await using services = runProgram('ops/sandbox/main.ts', ['--json', '--ports', 'any']);
  const sandbox = JSON.parse(await services.printed('}')) as Record<string, string>;
  const env = { ...serviceEnvironment(sandbox), GATEWAY_PORT: '0', DATA_DIR: data };
  await using gateway = runProgram('gateway/main.ts', [], env);
  const url = /http:\S+\/graphql/.exec(await gateway.printed("EnterprisePlanDevKey001'"))?.[0] ?? '';
  const smoke = async (key: string) => {
    const { code, stdout } = await runProgram('ops/cli/main.ts', ['smoke', '--url', url, '--key', key, '--json']).ended;
    const rows = JSON.parse(stdout) as { readonly check: string; readonly passed: boolean }[];
    return { code, failed: rows.filter(({ passed }) => !passed).map(({ check }) => check) };
  };
  const [acme, helix] = developmentOrganizations;
  expect(await smoke(helix.key)).toEqual({ code: 0, failed: [] });
  await fetch(`${sandbox['samples']}/sandbox/faults`, { method: 'PUT', body: '{"kind":"reset"}' });
  // Another organization, of which the cache holds nothing yet.
  expect(await smoke(acme.key)).toMatchObject({ code: 1, failed: expect.arrayContaining(['query', 'cached query']) });
});

import { expect, inject, test } from 'vitest';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { SandboxCall } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { administrator } from '#test/harness/callers.ts';
import { runProgram } from '#test/harness/process.ts';

const redisUrl = inject('redisUrl');

const create = `mutation Create($key: String) { createSample(input: { name: "twin", sampleType: DNA }, idempotencyKey: $key) { id } }`;

type Answer = {
  readonly data: { readonly createSample: { readonly id: string } | null } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
};

async function post(url: string, headers: Record<string, string>, body: object): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Answer;
}

test.skipIf(redisUrl === undefined)('two processes over one Redis create a sample once', async () => {
  const calls: SandboxCall[] = [];
  await using sandbox = await startSandbox({ services: ['samples'], ports: 'any', onCall: (call) => calls.push(call) });
  const env = { SAMPLE_SERVICE_URL: sandbox.urls.get('samples') ?? '', REDIS_URL: redisUrl ?? '' };
  await using left = runProgram('subgraphs/main.ts', ['samples', '--port', '0', '--json'], env);
  await using right = runProgram('subgraphs/main.ts', ['samples', '--port', '0', '--json'], env);
  const urls = await Promise.all([left, right].map(async (process) => JSON.parse(await process.printed('}')).url as string));
  const assertion = await assertionSigner(developmentSecrets.SUBGRAPH_SECRET, 'samples')(administrator);
  const headers = { [assertionHeader]: assertion };
  const variables = { key: crypto.randomUUID() };
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => post(urls[index % 2] ?? '', headers, { query: create, variables })),
  );
  expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  expect(new Set(answers.map(({ data }) => data?.createSample?.id)).size).toBe(1);
  expect(calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
});

test('a gateway whose Redis is away refuses writes with a key before they are made, and no others', async () => {
  await using gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', REDIS_URL: 'redis://:hunter2@127.0.0.1:1' });
  const url = /http:\S+\/graphql/.exec(await gateway.printed('helix-labs'))?.[0] ?? '';
  const login = 'mutation { login(input: { email: "admin@lab.example", password: "sandbox" }) { accessToken } }';
  const { data } = (await post(url, {}, { query: login })) as unknown as { data: { login: { accessToken: string } } };
  const headers = { authorization: `Bearer ${data.login.accessToken}` };
  const refused = await post(url, headers, { query: create, variables: { key: crypto.randomUUID() } });
  expect(refused).toMatchObject({
    data: { createSample: null },
    errors: [{ extensions: { code: 'OVERLOADED', retryable: true } }],
  });
  const done = await post(url, headers, { query: create });
  expect(done.data?.createSample?.id).toEqual(expect.any(String));
  gateway.kill('SIGTERM');
  const { code, stdout, stderr } = await gateway.ended;
  expect(code).toBe(0);
  expect(stdout + stderr).toContain('Redis is away');
  expect(stdout + stderr).not.toContain('hunter2');
});

import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { mainJob } from '#test/bench/operations.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

const first = '5a000000-0000-4000-8000-000000000001';

async function signIn({ gateway }: LaboratoryUnderTest): Promise<Record<string, string>> {
  const { body } = await gateway.query(
    'mutation { login(input: { email: "admin@lab.example", password: "sandbox" }) { accessToken } }',
  );
  const { login } = body.data as unknown as { login: { accessToken: string } };
  return { authorization: `Bearer ${login.accessToken}` };
}

test('with the defects of the real services the main job still answers with what they can give', async () => {
  await using laboratory = await startLaboratory({ quirks: true });
  const { status, body } = await laboratory.gateway.query(mainJob);
  expect(status).toBe(200);
  const { samples } = body.data as unknown as { samples: { nodes: Record<string, unknown>[] } };
  expect(samples.nodes).toHaveLength(20);
  for (const node of samples.nodes)
    expect(node).toMatchObject({ name: expect.any(String), template: { name: expect.any(String) } });
  // The real storage service cannot tell where a sample lies, and the real sample service does not know who made it.
  expect(samples.nodes[0]).toMatchObject({ storagePosition: null, createdBy: null });
  for (const { path, extensions } of body.errors ?? []) {
    expect(path?.slice(0, 2)).toEqual(['samples', 'nodes']);
    expect(extensions).toMatchObject({ code: expect.stringMatching(/^UPSTREAM_/), service: expect.any(String) });
  }
});

test('a change of state that fails after committing is told as committed, and is written once', async () => {
  await using laboratory = await startLaboratory({ quirks: true });
  const token = await signIn(laboratory);
  laboratory.calls.length = 0;
  const { body } = await laboratory.gateway.query(
    `mutation { transitionSample(id: "${first}", to: IN_SEQUENCING) { status } }`,
    {},
    token,
  );
  expect(body.errors?.[0]?.extensions).toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    service: 'samples',
    outcome: 'COMMITTED',
    retryable: false,
  });
  expect(laboratory.calls.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  const { body: after } = await laboratory.gateway.query(`{ sample(id: "${first}") { status } }`);
  expect(after.data).toEqual({ sample: { status: 'IN_SEQUENCING' } });
});

test('writes of one operation go one after the other, and what is read between them is fresh', async () => {
  await using laboratory = await startLaboratory();
  const token = await signIn(laboratory);
  const { body } = await laboratory.gateway.query(
    `mutation { a: transitionSample(id: "${first}", to: IN_SEQUENCING) { status template { name } } b: transitionSample(id: "${first}", to: COMPLETED) { status allowedTransitions } }`,
    {},
    token,
  );
  expect(body.errors).toBeUndefined();
  expect(body.data).toMatchObject({
    a: { status: 'IN_SEQUENCING', template: { name: expect.any(String) } },
    b: { status: 'COMPLETED', allowedTransitions: ['ARCHIVED'] },
  });
});

test('a write without a token reaches no service', async () => {
  await using laboratory = await startLaboratory({ identify: async () => stranger });
  const { body } = await laboratory.gateway.query(`mutation { deleteSample(id: "${first}") }`);
  expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(laboratory.calls).toEqual([]);
});

import { expect, test } from 'vitest';
import type { ServiceName } from '#kit/service-names.ts';
import { sampleId } from '#ops/sandbox/data/facts.ts';
import { positionContainerId } from '#ops/sandbox/data/storage.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

/** Validated, not stored, and its position is free. */
const sample = sampleId(9);
const position = positionContainerId(9);

const wholeWay = `mutation ($store: AssignSampleInput!, $queue: QueueForSequencingInput!) {
  storeSample(input: $store) { sample { status allowedTransitions storagePosition { container { id } } sequencingJobs { name } } }
  queueForSequencing(input: $queue) { status samples { status storagePosition { container { id } } sequencingJobs { name status } } }
}`;
const variables = {
  store: { sampleId: sample, containerId: position },
  queue: { name: 'Run of one', platformId: 'nanopore', workflowId: 'w-1', sampleIds: [sample] },
};
const now = `{ sample(id: "${sample}") { status storagePosition { container { id } } sequencingJobs { name } } }`;

const writesTo = ({ calls }: LaboratoryUnderTest, service: ServiceName): number =>
  calls.filter((call) => call.service === service && call.method !== 'GET').length;

test.each([
  ['in one process', []],
  ['in processes of their own', ['samples', 'storage', 'sequencing']],
] as const)('a sample is stored and then queued in one operation, each answer as fresh as its write, %s', async (_, remote) => {
  await using laboratory = await startLaboratory({ remote });
  // What is read here must not be seen again.
  const { body: before } = await laboratory.gateway.query(now);
  expect(before.data).toMatchObject({ sample: { status: 'VALIDATED', storagePosition: null, sequencingJobs: [{}] } });
  laboratory.calls.length = 0;
  const { body } = await laboratory.gateway.query(wholeWay, variables);
  expect(body.errors).toBeUndefined();
  const storagePosition = { container: { id: position } };
  expect(body.data).toMatchObject({
    storeSample: { sample: { status: 'IN_STORAGE', storagePosition, sequencingJobs: [{}] } },
    queueForSequencing: {
      status: 'QUEUED',
      samples: [{ status: 'IN_SEQUENCING', storagePosition, sequencingJobs: [{ name: 'Run of one', status: 'QUEUED' }, {}] }],
    },
  });
  expect([writesTo(laboratory, 'storage'), writesTo(laboratory, 'samples'), writesTo(laboratory, 'sequencing')]).toEqual([
    1, 2, 4,
  ]);
});

test('what could not be done in full is undone, and the client is told so', async () => {
  await using laboratory = await startLaboratory();
  laboratory.faults('samples', { kind: 'secret', match: { method: 'PUT', path: '/samples' }, times: 1 });
  const { status, body, text } = await laboratory.gateway.query(
    'mutation ($store: AssignSampleInput!) { storeSample(input: $store) { id } }',
    variables,
  );
  expect(status).toBe(200);
  expect(body.data).toEqual({ storeSample: null });
  expect(body.errors).toMatchObject([
    {
      path: ['storeSample'],
      extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'samples', outcome: 'ROLLED_BACK', requestId: expect.any(String) },
    },
  ]);
  expect(text).not.toMatch(/internal|password|127\.0\.0\.1/);
  expect((await laboratory.gateway.query(now)).body.data).toMatchObject({
    sample: { status: 'VALIDATED', storagePosition: null },
  });
});

test('all subgraphs of a process share one circuit per service', async () => {
  await using laboratory = await startLaboratory();
  laboratory.faults('samples', { kind: 'status', status: 500 });
  for (let failures = 0; failures < 5; failures++) await laboratory.gateway.query(`{ sample(id: "${sample}") { id } }`);
  laboratory.calls.length = 0;
  const { body } = await laboratory.gateway.query(
    'mutation ($store: AssignSampleInput!) { storeSample(input: $store) { id } }',
    variables,
  );
  expect(body.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'samples' } }]);
  expect(laboratory.calls.filter(({ service, method }) => service === 'samples' || method !== 'GET')).toEqual([]);
});

import { expect, test } from 'vitest';
import { serviceNames } from '#kit/service-names.ts';
import { mainJob } from '#test/bench/operations.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

type Node = Record<string, unknown> & { readonly name: string; readonly lineage: { readonly vertices: readonly unknown[] } };
type Samples = {
  readonly nodes: readonly Node[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
};

test('RC-22 the main job joins seven services', async () => {
  await using laboratory = await startLaboratory();
  const { status, body } = await laboratory.gateway.query(mainJob);
  expect(status).toBe(200);
  expect(body.errors).toBeUndefined();
  const { samples } = body.data as unknown as { samples: Samples };
  expect(samples).toMatchObject({ totalCount: 500, pageInfo: { hasNextPage: true } });
  expect(samples.nodes).toHaveLength(20);
  expect(samples.nodes[0]).toMatchObject({
    id: '5a000000-0000-4000-8000-000000000001',
    status: 'IN_STORAGE',
    template: { name: expect.any(String) },
    storagePosition: {
      positionIdentifier: expect.any(String),
      container: { name: expect.any(String), location: { temperatureZone: expect.any(String) } },
    },
    sequencingJobs: [{ name: expect.any(String), status: expect.any(String) }],
    ragSubmission: { confidenceScore: expect.any(Number) },
    createdBy: { displayName: expect.any(String) },
  });
  for (const { lineage } of samples.nodes) expect(lineage.vertices.length).toBeGreaterThan(1);
});

test('RC-22 the main job makes no more upstream calls than its joins need', async () => {
  await using laboratory = await startLaboratory();
  await laboratory.gateway.query(mainJob);
  laboratory.calls.length = 0;
  const { body } = await laboratory.gateway.query(mainJob);
  const { samples } = body.data as unknown as { samples: Samples };
  const containers = new Set(samples.nodes.map(({ storagePosition }) => JSON.stringify(storagePosition)));
  const count = (service: string, pattern = /./): number =>
    laboratory.calls.filter((call) => call.service === service && pattern.test(call.path)).length;
  expect(count('samples')).toBe(1);
  expect(count('templates')).toBe(1);
  expect(count('storage', /locations$/)).toBe(1);
  expect(count('storage', /^(?!.*locations$)/)).toBeLessThanOrEqual(20 + containers.size);
  expect(count('graph')).toBe(1);
  expect(count('rag')).toBe(1);
  // The index of jobs and the directory of names were refreshed by the first run and are still fresh.
  expect(count('sequencing')).toBe(0);
  expect(count('auth')).toBeLessThanOrEqual(1);
});

test('the first main job refreshes the index of jobs once', async () => {
  await using laboratory = await startLaboratory();
  await Promise.all([laboratory.gateway.query(mainJob), laboratory.gateway.query(mainJob)]);
  const lists = laboratory.calls.filter(({ service, path }) => service === 'sequencing' && path === '/jobs');
  const details = laboratory.calls.filter(({ service, path }) => service === 'sequencing' && path.startsWith('/jobs/'));
  expect(lists).toHaveLength(1);
  expect(details).toHaveLength(40);
});

test.each(serviceNames)('with the %s service killed the main job answers 200 with the rest', async (name) => {
  await using laboratory = await startLaboratory();
  await laboratory.kill(name);
  const { status, body, text } = await laboratory.gateway.query(mainJob);
  expect(status).toBe(200);
  expect(body.data).not.toBeNull();
  expect(body.errors?.length).toBeGreaterThan(0);
  expect(body.errors?.length).toBeLessThanOrEqual(20);
  for (const error of body.errors ?? []) {
    expect(error.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', service: name, requestId: expect.any(String) });
    expect(error.path?.[0]).toBe('samples');
  }
  expect(new Set(body.errors?.map(({ path }) => path?.join('.'))).size).toBe(body.errors?.length);
  expect(text).not.toMatch(/127\.0\.0\.1|localhost|ECONN|http:|node_modules/);
  if (name !== 'samples') expect((body.data as unknown as { samples: Samples }).samples.nodes).toHaveLength(20);
});

test('walking in steps of seven meets every one of the 500 samples once', async () => {
  await using laboratory = await startLaboratory();
  const met: string[] = [];
  let after: string | null = null;
  do {
    const { body } = await laboratory.gateway.query(
      'query($after: String) { samples(first: 7, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    const { samples } = body.data as unknown as { samples: Samples };
    met.push(...samples.nodes.map(({ id }) => String(id)));
    after = samples.pageInfo.hasNextPage ? samples.pageInfo.endCursor : null;
  } while (after !== null);
  expect(met).toHaveLength(500);
  expect(new Set(met).size).toBe(500);
});

test('the main job answers the same with every subgraph in a process of its own', async () => {
  await using together = await startLaboratory();
  await using apart = await startLaboratory({ remote: serviceNames });
  const [local, remote] = [await together.gateway.query(mainJob), await apart.gateway.query(mainJob)];
  expect(remote.body).toEqual(local.body);
  expect(remote.body.errors).toBeUndefined();
});

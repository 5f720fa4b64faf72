import { expect, test } from 'vitest';
import { sampleId } from '#ops/sandbox/data/facts.ts';
import { administrator } from '#test/harness/callers.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { acme, expectOwn, foreignId, helix, missingId, samplesOf } from '#test/harness/tenants.ts';

const callers = { acme, helix, administrator };

/** Everything that hangs on a sample, as far as joins go. */
const joined = `fragment all on Sample {
  id name barcode metadata createdBy { displayName } template { name }
  storagePosition { positionIdentifier sample { id name } assignedBy { displayName } container { name occupants { sample { id name } }
    parent { grid { cells { identifier occupied sample { id name } } } } } }
  sequencingJobs { id name samples { id name } }
  ragSubmission { id submitterEmail matchedSample { id name } }
  lineage { vertices { key properties neighbors { nodes { key properties } } } }
}`;

test('AU-05 whatever way an organization takes through the graph, it meets its own data alone', async () => {
  const identify = async ({ headers }: { readonly headers: Record<string, unknown> }) =>
    callers[String(headers['x-caller']) as keyof typeof callers];
  await using laboratory = await startLaboratory({ identify, remote: ['storage', 'rag'] });
  const ask = async (caller: keyof typeof callers, query: string) => {
    const { body } = await laboratory.gateway.query(query, undefined, { 'x-caller': caller });
    return { data: body.data as Record<string, unknown>, errors: body.errors };
  };

  const one = `{ sample(id: "${sampleId(1)}") { ...all } } ${joined}`;
  const own = await ask('acme', one);
  expect(own.errors).toBeUndefined();
  expectOwn(own);
  expect(own.data['sample']).toMatchObject({
    id: sampleId(1),
    createdBy: { displayName: expect.any(String) },
    storagePosition: { sample: { id: sampleId(1) } },
    ragSubmission: { id: 'RAG-001', matchedSample: { id: sampleId(1) } },
    lineage: { vertices: [{ key: sampleId(1), neighbors: { nodes: [{ key: 'LIB-00001' }] } }] },
  });
  expect(await ask('helix', one)).toEqual({ data: { sample: null }, errors: undefined });
  expect(JSON.stringify(await ask('administrator', one))).toContain(sampleId(2));

  const many = await ask(
    'acme',
    `{ samples(first: 8) { totalCount nodes { ...all } } ragSubmissions { id matchedSample { id name } } } ${joined}`,
  );
  expect(many.errors).toBeUndefined();
  expectOwn(many);
  const nodes = samplesOf('acme-genomics')
    .slice(0, 8)
    .map((n) => ({ id: sampleId(n) }));
  expect(many.data['samples']).toMatchObject({ totalCount: null, nodes });

  const askedFor = async (id: string) => ask('acme', `{ sample(id: "${id}") { ...all } } ${joined}`);
  expect(await askedFor(foreignId)).toEqual(await askedFor(missingId));
});

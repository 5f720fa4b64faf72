import type { ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import {
  barcodeOfSample,
  counts,
  creatorOfSample,
  range,
  sampleCreatedAt,
  sampleId,
  sampleStatus,
  templateId,
  templateOfSample,
  userId,
} from '#ops/sandbox/data/facts.ts';
import type { Sample, SamplesClient } from '#subgraphs/samples/client.ts';
import { sampleLoaders } from '#subgraphs/samples/loaders.ts';
import { allowedTransitions } from '#subgraphs/samples/transitions.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const entities = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { id name barcode } } }';
const byId = (id: string): object => ({ __typename: 'Sample', id });
const byBarcode = (barcode: string): object => ({ __typename: 'Sample', barcode });

test('a sample is found by its id and by its barcode', async () => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.ask(
    `query ($id: ID, $barcode: String) { byId: sample(id: $id) { ...row } byBarcode: sample(barcode: $barcode) { ...row } }
    fragment row on Sample { id barcode name status createdAt }`,
    { id: sampleId(7), barcode: barcodeOfSample(7) },
  );
  expect(errors).toBeUndefined();
  expect(data?.['byId']).toMatchObject({ id: sampleId(7), barcode: barcodeOfSample(7), createdAt: sampleCreatedAt(7) });
  expect(data?.['byBarcode']).toEqual(data?.['byId']);
});

test('every field of a sample has an answer', async () => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.ask(
    `{ samples(first: 100) { nodes {
      id barcode name sampleType status allowedTransitions template { id } createdBy { id } createdByRaw updatedByRaw sourceType
      sourceIdentifier collectionDate collectionLocation collector concentration volume unit qualityScore metadata notes
      createdAt updatedAt
    } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ samples: { nodes: { length: 100 } } });
});

test.for([{}, { id: sampleId(1), barcode: barcodeOfSample(1) }, { id: null }])(
  'a sample is asked for by exactly one of id and barcode, not by %j',
  async (given) => {
    await using samples = await startSubgraph('samples');
    const { data, errors } = await samples.ask(
      'query ($id: ID, $barcode: String) { sample(id: $id, barcode: $barcode) { id } }',
      given,
    );
    expect(data).toEqual({ sample: null });
    expect(errors).toMatchObject([
      { message: 'Give either id or barcode, one of the two.', extensions: { code: 'BAD_USER_INPUT' }, path: ['sample'] },
    ]);
    expect(samples.calls).toEqual([]);
  },
);

test('a sample that is not there is null without an error', async () => {
  await using samples = await startSubgraph('samples');
  const answer = await samples.ask(
    `{ byId: sample(id: "${unknownId}") { id } byBarcode: sample(barcode: "../../samples") { id } }`,
  );
  expect(answer).toEqual({ data: { byId: null, byBarcode: null } });
});

test('what cannot be an id or a barcode is null without a call', async () => {
  await using samples = await startSubgraph('samples');
  const text = `{ a: sample(id: "7") { id } b: sample(id: "../admin") { id } c: sample(barcode: "") { id } d: sample(barcode: "${'x'.repeat(101)}") { id } }`;
  expect(await samples.ask(text)).toEqual({ data: { a: null, b: null, c: null, d: null } });
  expect(samples.calls).toEqual([]);
});

test('a page of samples costs one call', async () => {
  await using samples = await startSubgraph('samples');
  const { data } = await samples.askLocally(
    '{ samples(first: 3) { totalCount nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
  );
  const ids = range(3).map(sampleId);
  expect(data?.['samples']).toMatchObject({
    totalCount: counts.samples,
    nodes: ids.map((id) => ({ id })),
    edges: ids.map((id) => ({ node: { id } })),
    pageInfo: { hasNextPage: true, hasPreviousPage: false },
  });
  expect(samples.calls.map(({ path, query }) => `${path}?${query}`)).toEqual(['/samples?page=1&page_size=3']);
});

test('a page of 50 is given when nobody says how many', async () => {
  await using samples = await startSubgraph('samples');
  const { data } = await samples.ask('{ samples { nodes { id } } }');
  expect(data).toMatchObject({ samples: { nodes: { length: 50 } } });
});

test('walking through the pages meets every sample once, with one call per page', async () => {
  await using samples = await startSubgraph('samples');
  const met: string[] = [];
  let after: string | null = null;
  let pages = 0;
  do {
    const { data } = await samples.askLocally(
      'query ($after: String) { samples(first: 120, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    const page = fieldOf<{ nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } }>(data, 'samples');
    met.push(...page.nodes.map(({ id }) => id));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    pages++;
  } while (after !== null);
  expect(met).toEqual(range(counts.samples).map(sampleId));
  expect(samples.calls).toHaveLength(pages);
});

test('a window that starts anywhere gives exactly its rows', async () => {
  await using samples = await startSubgraph('samples');
  const { data } = await samples.ask('{ samples(first: 7) { edges { cursor } } }');
  const { edges } = fieldOf<{ edges: { cursor: string }[] }>(data, 'samples');
  const next = await samples.ask('query ($after: String) { samples(first: 10, after: $after) { nodes { id } } }', {
    after: edges.at(-1)?.cursor,
  });
  expect(next.data).toEqual({ samples: { nodes: range(10).map((n) => ({ id: sampleId(n + 7) })) } });
});

test('counting costs one call for a single row', async () => {
  await using samples = await startSubgraph('samples');
  const { data } = await samples.askLocally('{ samples(first: 0) { totalCount nodes { id } } }');
  expect(data).toEqual({ samples: { totalCount: counts.samples, nodes: [] } });
  expect(samples.calls.map(({ query }) => query.get('page_size'))).toEqual(['1']);
});

test('filters reach the sample service in its own words', async () => {
  await using samples = await startSubgraph('samples');
  await samples.askLocally('query ($filter: SampleFilter) { samples(filter: $filter) { totalCount } }', {
    filter: {
      status: 'IN_STORAGE',
      sampleType: 'CELL_CULTURE',
      templateId: templateId(1),
      search: 'a&b=c',
      createdAfter: '2026-10-01T00:00:00+02:00',
      createdBefore: '2026-11-01T00:00:00Z',
    },
  });
  expect(samples.calls.map(({ query }) => Object.fromEntries(query))).toEqual([
    {
      page: '1',
      page_size: '50',
      status: 'InStorage',
      sample_type: 'Cell Culture',
      template_id: templateId(1),
      search: 'a&b=c',
      created_after: '2026-09-30T22:00:00.000Z',
      created_before: '2026-11-01T00:00:00Z',
    },
  ]);
});

test('a filter gives only what meets it, and counts only that', async () => {
  await using samples = await startSubgraph('samples');
  const { data } = await samples.ask(
    'query ($of: ID) { samples(first: 1000, filter: { status: IN_STORAGE, templateId: $of }) { totalCount nodes { id } } }',
    { of: templateId(1) },
  );
  const expected = range(counts.samples).filter((n) => sampleStatus(n) === 'InStorage' && templateOfSample(n) === 1);
  expect(data).toEqual({ samples: { totalCount: expected.length, nodes: expected.map((n) => ({ id: sampleId(n) })) } });
});

test.for([
  ['first: -1', 'first: -1 is not between 0 and 1000.'],
  ['first: 1001', 'first: 1001 is not between 0 and 1000.'],
  ['after: "nonsense"', 'after: is not a cursor of this list.'],
  ['filter: { templateId: "7" }', 'filter.templateId: is not a UUID.'],
] as const)('samples(%s) is refused without a call', async ([given, message]) => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.ask(`{ samples(${given}) { totalCount } }`);
  expect(data).toEqual({ samples: null });
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(samples.calls).toEqual([]);
});

test('template and creator are references that cost no call of their own', async () => {
  await using samples = await startSubgraph('samples');
  const { data } = await samples.askLocally('{ samples(first: 20) { nodes { template { id } createdBy { id } createdByRaw } } }');
  const { nodes } = fieldOf<{ nodes: object[] }>(data, 'samples');
  expect(nodes).toEqual(
    range(20).map((n) => ({
      template: { id: templateId(templateOfSample(n)) },
      createdBy: { id: userId(creatorOfSample(n)) },
      createdByRaw: userId(creatorOfSample(n)),
    })),
  );
  expect(samples.calls).toHaveLength(1);
});

test('the states a sample may change to are those the sample service accepts', () => {
  expect(allowedTransitions('PENDING')).toEqual(['VALIDATED', 'REJECTED', 'DELETED']);
  expect(allowedTransitions('IN_SEQUENCING')).toEqual(['COMPLETED', 'FAILED']);
  expect(allowedTransitions('DELETED')).toEqual([]);
});

test('references are answered in their order, by id and by barcode, unknown ones with null', async () => {
  await using samples = await startSubgraph('samples');
  const { data, errors } = await samples.ask(entities, {
    of: [
      byId(sampleId(3)),
      byBarcode(barcodeOfSample(1)),
      byId(unknownId),
      byBarcode('nobody'),
      byId('7'),
      byId(sampleId(2).toUpperCase()),
    ],
  });
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toMatchObject([{ id: sampleId(3) }, { id: sampleId(1) }, null, null, null, { id: sampleId(2) }]);
});

test('the same reference many times costs one call', async () => {
  await using samples = await startSubgraph('samples');
  await samples.askLocally(entities, { of: range(50).map(() => byId(sampleId(1))) });
  expect(samples.calls).toHaveLength(1);
});

test('up to 19 references cost one call each, from 20 on one page of the list', async () => {
  await using samples = await startSubgraph('samples');
  await samples.askLocally(entities, { of: range(19).map((n) => byId(sampleId(n))) });
  expect(samples.calls).toHaveLength(19);
  samples.calls.length = 0;
  await samples.askLocally(entities, { of: [...range(100).map((n) => byId(sampleId(n))), byId(unknownId)] });
  expect(samples.calls.map(({ path, query }) => `${path}?${query}`)).toEqual([
    '/samples?page=1&page_size=1000',
    `/samples/${unknownId}?`,
  ]);
});

test('references by barcode share the page with those by id', async () => {
  await using samples = await startSubgraph('samples');
  const of = range(40).flatMap((n) => [byId(sampleId(n)), byBarcode(barcodeOfSample(n))]);
  const { data } = await samples.askLocally(entities, { of });
  expect(data?.['_entities']).toMatchObject(range(40).flatMap((n) => [{ id: sampleId(n) }, { id: sampleId(n) }]));
  expect(samples.calls).toHaveLength(1);
});

test('a sample met once is not asked for again within the request', async () => {
  const sample = { id: sampleId(1), barcode: 'B-1' } as Sample;
  const refuse = async (): Promise<null> => Promise.reject(new Error('asked again'));
  const client: SamplesClient = {
    page: async () => ({ samples: [sample], total: 1 }),
    byId: refuse,
    byBarcode: refuse,
  };
  const loaders = sampleLoaders(client);
  await loaders.page({ page: 1, size: 1, filter: {} });
  expect(await loaders.byId.load(sampleId(1))).toBe(sample);
  expect(await loaders.byBarcode.load('B-1')).toBe(sample);
});

test('a sample service that is away leaves each field null with its own error', async () => {
  await using samples = await startSubgraph('samples', { url: 'http://127.0.0.1:1' });
  const { data, errors } = await samples.ask(`{ samples { totalCount } sample(id: "${sampleId(1)}") { id } }`);
  expect(data).toEqual({ samples: null, sample: null });
  expect(errors).toHaveLength(2);
  expect(errors).toMatchObject(
    errors?.map(() => ({ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'samples', retryable: true } })) ?? [],
  );
});

const fieldOf = <Value>(data: ExecutionResult['data'], field: string): Value => data?.[field] as Value;

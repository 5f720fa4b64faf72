import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { barcodeOfSample, counts, sampleId } from '#ops/sandbox/data/facts.ts';
import { askEverything } from '#test/harness/ask-everything.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import {
  acme,
  canary,
  expectAlike,
  expectOwn,
  foreignId,
  helix,
  missingId,
  plant,
  samplesOf,
  writesOf,
} from '#test/harness/tenants.ts';
import { startUpstream } from '#test/harness/upstream.ts';

let samples: SubgraphUnderTest;

beforeAll(async () => {
  samples = await startSubgraph('samples');
  await plant(`${samples.upstream}/samples`, {
    name: `${canary} sample`,
    barcode: `${canary}-1`,
    sample_type: 'DNA',
    notes: canary,
    metadata: { organization_id: 'helix-labs', word: canary },
  });
});

beforeEach(() => {
  samples.calls.length = 0;
});

afterAll(() => samples[Symbol.asyncDispose]());

const ownIds = samplesOf('acme-genomics').map(sampleId);

type Page = {
  readonly nodes: readonly { readonly id: string }[];
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly endCursor: string | null };
  readonly totalCount: number | null;
};

const list = `query ($first: Int, $after: String, $filter: SampleFilter) { samples(first: $first, after: $after, filter: $filter) {
  totalCount nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage endCursor } } }`;

async function pageOf(subject: SubgraphUnderTest, given: Record<string, unknown>, caller = acme): Promise<Page> {
  const { data, errors } = await subject.askLocally(list, given, { caller });
  expect(errors).toBeUndefined();
  return data?.['samples'] as unknown as Page;
}

test('no root field and no entity tells an organization of what is not its own', async () => {
  const answers = await askEverything(samples, {
    caller: acme,
    fields: {
      sample: [`id: "${foreignId}"`, `barcode: "${barcodeOfSample(2)}"`, `barcode: "${canary}-1"`, `id: "${sampleId(1)}"`],
      samples: ['first: 1000', 'first: 10, filter: { search: "CANARY" }', 'filter: { search: "sample 002" }'],
    },
    entities: {
      Sample: [{ id: foreignId }, { barcode: barcodeOfSample(3) }, { id: sampleId(4) }],
    },
  });
  for (const { data, errors } of answers) expectOwn({ data, errors });
  expect(JSON.stringify(answers)).toContain(barcodeOfSample(1));
  expect(answers.flatMap(({ errors = [] }) => errors)).toEqual([]);
});

test('the pages of an organization are full, follow each other and hold all that is its own', async () => {
  const met: string[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 20; pages++) {
    const page: Page = await pageOf(samples, { first: 25, after });
    met.push(...page.nodes.map(({ id }) => id));
    expect(page.edges.map(({ node }) => node)).toEqual(page.nodes);
    expect(page.totalCount).toBeNull();
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) break;
    expect(page.nodes).toHaveLength(25);
    expect(after).toBe(page.edges.at(-1)?.cursor);
  }
  expect(met).toEqual(ownIds);
});

test('any cursor of an organization goes on behind its row', async () => {
  const { edges } = await pageOf(samples, { first: 10 });
  const { nodes, pageInfo } = await pageOf(samples, { first: 3, after: edges[4]?.cursor });
  expect(nodes.map(({ id }) => id)).toEqual(ownIds.slice(5, 8));
  expect(pageInfo.hasPreviousPage).toBe(true);
});

test('people of the laboratory see all, with their number', async () => {
  const { data } = await samples.ask('{ samples(first: 1) { totalCount nodes { id } } }');
  expect(data).toMatchObject({ samples: { totalCount: counts.samples + 1 } });
  expect(samples.calls.map(({ path }) => path)).toEqual(['/samples', '/samples']);
});

test('each organization has its own view, in process and over HTTP', async () => {
  const text = `{ one: sample(id: "${sampleId(1)}") { id } two: sample(id: "${sampleId(2)}") { id } three: sample(id: "${sampleId(3)}") { id } }`;
  const own = (n: 1 | 2) => ({ one: null, two: null, three: null, [n === 1 ? 'one' : 'two']: { id: sampleId(n) } });
  expect((await samples.ask(text, {}, { caller: acme })).data).toEqual(own(1));
  expect((await samples.ask(text, {}, { caller: helix })).data).toEqual(own(2));
});

describe('a foreign sample is as one that is not there', () => {
  test.for([
    (id: string) => `{ sample(id: "${id}") { name } }`,
    (id: string) => `mutation { updateSample(id: "${id}", input: { name: "x" }) { name } }`,
    (id: string) => `mutation { transitionSample(id: "${id}", to: VALIDATED) { name } }`,
    (id: string) => `mutation { validateSample(id: "${id}") { isValid } }`,
    (id: string) => `mutation { validateSamples(ids: ["${id}"]) { sampleId isValid errors } }`,
    (id: string) => `mutation { validateSamples(ids: ["${sampleId(1)}", "${id}"]) { sampleId isValid errors } }`,
    (id: string) => `mutation { deleteSample(id: "${id}") }`,
  ])('in text and calls (%#)', async (question) => {
    const answer = await expectAlike(samples, (id) => ({ text: question(id) }));
    if (question('').startsWith('{')) expect(answer).toEqual({ data: { sample: null } });
    expect(writesOf(samples)).toEqual(question('').includes(sampleId(1)) ? ['POST /samples/batch/validate'] : []);
  });

  test('by barcode', async () => {
    const barcodes = [barcodeOfSample(2), 'LAB-20261101080000-9999'] as const;
    await expectAlike(samples, (barcode) => ({ text: `{ sample(barcode: "${barcode}") { name } }` }), barcodes);
  });

  test('also among so many that the list is read first', async () => {
    const text = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { name } } }';
    const own = ownIds.slice(0, 20).map((id) => ({ __typename: 'Sample', id }));
    await expectAlike(samples, (id) => ({ text, variables: { of: [...own, { __typename: 'Sample', id }] } }));
  });
});

describe('what an organization records', () => {
  const create = 'mutation ($input: CreateSampleInput!) { createSample(input: $input) { id metadata } }';
  const update = 'mutation ($id: ID!, $input: UpdateSampleInput!) { updateSample(id: $id, input: $input) { id metadata } }';
  const input = { name: 'New', sampleType: 'DNA' };
  const refusedAs = (field: string) => [
    { message: `${field}: is for the laboratory to say.`, extensions: { code: 'BAD_USER_INPUT' } },
  ];

  test.for([
    [undefined, {}],
    [{ project: 'P' }, { project: 'P' }],
    [{ organization_id: 'acme-genomics' }, {}],
  ] as const)('is its own, whether it says so or not (%#)', async ([metadata, kept]) => {
    const { data } = await samples.askLocally(create, { input: { ...input, metadata } }, { caller: acme });
    expect(data).toMatchObject({ createSample: { metadata: { ...kept, organization_id: 'acme-genomics' } } });
    const { id } = (data as { createSample: { id: string } }).createSample;
    expect((await samples.askLocally(`{ sample(id: "${id}") { id } }`, {}, { caller: helix })).data).toEqual({ sample: null });
  });

  test.for([
    [{ organization_id: 'helix-labs' }, 'organization_id'],
    [{ organization_id: ['acme-genomics'] }, 'organization_id'],
    [{ rag_submission_id: 'RAG-002' }, 'rag_submission_id'],
  ] as const)("cannot be another's, nor about a document of its choice (%#)", async ([metadata, field]) => {
    const { data, errors } = await samples.askLocally(create, { input: { ...input, metadata } }, { caller: acme });
    expect([data, errors]).toMatchObject([{ createSample: null }, refusedAs(field)]);
    const many = 'mutation ($input: [CreateSampleInput!]!) { createSamples(input: $input) { totalCreated } }';
    const batch = await samples.askLocally(many, { input: [input, { ...input, metadata }] }, { caller: acme });
    expect(batch.errors).toMatchObject(refusedAs(field));
    expect(writesOf(samples)).toEqual([]);
  });

  test('stays its own when its facts are replaced, and cannot be given away', async () => {
    const given = { id: sampleId(4), input: { metadata: { colour: 'red' } } };
    const { data } = await samples.askLocally(update, given, { caller: acme });
    expect(data).toMatchObject({
      updateSample: { metadata: { colour: 'red', organization_id: 'acme-genomics', rag_submission_id: 'RAG-004' } },
    });
    samples.calls.length = 0;
    const away = { ...given, input: { metadata: { organization_id: 'helix-labs' } } };
    expect((await samples.askLocally(update, away, { caller: acme })).errors).toMatchObject(refusedAs('organization_id'));
    expect(writesOf(samples)).toEqual([]);
  });

  test('in a batch is its own as well', async () => {
    const many =
      'mutation ($input: [CreateSampleInput!]!) { createSamples(input: $input) { created { metadata } totalCreated } }';
    const { data } = await samples.askLocally(many, { input: [input, { ...input, name: 'Newer' }] }, { caller: helix });
    const created = [1, 2].map(() => ({ metadata: { organization_id: 'helix-labs' } }));
    expect(data).toEqual({ createSamples: { totalCreated: 2, created } });
  });

  test('is found committed after a failure, although more was written than given', async () => {
    await using quirky = await startSubgraph('samples', { quirks: true });
    const named = { ...input, volume: 1, barcode: 'ACME-1', metadata: { project: 'P' } };
    const { errors } = await quirky.askLocally(create, { input: named }, { caller: acme });
    expect(errors).toMatchObject([{ extensions: { outcome: 'COMMITTED' } }]);
  });
});

test('a batch is judged sample by sample, in the order asked', async () => {
  const ids = [foreignId, sampleId(1), missingId, sampleId(7)];
  const { data, errors } = await samples.askLocally(
    'mutation ($ids: [ID!]!) { validateSamples(ids: $ids) { sampleId errors validatedAt } }',
    { ids },
    { caller: acme },
  );
  expect(errors).toBeUndefined();
  const { validateSamples: judged } = data as unknown as { validateSamples: { sampleId: string; errors: string[] }[] };
  expect(judged.map(({ sampleId: id }) => id)).toEqual(ids);
  const notThere = ['There is no such sample.'];
  expect(judged.map(({ errors: told }) => told.join() === notThere.join())).toEqual([true, false, true, false]);
});

test('a search for few among many ends after twenty pages, and goes on where it ended', async () => {
  const own = 9_999;
  const row = (offset: number): object => ({
    id: sampleId(offset),
    name: `${offset === own ? 'Own' : canary} ${offset}`,
    barcode: `B-${offset}`,
    sample_type: 'DNA',
    status: 'Pending',
    metadata: { organization_id: offset === own ? 'acme-genomics' : 'helix-labs' },
    created_at: '2026-11-01T08:00:00Z',
    updated_at: '2026-11-01T08:00:00Z',
  });
  await using upstream = await startUpstream((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const [page, size] = [Number(searchParams.get('page')), Number(searchParams.get('page_size'))];
    const rows = Array.from({ length: size }, (_, index) => (page - 1) * size + index).filter((offset) => offset < 12_000);
    const body = { data: { samples: rows.map(row), total_count: 12_000 } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await using many = await startSubgraph('samples', { url: upstream.url });
  const first = await pageOf(many, { first: 50 });
  expect(first).toMatchObject({ nodes: [], pageInfo: { hasNextPage: true, endCursor: expect.any(String) }, totalCount: null });
  expect(upstream.seen).toHaveLength(20);
  let page = first;
  let rounds = 1;
  while (page.nodes.length === 0 && page.pageInfo.hasNextPage && rounds < 10) {
    page = await pageOf(many, { first: 50, after: page.pageInfo.endCursor });
    rounds += 1;
  }
  expect(page.nodes).toEqual([{ id: sampleId(own) }]);
  expect([rounds, page.pageInfo.hasNextPage]).toEqual([3, false]);
});

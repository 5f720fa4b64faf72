import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { range, sampleId } from '#ops/sandbox/data/facts.ts';
import { assemble } from '#subgraphs/graph/assemble.ts';
import { toVertex } from '#subgraphs/graph/parts.ts';
import { vertexId } from '#subgraphs/graph/vertex-id.ts';
import { askEverything } from '#test/harness/ask-everything.ts';
import { administrator } from '#test/harness/callers.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { acme, expectAlike, expectOwn, foreignId, helix, writesOf } from '#test/harness/tenants.ts';

let graph: SubgraphUnderTest;

beforeAll(async () => {
  graph = await startSubgraph('graph');
});

beforeEach(() => {
  graph.calls.length = 0;
});

afterAll(() => graph[Symbol.asyncDispose]());

const idOf = (frame: string, key: string): string => vertexId({ graph: 'lab', frame, key });
const sample = (id: string): string => idOf('Sample', id);
const own = sample(sampleId(1));
const foreign = sample(foreignId);
/** Comes three steps after sample 1, by way of samples of others. */
const distant = sample(sampleId(151));

const asAcme = (text: string, variables: Record<string, unknown> = {}) => graph.askLocally(text, variables, { caller: acme });

test('no root field and no entity tells an organization of what is not its own', async () => {
  const statement = 'graph: "lab", statement: "MATCH (v:Sample) RETURN v"';
  const answers = await askEverything(graph, {
    caller: acme,
    fields: {
      graph: ['name: "lab"', 'name: "org_helix_labs"'],
      vertex: [
        ['Sample', foreignId],
        ['Sample', sampleId(1)],
        ['Library', 'LIB-00002'],
        ['Subject', 'SUBJ-001'],
        ['Run', 'RUN-0001'],
      ].map(([frame, key]) => `graph: "lab", frame: "${frame}", key: "${key}"`),
      neighborhood: [own, foreign, idOf('Run', 'RUN-0001'), distant].map((id) => `id: "${id}", depth: 5, limit: 10000`),
      shortestPath: [foreign, idOf('Subject', 'SUBJ-001'), distant].map((to) => `from: "${own}", to: "${to}"`),
      cypherQuery: [statement],
      graphQueryJob: ['id: "1"'],
    },
    entities: {
      GraphVertex: [own, foreign, idOf('Library', 'LIB-00002'), idOf('Subject', 'SUBJ-002')].map((id) => ({ id })),
      Sample: [1, 2, 51, 151].map((n) => ({ id: sampleId(n) })),
    },
  });
  for (const { data, errors } of answers) expectOwn({ data, errors });
  const text = JSON.stringify(answers);
  expect(text).toContain(sampleId(151));
  expect(text).toContain('LIB-00001');
  for (const key of ['LIB-00002', 'SUBJ-', 'RUN-']) expect(text).not.toContain(key);
});

test('a walk goes over what is its own alone', async () => {
  const text = `{ neighborhood(id: "${own}", depth: 3) { vertices { key } edges { frame source { key } target { key } } } }`;
  const { data } = await graph.ask(text, {}, { caller: acme });
  expect(data).toEqual({
    neighborhood: {
      vertices: [sampleId(1), 'LIB-00001'].map((key) => ({ key })),
      edges: [{ frame: 'PREPARED_AS', source: { key: sampleId(1) }, target: { key: 'LIB-00001' } }],
    },
  });
  const lineage =
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { lineage { vertices { key } edges { frame } } } } }';
  const of = [1, 2, 151].map((n) => ({ __typename: 'Sample', id: sampleId(n) }));
  const joined = await graph.ask(lineage, { of }, { caller: acme });
  const alone = (n: number) => ({ lineage: { vertices: [{ key: sampleId(n) }], edges: [] } });
  expect(joined.data).toEqual({
    _entities: [alone(1), { lineage: null }, alone(151)],
  });
  const whole = await graph.ask(lineage, { of: of.slice(0, 1) });
  expect(whole.data).toMatchObject({ _entities: [{ lineage: { vertices: { length: 6 }, edges: { length: 5 } } }] });
});

test('what is joined to the beginning by what is shown counts as met, and nothing behind it', () => {
  const at = (key: string) => toVertex('lab', { frame: 'F', key, properties: {} });
  const link = (sourceKey: string, targetKey: string) => ({ frame: 'E', sourceKey, targetKey, properties: {} });
  const met = [
    { depth: 0, vertex: at('a'), edge: null },
    { depth: 1, vertex: at('b'), edge: link('a', 'b') },
    { depth: 2, vertex: at('c'), edge: link('c', 'b') },
    { depth: 2, vertex: at('e'), edge: link('hidden', 'e') },
    { depth: 3, vertex: at('f'), edge: link('e', 'f') },
  ];
  const options = { limit: 10, cut: false, endsOf: () => ({ source: 'F', target: 'F' }) };
  const keysOf = (hides: boolean) => assemble(met, { ...options, hides }).vertices.map(({ key }) => key);
  expect(keysOf(true)).toEqual(['a', 'b', 'c']);
  expect(keysOf(false)).toEqual(['a', 'b', 'c', 'e', 'f']);
});

test('a way over what is not its own is none', async () => {
  const way = (to: string) => `{ shortestPath(from: "${own}", to: "${to}") { length } }`;
  expect((await graph.ask(way(distant))).data).toEqual({ shortestPath: { length: 3 } });
  expect((await graph.ask(way(distant), {}, { caller: acme })).data).toEqual({ shortestPath: null });
  expect((await graph.ask(way(idOf('Library', 'LIB-00001')), {}, { caller: acme })).data).toEqual({
    shortestPath: { length: 1 },
  });
});

test('neighbours are its own, and nobody counts the others', async () => {
  const text =
    '{ vertex(graph: "lab", frame: "Sample", key: "5a000000-0000-4000-8000-000000000001") { neighbors { totalCount nodes { key } } } }';
  const { data } = await graph.ask(text, {}, { caller: acme });
  expect(data).toEqual({ vertex: { neighbors: { totalCount: null, nodes: [{ key: 'LIB-00001' }] } } });
  expect((await graph.ask(text)).data).toMatchObject({ vertex: { neighbors: { totalCount: 2 } } });
});

test('of graph lab an organization sees the frames, and not how much is in them', async () => {
  const text =
    '{ graphs { name vertexFrames { name rowCount } edgeFrames { rowCount } tableFrames { name } schema { vertices { frame } } } }';
  const { data } = await graph.ask(text, {}, { caller: acme });
  const [first, ...others] = (data as { graphs: { vertexFrames: object[]; edgeFrames: object[] }[] }).graphs;
  expect(others).toEqual([]);
  expect(first).toMatchObject({ name: 'lab', tableFrames: [], schema: { vertices: { length: 4 } } });
  expect(first?.vertexFrames).toEqual(['Sample', 'Subject', 'Library', 'Run'].map((name) => ({ name, rowCount: null })));
  expect(first?.edgeFrames).toEqual(range(4).map(() => ({ rowCount: null })));
});

describe('what is not its own is as what is not there', () => {
  test.for([
    (id: string) => ({ text: `{ vertex(graph: "lab", frame: "Sample", key: "${id}") { key } }` }),
    (id: string) => ({ text: `{ neighborhood(id: "${sample(id)}", depth: 2) { vertices { key } } }` }),
    (id: string) => ({ text: `{ shortestPath(from: "${sample(id)}", to: "${own}") { length } }` }),
    (id: string) => ({ text: `{ shortestPath(from: "${own}", to: "${sample(id)}") { length } }` }),
    (id: string) => ({ text: `{ shortestPath(from: "${sample(id)}", to: "${sample(id)}") { length } }` }),
    (id: string) => ({
      text: 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { lineage(direction: BOTH) { vertices { key } } } } }',
      variables: { of: [{ __typename: 'Sample', id }] },
    }),
    (id: string) => ({
      text: 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on GraphVertex { key } } }',
      variables: { of: [{ __typename: 'GraphVertex', id: sample(id) }] },
    }),
  ])('vertex: %#', async (question) => {
    // The schema is read once a minute, whatever is asked.
    await asAcme(`{ vertex(graph: "lab", frame: "Sample", key: "${sampleId(1)}") { key } }`);
    const { data, errors } = await expectAlike(graph, question);
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toMatch(/null/);
  });

  test.for([
    (name: string) => `{ graph(name: "${name}") { name } }`,
    (name: string) => `{ vertex(graph: "${name}", frame: "Sample", key: "x") { key } }`,
    (name: string) => `{ neighborhood(id: "${vertexId({ graph: name, frame: 'Sample', key: 'x' })}") { vertices { key } } }`,
  ])('graph: %#', async (question) => {
    await expectAlike(graph, (name) => ({ text: question(name) }), ['org_helix_labs', 'org_nobody']);
    expect(graph.calls).toEqual([]);
  });
});

test.for([
  '{ cypherQuery(graph: "lab", statement: "MATCH (v:Sample) RETURN v") { rows } }',
  '{ cypherQuery(graph: "org_acme_genomics", statement: "MATCH (v) RETURN v") { rows } }',
  '{ graphQueryJob(id: "1") { status } }',
  '{ graphQueryJobs { nodes { id } } }',
  'mutation { submitGraphQuery(graph: "lab", statement: "MATCH (v) RETURN v") { id } }',
])('statements of its own need a credential of its own (%#)', async (text) => {
  const { errors } = await graph.ask(text, {}, { caller: acme });
  expect(errors).toMatchObject([
    { message: expect.stringContaining('a credential of the organization'), extensions: { code: 'FORBIDDEN' } },
  ]);
  expect(graph.calls).toEqual([]);
  expect(writesOf(graph)).toEqual([]);
});

test('people of the laboratory go on seeing all', async () => {
  const text = `{ one: vertex(graph: "lab", frame: "Sample", key: "${foreignId}") { key } cypherQuery(graph: "lab", statement: "MATCH (v:Sample) RETURN count(v)") { rows } }`;
  const { data } = await graph.ask(text, {}, { caller: administrator });
  expect(data).toEqual({ one: { key: foreignId }, cypherQuery: { rows: [[500]] } });
  expect(
    (await graph.ask(`{ vertex(graph: "lab", frame: "Sample", key: "${foreignId}") { key } }`, {}, { caller: helix })).data,
  ).toEqual({
    vertex: { key: foreignId },
  });
});

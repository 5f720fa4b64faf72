import { expect, test } from 'vitest';
import type { RestClient } from '#kit/rest-client.ts';
import { counts, jobId, parentOfSample, range, sampleId } from '#ops/sandbox/data/facts.ts';
import { assemble } from '#subgraphs/graph/assemble.ts';
import { catalogs } from '#subgraphs/graph/catalog.ts';
import type { GraphClient } from '#subgraphs/graph/client.ts';
import { decode } from '#subgraphs/graph/decode.ts';
import { neighborsOf } from '#subgraphs/graph/neighbors.ts';
import { toVertex } from '#subgraphs/graph/parts.ts';
import { run } from '#subgraphs/graph/run.ts';
import { readVertexId, vertexId } from '#subgraphs/graph/vertex-id.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const idOf = (frame: string, key: string, graph = 'lab'): string => vertexId({ graph, frame, key });
const sample = (n: number): string => idOf('Sample', sampleId(n));
const unknownSample = 'ffffffff-0000-4000-8000-000000000000';

const statements = ({ calls }: SubgraphUnderTest) => calls.filter(({ method }) => method === 'POST');
const schemas = ({ calls }: SubgraphUnderTest) => calls.filter(({ path }) => path.endsWith('/schema'));

const lineageText = (given = ''): string =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { id lineage${given} { vertices { id graph frame key properties }
   edges { frame source { key } target { key } properties } truncated } } } }`;
const samples = (ids: readonly string[]): object[] => ids.map((id) => ({ __typename: 'Sample', id }));

type Part = { vertices: { key: string }[]; edges: { source: { key: string }; target: { key: string } }[]; truncated: boolean };
const lineagesIn = (data: unknown): (Part | null)[] =>
  (data as { _entities: { lineage: Part | null }[] })._entities.map(({ lineage }) => lineage);

/** Sample n and what it was made from, as far as `steps` go. */
function ancestors(n: number, steps = 5): string[] {
  const parent = parentOfSample(n);
  return [sampleId(n), ...(parent === null || steps === 0 ? [] : ancestors(parent, steps - 1))];
}

test('graphs tell their frames', async () => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.ask(
    `{ graphs { name vertexFrames { name key rowCount columns { name type leafType depth } }
       edgeFrames { name sourceFrame sourceKey targetFrame targetKey rowCount columns { name } }
       tableFrames { name rowCount columns { name type } } } }`,
  );
  expect(errors).toBeUndefined();
  const graphs = data?.['graphs'] as Record<string, Record<string, unknown>[]>[];
  const [lab] = graphs;
  expect(lab).toMatchObject({ name: 'lab', tableFrames: [{ name: 'RunMetrics', columns: { length: 6 } }] });
  expect(lab?.['vertexFrames']?.map(({ name, key }) => [name, key])).toEqual(
    ['Sample', 'Subject', 'Library', 'Run'].map((name) => [name, 'key']),
  );
  expect(lab?.['vertexFrames']?.[0]).toMatchObject({ rowCount: counts.samples });
  expect(lab?.['vertexFrames']?.[0]?.['columns']).toContainEqual({ name: 'tags', type: 'list', leafType: 'text', depth: 1 });
  expect(lab?.['edgeFrames']?.[0]).toMatchObject({
    name: 'DERIVED_FROM',
    sourceFrame: 'Sample',
    targetFrame: 'Sample',
    rowCount: 300,
  });
});

test('one graph is found by its name, with the schema of its frames', async () => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.ask(
    `{ graph(name: "lab") { name schema { vertices { frame key properties { name type leafType depth } }
       edges { frame source sourceKey target targetKey properties { name } } } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data?.['graph']).toMatchObject({
    name: 'lab',
    schema: {
      vertices: [{ frame: 'Sample', key: 'key' }, {}, {}, {}],
      edges: [
        { frame: 'DERIVED_FROM', source: 'Sample', sourceKey: 'source_key', target: 'Sample', targetKey: 'target_key' },
        {},
        {},
        {},
      ],
    },
  });
});

test('a graph that is not there is null, and what cannot be its name costs no call', async () => {
  await using graph = await startSubgraph('graph');
  expect(await graph.ask('{ graph(name: "moon") { name } }')).toEqual({ data: { graph: null } });
  graph.calls.length = 0;
  const text = '{ a: graph(name: "../graphs") { name } b: graph(name: "lab/query") { name } c: graph(name: "") { name } }';
  expect(await graph.ask(text)).toEqual({ data: { a: null, b: null, c: null } });
  expect(graph.calls).toEqual([]);
});

test('a vertex is found by its frame and key', async () => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.ask(
    '{ vertex(graph: "lab", frame: "Run", key: "RUN-0001") { id graph frame key properties } }',
  );
  expect(errors).toBeUndefined();
  expect(data?.['vertex']).toMatchObject({
    id: idOf('Run', 'RUN-0001'),
    graph: 'lab',
    frame: 'Run',
    key: 'RUN-0001',
    properties: { job_id: jobId(1), platform: 'illumina_novaseq', checksum: '9007199254740995' },
  });
});

test('vertices of one frame cost one statement, those of two frames two', async () => {
  await using graph = await startSubgraph('graph');
  const of = [sample(3), idOf('Library', 'LIB-00001'), sample(1), sample(3), idOf('Sample', unknownSample), 'x', sample(2)];
  const { data, errors } = await graph.askLocally(
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on GraphVertex { id key } } }',
    { of: of.map((id) => ({ __typename: 'GraphVertex', id })) },
  );
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual([
    { id: sample(3), key: sampleId(3) },
    { id: of[1], key: 'LIB-00001' },
    { id: sample(1), key: sampleId(1) },
    { id: sample(3), key: sampleId(3) },
    null,
    null,
    { id: sample(2), key: sampleId(2) },
  ]);
  expect(statements(graph)).toHaveLength(2);
  expect(schemas(graph)).toHaveLength(1);
});

const evil = [
  'Sample) RETURN 1 //',
  'Sample {key: k}) DELETE v //',
  'Nothing',
  'sample',
  '__proto__',
  'constructor',
  '`Sample`',
  '',
];

test('a frame or key that does not exist is null, however it is written', async () => {
  await using graph = await startSubgraph('graph');
  for (const frame of evil) {
    const answer = await graph.askLocally('query ($frame: String!) { vertex(graph: "lab", frame: $frame, key: "x") { id } }', {
      frame,
    });
    expect(answer).toEqual({ data: { vertex: null } });
  }
  expect(statements(graph)).toHaveLength(0);
  for (const key of ['', "' OR 1=1 //", '"}) RETURN 1 //', '$keys', '\u0000', sampleId(1).slice(0, -1)]) {
    const answer = await graph.ask('query ($key: String!) { vertex(graph: "lab", frame: "Sample", key: $key) { id } }', { key });
    expect(answer).toEqual({ data: { vertex: null } });
  }
  expect(await graph.ask('{ vertex(graph: "lab/../x", frame: "Sample", key: "x") { id } }')).toEqual({ data: { vertex: null } });
});

test.for(['neighborhood(id: $id, edgeFrames: $frames)', 'shortestPath(from: $id, to: $id, edgeFrames: $frames)'])(
  'edge frames that the graph does not have are refused: %s',
  async (field) => {
    await using graph = await startSubgraph('graph');
    for (const name of [...evil, 'Sample', 'DERIVED_FROM*1..30', 'DERIVED_FROM|COLLECTED_FROM']) {
      const { errors } = await graph.askLocally(`query ($id: ID!, $frames: [String!]) { ${field} { edges { frame } } }`, {
        id: sample(1),
        frames: [name],
      });
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
      expect(errors?.[0]?.message).toBe('edgeFrames: holds a name that is no edge frame of the graph.');
    }
    expect(statements(graph)).toEqual([]);
  },
);

test('the lineage of twenty samples is exactly one call', async () => {
  await using graph = await startSubgraph('graph');
  const wanted = range(20).map((n) => n * 15);
  const { data, errors } = await graph.askLocally(lineageText(), { of: samples(wanted.map(sampleId)) });
  expect(errors).toBeUndefined();
  expect(lineagesIn(data).map((lineage) => lineage?.vertices.map(({ key }) => key))).toEqual(wanted.map((n) => ancestors(n)));
  expect(graph.calls).toHaveLength(1);
});

test('a lineage tells vertices nearest first and the edges between them', async () => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.ask(lineageText('(maxDepth: 2)'), { of: samples([sampleId(1)]) });
  expect(errors).toBeUndefined();
  expect(lineagesIn(data)).toMatchObject([
    {
      vertices: [
        { id: sample(1), graph: 'lab', frame: 'Sample', key: sampleId(1), properties: { name: 'DNA sample 001' } },
        { key: sampleId(51) },
        { key: sampleId(101) },
      ],
      edges: [
        {
          frame: 'DERIVED_FROM',
          source: { key: sampleId(1) },
          target: { key: sampleId(51) },
          properties: { method: 'extraction' },
        },
        { source: { key: sampleId(51) }, target: { key: sampleId(101) } },
      ],
      truncated: false,
    },
  ]);
});

test('downstream goes to what was made from a sample, both goes both ways', async () => {
  await using graph = await startSubgraph('graph');
  const down = await graph.ask(lineageText('(direction: DOWNSTREAM)'), { of: samples([sampleId(151)]) });
  expect(lineagesIn(down.data)[0]?.vertices.map(({ key }) => key)).toEqual([151, 101, 51, 1].map(sampleId));
  const both = await graph.ask(lineageText('(direction: BOTH, maxDepth: 1)'), { of: samples([sampleId(151)]) });
  expect(lineagesIn(both.data)[0]?.vertices.map(({ key }) => key)).toEqual([151, 101, 201].map(sampleId));
  expect(lineagesIn(both.data)[0]?.edges).toHaveLength(2);
});

test.for([
  ['UPSTREAM', 5],
  ['DOWNSTREAM', 5],
  ['BOTH', 5],
  ['BOTH', 1],
] as const)('a lineage %s %i of which only the keys are asked for is the same', async ([direction, maxDepth]) => {
  await using graph = await startSubgraph('graph');
  const given = `(direction: ${direction}, maxDepth: ${maxDepth}, limit: 6)`;
  const bare = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { lineage${given} { ...Names truncated } } } }
    fragment Names on Subgraph { vertices { id graph frame key } }`;
  const of = samples([1, 51, 151, 301].map(sampleId));
  const [whole, keys] = [await graph.ask(lineageText(given), { of }), await graph.ask(bare, { of })];
  expect(keys.errors).toBeUndefined();
  const named = lineagesIn(whole.data).map((lineage) => ({
    vertices: lineage?.vertices.map(({ key }) => ({ id: idOf('Sample', key), graph: 'lab', frame: 'Sample', key })),
    truncated: lineage?.truncated,
  }));
  expect(lineagesIn(keys.data)).toEqual(named);
});

test.for([
  ['{ vertices { properties } }', '"name":"DNA sample 001"'],
  ['{ ...Part } fragment Part on Subgraph { edges { source { key } } }', `"source":{"key":"${sampleId(1)}"}`],
  ['{ vertices { ...V } } fragment V on GraphVertex { ... on GraphVertex { p: properties } }', '"name":"DNA sample 001"'],
])('what needs more than keys has it: %s', async ([selections, told]) => {
  await using graph = await startSubgraph('graph');
  const [own = '', fragment = ''] = (selections ?? '').split(/ (?=fragment)/);
  const text = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { lineage ${own} } } } ${fragment}`;
  const { data, errors } = await graph.ask(text, { of: samples([sampleId(1)]) });
  expect(errors).toBeUndefined();
  expect(JSON.stringify(data)).toContain(told);
});

test('a lineage that is cut says so and keeps the nearest', async () => {
  await using graph = await startSubgraph('graph');
  const { data } = await graph.askLocally(lineageText('(limit: 3)'), { of: samples([1, 301].map(sampleId)) });
  const [cut, whole] = lineagesIn(data);
  expect(cut).toMatchObject({ vertices: [1, 51, 101].map((n) => ({ key: sampleId(n) })), edges: { length: 2 }, truncated: true });
  expect(whole).toMatchObject({ vertices: [{ key: sampleId(301) }], edges: [], truncated: false });
  expect(graph.calls).toHaveLength(1);
});

test('a sample that the graph does not know has no lineage, and what is no id costs nothing', async () => {
  await using graph = await startSubgraph('graph');
  const of = samples([unknownSample, 'S-1', "x'}) RETURN 1 //"]);
  const { data, errors } = await graph.askLocally(lineageText(), { of });
  expect(errors).toBeUndefined();
  expect(lineagesIn(data)).toEqual([null, null, null]);
  expect(graph.calls).toHaveLength(1);
});

test('samples beyond what one answer can hold are asked for in several statements', async () => {
  await using graph = await startSubgraph('graph');
  const ids = range(120).map(sampleId);
  const { data, errors } = await graph.askLocally(lineageText(), { of: samples(ids) });
  expect(errors).toBeUndefined();
  expect(lineagesIn(data).map((lineage) => lineage?.vertices[0]?.key)).toEqual(ids);
  expect(graph.calls).toHaveLength(3);
});

test('different arguments of one request cost one statement each', async () => {
  await using graph = await startSubgraph('graph');
  const text = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample {
    a: lineage { truncated } b: lineage(maxDepth: 5) { truncated } c: lineage(direction: BOTH) { truncated } } } }`;
  await graph.askLocally(text, { of: samples([1, 2].map(sampleId)) });
  expect(statements(graph)).toHaveLength(2);
});

test.for([
  ['neighborhood(id: "x", depth: 6)', 'depth: 6 is not between 1 and 5.'],
  ['neighborhood(id: "x", depth: 0)', 'depth: 0 is not between 1 and 5.'],
  ['neighborhood(id: "x", limit: 10001)', 'limit: 10001 is not between 1 and 10000.'],
  ['shortestPath(from: "x", to: "y", maxHops: 11)', 'maxHops: 11 is not between 1 and 10.'],
  ['shortestPath(from: "x", to: "y", maxHops: -1)', 'maxHops: -1 is not between 1 and 10.'],
])('%s is refused before any call', async ([field, message]) => {
  await using graph = await startSubgraph('graph');
  const { errors } = await graph.ask(`{ ${field} { edges { frame } } }`);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(graph.calls).toEqual([]);
});

test.for([
  ['(maxDepth: 6)', 'maxDepth: 6 is not between 1 and 5.'],
  ['(maxDepth: 0)', 'maxDepth: 0 is not between 1 and 5.'],
  ['(limit: 0)', 'limit: 0 is not between 1 and 10000.'],
])('a lineage with %s is refused before any call', async ([given, message]) => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.ask(lineageText(given), { of: samples([sampleId(1)]) });
  expect(lineagesIn(data)).toEqual([null]);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(graph.calls).toEqual([]);
});

/** Declares the variables that a field uses, for a variable that is not used is an error. */
const declared = (field: string): string =>
  [
    ['id', 'ID!'],
    ['after', 'String'],
    ['frames', '[String!]'],
  ]
    .filter(([name]) => name === 'id' || field.includes(`$${name}`))
    .map(([name, type]) => `$${name}: ${type}`)
    .join(', ');

const partText = (field: string): string =>
  `query (${declared(field)}) { ${field} { vertices { id frame key } edges { frame source { key } target { key } } truncated } }`;
const keysOf = (part: unknown): string[] => (part as Part).vertices.map(({ key }) => key);

test('a neighbourhood grows with its depth', async () => {
  await using graph = await startSubgraph('graph');
  const one = await graph.askLocally(partText('neighborhood(id: $id)'), { id: sample(51) });
  expect(one.errors).toBeUndefined();
  expect(keysOf(one.data?.['neighborhood'])).toEqual([sampleId(51), sampleId(1), sampleId(101), 'LIB-00051']);
  expect(statements(graph)).toHaveLength(2);
  const two = await graph.ask(partText('neighborhood(id: $id, depth: 2, edgeFrames: $frames)'), {
    id: sample(51),
    frames: ['DERIVED_FROM', 'DERIVED_FROM'],
  });
  expect(keysOf(two.data?.['neighborhood'])).toEqual([51, 1, 101, 151].map(sampleId));
  expect((two.data?.['neighborhood'] as Part | undefined)?.edges).toHaveLength(3);
});

test.for([
  ['OUT', [sampleId(51), sampleId(101), 'LIB-00051']],
  ['IN', [sampleId(51), sampleId(1)]],
] as const)('a neighbourhood goes %s alone where that is wanted', async ([direction, keys]) => {
  await using graph = await startSubgraph('graph');
  const { data } = await graph.ask(partText(`neighborhood(id: $id, direction: ${direction})`), { id: sample(51) });
  expect(keysOf(data?.['neighborhood'])).toEqual(keys);
});

test('a neighbourhood of any depth around any frame has an answer', async () => {
  await using graph = await startSubgraph('graph');
  const frames: [string, string][] = [
    ['Sample', sampleId(1)],
    ['Subject', 'SUBJ-001'],
    ['Library', 'LIB-00001'],
    ['Run', 'RUN-0001'],
  ];
  for (const [frame, key] of frames) {
    for (const depth of [1, 2, 3, 4, 5]) {
      const { data, errors } = await graph.askLocally(partText(`neighborhood(id: $id, depth: ${depth})`), {
        id: idOf(frame, key),
      });
      expect(errors).toBeUndefined();
      expect(keysOf(data?.['neighborhood'])[0]).toBe(key);
    }
  }
});

test('a neighbourhood is cut at its limit, without edges into the void', async () => {
  await using graph = await startSubgraph('graph');
  const { data } = await graph.ask(partText('neighborhood(id: $id, depth: 2, limit: 4)'), { id: idOf('Run', 'RUN-0001') });
  expect(data?.['neighborhood']).toMatchObject({ vertices: { length: 4 }, edges: { length: 3 }, truncated: true });
});

test('no edge frames leave the vertex alone, and an unknown vertex has no neighbourhood', async () => {
  await using graph = await startSubgraph('graph');
  const alone = await graph.ask(partText('neighborhood(id: $id, edgeFrames: $frames)'), { id: sample(51), frames: [] });
  expect(alone.data?.['neighborhood']).toMatchObject({ vertices: [{ key: sampleId(51) }], edges: [] });
  for (const id of ['x', idOf('Sample', unknownSample), idOf('Nothing', 'x'), idOf('Sample', 'x', 'moon')]) {
    expect(await graph.askLocally(partText('neighborhood(id: $id)'), { id })).toEqual({ data: { neighborhood: null } });
  }
});

const pathText =
  'query ($from: ID!, $to: ID!) { shortestPath(from: $from, to: $to) { length vertices { key } edges { frame source { key } } } }';

test('the shortest way leads through vertices and edges in order', async () => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.askLocally(pathText, { from: idOf('Run', 'RUN-0001'), to: sample(101) });
  expect(errors).toBeUndefined();
  expect(data?.['shortestPath']).toEqual({
    length: 4,
    vertices: [{ key: 'RUN-0001' }, { key: 'LIB-00001' }, ...[1, 51, 101].map((n) => ({ key: sampleId(n) }))],
    edges: [
      { frame: 'SEQUENCED_IN', source: { key: 'LIB-00001' } },
      { frame: 'PREPARED_AS', source: { key: sampleId(1) } },
      { frame: 'DERIVED_FROM', source: { key: sampleId(1) } },
      { frame: 'DERIVED_FROM', source: { key: sampleId(51) } },
    ],
  });
  expect(statements(graph)).toHaveLength(1);
});

test('there is no way to what does not exist or lies apart, and an empty one to the vertex itself', async () => {
  await using graph = await startSubgraph('graph');
  const none = { data: { shortestPath: null } };
  expect(await graph.ask(pathText, { from: sample(1), to: sample(450) })).toEqual(none);
  expect(await graph.ask(pathText, { from: sample(1), to: idOf('Sample', unknownSample) })).toEqual(none);
  expect(await graph.ask(pathText, { from: sample(1), to: 'x' })).toEqual(none);
  expect(await graph.ask(pathText, { from: sample(1), to: idOf('Sample', sampleId(1), 'moon') })).toEqual(none);
  expect(await graph.ask(pathText, { from: sample(1), to: sample(1) })).toEqual({
    data: { shortestPath: { length: 0, vertices: [{ key: sampleId(1) }], edges: [] } },
  });
});

const neighborText = (given: string): string =>
  `query (${declared(given)}) { neighborhood(id: $id, edgeFrames: []) { vertices { neighbors${given} {
     edges { cursor node { key } edge { frame source { key } target { key } properties } } nodes { key }
     pageInfo { hasNextPage hasPreviousPage endCursor } totalCount } } } }`;

type Neighbors = {
  edges: { edge: { frame: string; source: { key: string }; target: { key: string } } }[];
  nodes: { key: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
};
const neighborsIn = (data: unknown): Neighbors => {
  const [vertex] = (data as { neighborhood: { vertices: { neighbors: Neighbors }[] } }).neighborhood.vertices;
  if (vertex === undefined) throw new Error('no vertex');
  return vertex.neighbors;
};

test('neighbours come with the edge that leads to them', async () => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.ask(neighborText(''), { id: sample(51) });
  expect(errors).toBeUndefined();
  const { edges, nodes, totalCount } = neighborsIn(data);
  expect(nodes).toEqual([{ key: sampleId(1) }, { key: sampleId(101) }, { key: 'LIB-00051' }]);
  expect(edges.map(({ edge }) => [edge.frame, edge.source.key, edge.target.key])).toEqual([
    ['DERIVED_FROM', sampleId(1), sampleId(51)],
    ['DERIVED_FROM', sampleId(51), sampleId(101)],
    ['PREPARED_AS', sampleId(51), 'LIB-00051'],
  ]);
  expect(totalCount).toBe(3);
});

test.for([
  ['(direction: IN)', [sampleId(1)]],
  ['(direction: OUT, edgeFrames: ["PREPARED_AS"])', ['LIB-00051']],
  ['(direction: IN, edgeFrames: ["PREPARED_AS"])', []],
  ['(edgeFrames: ["SEQUENCED_IN"])', []],
  ['(edgeFrames: [])', []],
] as const)('neighbours %s are those that the arguments mean', async ([given, keys]) => {
  await using graph = await startSubgraph('graph');
  const { data, errors } = await graph.ask(neighborText(given), { id: sample(51) });
  expect(errors).toBeUndefined();
  expect(neighborsIn(data).nodes.map(({ key }) => key)).toEqual(keys);
  expect(neighborsIn(data).totalCount).toBe(keys.length);
});

test('walking the neighbours of a vertex meets each once', async () => {
  await using graph = await startSubgraph('graph');
  const met: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data } = await graph.askLocally(neighborText('(first: 3, after: $after)'), { id: idOf('Run', 'RUN-0001'), after });
    const { nodes, pageInfo, totalCount } = neighborsIn(data);
    expect(totalCount).toBe(10);
    met.push(...nodes.map(({ key }) => key));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(met).toEqual(range(10).map((n) => `LIB-${String(n).padStart(5, '0')}`));
});

test('the neighbours of twenty vertices cost one statement', async () => {
  await using graph = await startSubgraph('graph');
  const of = range(20).map((n) => ({ __typename: 'GraphVertex', id: sample(n + 50) }));
  const { data, errors } = await graph.askLocally(
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on GraphVertex { neighbors(first: 2) { nodes { key } pageInfo { hasNextPage } } } } }',
    { of },
  );
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual(
    range(20).map((n) => ({
      neighbors: { nodes: [{ key: sampleId(n) }, { key: sampleId(n + 100) }], pageInfo: { hasNextPage: true } },
    })),
  );
  // The vertices themselves, then their neighbours.
  expect(statements(graph)).toHaveLength(2);
});

test.for([
  ['(first: 1001)', 'first: 1001 is not between 0 and 1000.'],
  ['(after: "x")', 'after: is not a cursor of this list.'],
  ['(edgeFrames: ["X"])', 'edgeFrames: holds a name that is no edge frame of the graph.'],
] as const)('neighbours %s are refused', async ([given, message]) => {
  await using graph = await startSubgraph('graph');
  const { errors } = await graph.askLocally(neighborText(given), { id: sample(51) });
  expect(errors?.[0]).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
});

test('the schema of a graph is read once a minute for all requests', async () => {
  let now = 0;
  await using graph = await startSubgraph('graph', { clock: { now: () => now } });
  const text = '{ vertex(graph: "lab", frame: "Run", key: "RUN-0001") { id } }';
  await graph.askLocally(text);
  now = 60_000;
  await graph.askLocally(text);
  expect(schemas(graph)).toHaveLength(1);
  expect(schemas(graph)[0]?.headers['x-request-id']).toBe('graph-schema');
  now = 60_001;
  await graph.askLocally(text);
  expect(schemas(graph)).toHaveLength(2);
});

test('an unknown graph and a failed reading are not kept', async () => {
  let reads = 0;
  const known = catalogs({
    clock: { now: () => 0 },
    read: async () => {
      reads += 1;
      if (reads === 1) throw new Error('away');
      return reads === 2 ? null : { vertices: [], edges: [] };
    },
  });
  await expect(known.of('g')).rejects.toThrow('away');
  expect(await known.of('g')).toBeNull();
  expect(await known.of('g')).not.toBeNull();
  expect(await known.of('g')).not.toBeNull();
  expect(reads).toBe(3);
  known.forget('g');
  await known.of('g');
  expect(reads).toBe(4);
});

test('frames whose names cannot stand in a statement are never found, and keys have the type of their column', async () => {
  const column = (name: string, type: string) => ({ name, type, leafType: type, depth: 0 });
  const known = catalogs({
    clock: { now: () => 0 },
    read: async () => ({
      vertices: [
        { frame: 'a b', key: 'key', properties: [] },
        { frame: 'ok', key: 'key)--(', properties: [] },
        { frame: 'Host', key: 'ip', properties: [column('ip', 'INT')] },
      ],
      edges: [{ frame: 'x|y', source: 'Host', sourceKey: 's', target: 'Host', targetKey: 't', properties: [] }],
    }),
  });
  const catalog = await known.of('g');
  expect(catalog?.vertexFrame('a b')).toBeNull();
  expect(catalog?.vertexFrame('ok')).toBeNull();
  expect(catalog?.edgeFrames(null)).toEqual([]);
  const host = catalog?.vertexFrame('Host');
  expect(['7', '-7', '07', '7.5', '1e3', '', '9007199254740993'].map((key) => host?.keyValue(key))).toEqual([
    7,
    -7,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('a vertex id reads back whatever is in its parts, and nothing else does', () => {
  for (const key of ['', '"', '","', 'a|b', 'ä€😀', '\\']) {
    const ref = { graph: 'lab', frame: 'Sample', key };
    expect(readVertexId(vertexId(ref))).toEqual(ref);
  }
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const wrong = [
    '',
    'x',
    encode(null),
    encode(['lab', 'Sample']),
    encode(['lab', 'Sample', 1]),
    encode(['a', 'b', 'c', 'd']),
    `${sample(1)}=`,
  ];
  expect(wrong.map(readVertexId)).toEqual(wrong.map(() => null));
});

test('a circle of edges is walked once', () => {
  const vertex = (key: string) => toVertex('g', { frame: 'F', key, properties: {} });
  const edge = (sourceKey: string, targetKey: string, properties = {}) => ({ frame: 'E', sourceKey, targetKey, properties });
  const met = [
    { depth: 0, vertex: vertex('a'), edge: edge('a', 'b') },
    { depth: 1, vertex: vertex('b'), edge: edge('b', 'a') },
    { depth: 2, vertex: vertex('a'), edge: edge('a', 'b') },
    { depth: 2, vertex: vertex('a'), edge: edge('a', 'b', { second: true }) },
    { depth: 2, vertex: vertex('a'), edge: edge('a', 'elsewhere') },
  ];
  const part = assemble(met, { limit: 10, cut: false, endsOf: () => ({ source: 'F', target: 'F' }), hides: false });
  expect(part.vertices.map(({ key }) => key)).toEqual(['a', 'b']);
  expect(part.edges().map(({ source, target }) => source.key + target.key)).toEqual(['ab', 'ab', 'ba']);
  expect(part.truncated).toBe(false);
});

const answer = (status: number, body: unknown) =>
  decode({ status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) });

test.for([
  [404, { error: { code: 'GRAPH_NOT_FOUND', message: 'x' } }, 'NOT_FOUND'],
  [400, { error: { code: 'HTTP_400', message: { error: 'FRAME_NOT_FOUND', message: 'x' } } }, 'NOT_FOUND'],
  [404, { error: { code: 'HTTP_404', message: 'x' } }, 'NOT_FOUND'],
  [404, { detail: 'Not Found' }, 'UPSTREAM_INVALID_RESPONSE'],
  [400, { error: { code: 'INVALID_QUERY', message: 'x' } }, 'UPSTREAM_INVALID_RESPONSE'],
  [422, { detail: [{ loc: ['body'], msg: 'x', type: 'y' }] }, 'UPSTREAM_INVALID_RESPONSE'],
  [503, { error: { code: 'HTTP_503', message: { error: 'XGT_CONNECTION_ERROR' } } }, 'UPSTREAM_UNAVAILABLE'],
  [500, { error: { code: 'XGT_OPERATION_ERROR', message: 'x' } }, 'UPSTREAM_UNAVAILABLE'],
  [504, { error: { code: 'QUERY_TIMEOUT' } }, 'UPSTREAM_TIMEOUT'],
  [413, { error: { code: 'QUERY_RESULT_TOO_LARGE' } }, 'BAD_USER_INPUT'],
  [401, { error: { code: 'TOKEN_EXPIRED' } }, undefined],
  [500, '<html>', undefined],
  [502, '', undefined],
] as const)('a refusal %i %j means %s', ([status, body, code]) => {
  expect(answer(status, body)?.code).toBe(code);
});

test('what the graph service says of a failure does not leave', async () => {
  const secret = { error: { code: 'HTTP_503', message: { error: 'XGT_CONNECTION_ERROR', message: 'xgt-7.internal:4367' } } };
  await using broken = await startUpstream(always(503, JSON.stringify(secret)));
  await using graph = await startSubgraph('graph', { url: broken.url });
  const { data, errors } = await graph.ask(
    `{ graphs { name } shortestPath(from: "${sample(1)}", to: "${sample(2)}") { length } }`,
  );
  expect(data).toEqual({ graphs: null, shortestPath: null });
  expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_UNAVAILABLE']);
  expect(JSON.stringify(errors)).not.toContain('internal');
});

test('a statement that takes long is waited for, and its pages are put together', async () => {
  const answers = [
    { job_id: 7, status: 'queued' },
    { job_id: 7, status: 'running' },
    { job_id: 7, status: 'completed' },
    { rows: [[0, sampleId(1), cell(1), null]], result_metadata: { has_more_results: true } },
    { rows: [[1, sampleId(1), cell(51), null]], result_metadata: { has_more_results: false } },
  ];
  await using slow = await startUpstream((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers.shift()));
  });
  await using graph = await startSubgraph('graph', { url: slow.url });
  const { data, errors } = await graph.askLocally(lineageText(), { of: samples([sampleId(1)]) });
  expect(errors).toBeUndefined();
  expect(lineagesIn(data)[0]?.vertices.map(({ key }) => key)).toEqual([1, 51].map(sampleId));
  expect(slow.seen).toEqual([
    'POST /api/v1/public/graphs/lab/query',
    'GET /api/v1/public/query/7/status',
    'GET /api/v1/public/query/7/status',
    'GET /api/v1/public/query/7/results?offset=0&limit=10000',
    'GET /api/v1/public/query/7/results?offset=1&limit=9999',
  ]);
});

const cell = (n: number): object => ({ frame: 'Sample', key: sampleId(n), properties: {} });

test.for(['failed', 'canceled'])('a statement that ended as %s is a failure of the service', async (status) => {
  await using broken = await startUpstream(always(200, JSON.stringify({ job_id: '7', status })));
  await using graph = await startSubgraph('graph', { url: broken.url });
  const { errors } = await graph.ask(lineageText(), { of: samples([sampleId(1)]) });
  expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'graph' } }]);
});

test('rows of another shape than the statement asks for are no answer', async () => {
  await using odd = await startUpstream(always(200, JSON.stringify({ job_id: 1, status: 'completed', data: [['a', 'b']] })));
  await using graph = await startSubgraph('graph', { url: odd.url });
  const { errors } = await graph.ask(lineageText(), { of: samples([sampleId(1)]) });
  expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }]);
});

test('a frame that is gone makes the vertex null and the schema be read anew', async () => {
  const node = { name: 'Old', key: 'key', properties: [] };
  await using upstream = await startUpstream((request, response) => {
    const known = request.method === 'GET';
    const body = known ? { nodes: [node], edges: [] } : { error: { code: 'FRAME_NOT_FOUND', message: 'Old' } };
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await using graph = await startSubgraph('graph', { url: upstream.url });
  const text = '{ vertex(graph: "lab", frame: "Old", key: "x") { id } }';
  expect(await graph.askLocally(text)).toEqual({ data: { vertex: null } });
  expect(await graph.askLocally(text)).toEqual({ data: { vertex: null } });
  expect(upstream.seen.filter((request) => request.startsWith('GET'))).toHaveLength(2);
});

test('vertices with more neighbours than one answer holds are asked for one by one', async () => {
  const schema = {
    vertices: [{ frame: 'F', key: 'key', properties: [] }],
    edges: [{ frame: 'E', source: 'F', sourceKey: 's', target: 'F', targetKey: 't', properties: [] }],
  };
  const asked: unknown[] = [];
  const row = (key: string, n: number): unknown[] => {
    const other = { frame: 'F', key: `n${n}`, properties: {} };
    return [1, key, other, { frame: 'E', source_key: key, target_key: other.key, properties: {} }];
  };
  const client: GraphClient = {
    graphs: async () => [],
    graph: async () => null,
    tables: async () => [],
    run: async (_, { parameters }, rows) => {
      const keys = parameters['keys'] as string[];
      asked.push(keys);
      const [first = ''] = keys;
      const isCut = keys.length > 1;
      return { rows: rows.parse(range(isCut ? 10_000 : 3).map((n) => row(first, n))), isCut };
    },
  };
  const known = catalogs({ clock: { now: () => 0 }, read: async () => schema });
  const wanted = { graph: 'g', frame: 'F', direction: 'OUT' as const, window: { offset: 0, limit: 2 } };
  const found = await neighborsOf(['a', 'b'], wanted, { client, catalogs: known });
  expect(asked).toEqual([['a', 'b'], ['a'], ['b']]);
  expect(found.get('b')?.map(({ vertex }) => vertex.key)).toEqual(['n1', 'n2', 'n3']);
});

test('the wait for a statement ends with its caller', async () => {
  const gone = new AbortController();
  const rest: RestClient = {
    get: async (_, { answer }) => answer.parse({ status: 'running' }),
    find: async () => null,
    send: async (_, __, { answer }) => answer.parse({ job_id: 1, status: 'running' }),
  };
  const waiting = run('lab', { text: 'RETURN 1', parameters: {} }, { rest, signal: gone.signal });
  gone.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { sandboxGraphKey } from '#ops/sandbox/data/graph-key.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { acme, canary, helix } from '#test/harness/tenants.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const frame = { name: 'F', num_rows: 3, schema_definition: [['key', 'text']], key: 'key' };
const edge = { ...frame, name: 'E', source_frame: 'F', source_key: 's', target_frame: 'F', target_key: 't' };
const graphNames = ['lab', 'org_acme_genomics', 'org_helix_labs'];
const info = (name: string) => ({ name, vertices: [frame], edges: [edge] });
const property = { name: 'key', type: 'text', leaf_type: 'text', depth: 0 };
const schema = {
  nodes: [{ name: 'F', key: 'key', properties: [property] }],
  edges: [{ name: 'E', source: 'F', source_key: 's', target: 'F', target_key: 't', properties: [] }],
};
const job = (id: number, graph: string) => ({ job_id: id, status: 'completed', query: `${canary} ${id}`, graph_name: graph });
/** As a service that does not heed the filter by graph. */
const jobs = [job(1, 'lab'), job(2, 'org_helix_labs'), job(3, 'org_acme_genomics')];

type Asked = { readonly request: string; readonly authorization: string | undefined };

/** A graph service with a graph for each of two organizations, which notes who asks for what. */
async function startGraphs() {
  const asked: Asked[] = [];
  const upstream = await startUpstream((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, search } = new URL(request.url ?? '', 'http://localhost');
    const path = pathname.replace('/api/v1/public', '');
    asked.push({ request: `${request.method} ${path}${search}`, authorization: request.headers.authorization });
    const body = request.method === 'POST' ? ((await json(request)) as { query: string }) : undefined;
    const told = answerTo(path, body?.query);
    response.writeHead(told === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(told ?? { error: { code: 'GRAPH_NOT_FOUND', message: 'x' } }));
  };
  return { url: upstream.url, asked, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
}

function answerTo(path: string, statement: string | undefined): object | undefined {
  if (path === '/graphs') return { graphs: graphNames.map(info), total_count: 3 };
  if (path === '/query/jobs') return { jobs, total_count: jobs.length, has_more: false };
  if (path.startsWith('/query/'))
    return path.endsWith('/results') ? { columns: ['x'], rows: [[1]] } : job(3, 'org_acme_genomics');
  const [, name = '', what] = /^\/graphs\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  if (!graphNames.includes(name)) return undefined;
  if (what === '') return info(name);
  if (what === 'schema') return schema;
  const data = statement?.includes('ORDER BY k') ? neighbors : [[1, 'a', vertex('a', 'acme-genomics')]];
  return { job_id: 9, status: 'completed', columns: ['x'], data: statement?.includes('RETURN 7') ? [[7]] : data };
}

const vertex = (key: string, organization: string) => ({ frame: 'F', key, properties: { organization_id: organization } });

/** Every third neighbour of a is acme's. */
const neighbors = Array.from({ length: 30 }, (_, n) => {
  const key = `n${String(n).padStart(2, '0')}`;
  const link = { frame: 'E', source_key: 'a', target_key: key, properties: {} };
  return [1, 'a', vertex(key, n % 3 === 0 ? 'acme-genomics' : 'helix-labs'), link];
});

const credentials = new Map([['acme-genomics', 'rg_of_acme']]);

const startOver = (url: string): Promise<SubgraphUnderTest> =>
  startSubgraph('graph', {
    url,
    settings: { token: sandboxGraphKey },
    credentialOf: async (organization) => credentials.get(organization),
  });

const look = '{ vertex(graph: "lab", frame: "F", key: "a") { key } }';

test('each organization asks with its own credential, and who has none with that of the service', async () => {
  await using graphs = await startGraphs();
  await using graph = await startOver(graphs.url);
  const heardFrom = async (caller?: typeof acme): Promise<unknown[]> => {
    graphs.asked.length = 0;
    await graph.askLocally(look, {}, caller && { caller });
    return graphs.asked.map(({ request, authorization }) => [request, authorization]);
  };
  const requests = ['GET /graphs/lab/schema', 'POST /graphs/lab/query'];
  for (const [caller, token] of [
    [acme, 'rg_of_acme'],
    [helix, sandboxGraphKey],
    [undefined, sandboxGraphKey],
  ] as const)
    expect(await heardFrom(caller)).toEqual(requests.map((request) => [request, `Bearer ${token}`]));
});

test('a credential that cannot be looked up lets nothing out', async () => {
  await using graphs = await startGraphs();
  const away = async (): Promise<never> => Promise.reject(new Error('away'));
  await using graph = await startSubgraph('graph', { url: graphs.url, credentialOf: away, onUnexpectedError: () => undefined });
  expect((await graph.askLocally(look, {}, { caller: acme })).data).toEqual({ vertex: null });
  expect(graphs.asked).toEqual([]);
});

test('an organization has the graph of its namespace for itself', async () => {
  await using graphs = await startGraphs();
  await using graph = await startOver(graphs.url);
  const text =
    '{ graphs { name vertexFrames { rowCount } } helix: graph(name: "org_helix_labs") { name } own: graph(name: "org_acme_genomics") { name } }';
  const { data } = await graph.ask(text, {}, { caller: acme });
  const shown = (name: string, rowCount: number | null) => ({ name, vertexFrames: [{ rowCount }] });
  expect(data).toEqual({
    graphs: [shown('lab', null), shown('org_acme_genomics', 3)],
    helix: null,
    own: { name: 'org_acme_genomics' },
  });
  const whole = await graph.askLocally('{ graphs { name } }');
  expect(whole.data).toEqual({ graphs: graphNames.map((name) => ({ name })) });
});

test('a page of neighbours is filled with its own', async () => {
  await using graphs = await startGraphs();
  await using graph = await startOver(graphs.url);
  const text = `query ($after: String) { vertex(graph: "lab", frame: "F", key: "a") {
    neighbors(first: 4, after: $after) { nodes { key } pageInfo { hasNextPage endCursor } } } }`;
  const met: string[] = [];
  let after: string | null = null;
  do {
    const { data } = await graph.askLocally(text, { after }, { caller: acme });
    const { nodes, pageInfo } = (data as unknown as { vertex: { neighbors: Neighbors } }).vertex.neighbors;
    met.push(...nodes.map(({ key }) => key));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null && met.length < 30);
  expect(met).toEqual(['n00', 'n03', 'n06', 'n09', 'n12', 'n15', 'n18', 'n21', 'n24', 'n27']);
});

type Neighbors = {
  readonly nodes: readonly { readonly key: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
};

describe('statements of its own', () => {
  const ask = (name: string): string => `{ cypherQuery(graph: "${name}", statement: "RETURN 7") { rows } }`;
  const submit = (name: string): string => `mutation { submitGraphQuery(graph: "${name}", statement: "RETURN 7") { id graph } }`;

  test('run in its own graph', async () => {
    await using graphs = await startGraphs();
    await using graph = await startOver(graphs.url);
    const { data } = await graph.ask(ask('org_acme_genomics'), {}, { caller: acme });
    expect(data).toEqual({ cypherQuery: { rows: [[7]] } });
    expect(new Set(graphs.asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer rg_of_acme']));
    const submitted = await graph.askLocally(submit('org_acme_genomics'), {}, { caller: acme });
    expect(submitted.data).toEqual({ submitGraphQuery: { id: '9', graph: 'org_acme_genomics' } });
  });

  test('find no other graph, whether there is one or not', async () => {
    await using graphs = await startGraphs();
    await using graph = await startOver(graphs.url);
    const answers = [];
    for (const name of ['lab', 'org_helix_labs', 'org_nobody'])
      for (const text of [ask(name), submit(name)]) answers.push((await graph.askLocally(text, {}, { caller: acme })).errors);
    const message = 'graph: there is no graph of that name.';
    for (const errors of answers) expect(errors).toMatchObject([{ message, extensions: { code: 'NOT_FOUND' } }]);
    expect(graphs.asked).toEqual([]);
  });

  test('are listed and found when they are about its own graph', async () => {
    await using graphs = await startGraphs();
    await using graph = await startOver(graphs.url);
    const jobFields = '{ id graph results { rows } }';
    const text = `{ jobs: graphQueryJobs { totalCount nodes { id } } elsewhere: graphQueryJobs(graph: "org_helix_labs") { nodes { id } }
      own: graphQueryJob(id: "3") ${jobFields} foreign: graphQueryJob(id: "2") ${jobFields} missing: graphQueryJob(id: "7") ${jobFields} }`;
    const { data, errors } = await graph.ask(text, {}, { caller: acme });
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      jobs: { totalCount: null, nodes: [{ id: '3' }] },
      elsewhere: { nodes: [] },
      own: { id: '3', graph: 'org_acme_genomics', results: { rows: [[1]] } },
      foreign: null,
      missing: null,
    });
    expect(graphs.asked.filter(({ request }) => request.includes('/status'))).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import type { Clock } from '#kit/clock.ts';
import { systemClock } from '#kit/clock.ts';
import { counts, jobId, parentOfSample, sampleId } from '#ops/sandbox/data/facts.ts';
import { sandboxGraphKey } from '#ops/sandbox/data/graph-key.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

type Submission = {
  readonly job_id: number;
  readonly status: string;
  readonly columns?: readonly string[];
  readonly data?: readonly (readonly unknown[])[];
};
type Refusal = { readonly error: { readonly code: string; readonly message: string } };
type Token = { readonly access_token: string };

const key = { authorization: `Bearer ${sandboxGraphKey}` };

async function startGraph(clock: Clock = systemClock) {
  const sandbox = await startSandbox({ services: ['graph'], ports: 'any', clock });
  const url = `${sandbox.urls.get('graph')}/api/v1`;
  return {
    url,
    get: <Body = unknown>(path: string) => call<Body>(`${url}${path}`, { headers: key }),
    query: <Body = Submission>(query: string, more: object = {}) =>
      call<Body>(`${url}/public/graphs/lab/query`, { method: 'POST', headers: key, body: { query, ...more } }),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

test('a password gives a token for an hour, which opens what needs one', async () => {
  let now = Date.parse('2026-11-01T08:00:00Z');
  await using graph = await startGraph({ now: () => now });
  const body = { username: 'sandbox', password: 'sandbox' };
  const login = await call<Token>(`${graph.url}/auth/xgt/basic`, { method: 'POST', body });
  expect(login.body).toMatchObject({
    token_type: 'bearer',
    expires_in: 3600,
    user_info: { username: 'sandbox', namespace: 'lab' },
  });
  const headers = { authorization: `Bearer ${login.body.access_token}` };
  const me = await call(`${graph.url}/auth/me`, { headers });
  expect(me.body).toEqual({ username: 'sandbox', namespace: 'lab', authenticated_at: '2026-11-01T08:00:00.000Z' });
  now += 3_631_000;
  const late = await call<Refusal>(`${graph.url}/auth/me`, { headers });
  expect([late.status, late.body.error.code, late.headers.get('www-authenticate')]).toEqual([401, 'TOKEN_EXPIRED', 'Bearer']);
});

test('a form logs in as well, and a wrong password does not', async () => {
  await using graph = await startGraph();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const form = { method: 'POST', headers, body: 'username=lin&password=sandbox' };
  const { body } = await call<Token>(`${graph.url}/auth/xgt/token`, form);
  expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 3600 });
  const wrong = { method: 'POST', body: { username: 'lin', password: 'guess' } };
  const refused = await call<Refusal>(`${graph.url}/auth/xgt/basic`, wrong);
  expect([refused.status, refused.body.error.code]).toEqual([401, 'AUTHENTICATION_FAILED']);
});

test('logging in with certificates is not offered', async () => {
  await using graph = await startGraph();
  const pki = { method: 'POST', body: { client_cert: 'c', client_key: 'k' } };
  const proxy = { method: 'POST', body: { user_id: 'u', proxy_host: 'p', certificate_hash: 'h', proxy_signature: 's' } };
  const answers = [
    await call<Refusal>(`${graph.url}/auth/xgt/pki`, pki),
    await call<Refusal>(`${graph.url}/auth/xgt/proxy-pki`, proxy),
  ];
  expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual([
    [501, 'NOT_IMPLEMENTED'],
    [501, 'NOT_IMPLEMENTED'],
  ]);
});

test('a credential can be checked without being refused', async () => {
  await using graph = await startGraph();
  const validate = (headers: Readonly<Record<string, string>>) => call(`${graph.url}/auth/validate`, { method: 'POST', headers });
  expect((await validate(key)).body).toMatchObject({ valid: true, username: 'sandbox', error: null });
  const without = await validate({});
  expect([without.status, without.body]).toEqual([
    200,
    expect.objectContaining({ valid: false, error: 'Authentication required' }),
  ]);
  const connection = await call(`${graph.url}/auth/test-connection`, { method: 'POST', headers: key });
  expect(connection.body).toMatchObject({ success: true, server_info: { namespace: 'lab' }, auth_type: 'api_key' });
});

test('nothing of the graph is told to a stranger', async () => {
  await using graph = await startGraph();
  const unknownKey = { authorization: 'Bearer rg_test_00000000000000000000000000000000' };
  for (const path of ['/public/graphs', '/public/graphs/lab/schema', '/public/frames/Sample/data', '/public/query/jobs']) {
    const bare = await call<Refusal>(`${graph.url}${path}`);
    expect([bare.status, bare.body.error.code]).toEqual([401, 'XGT_AUTHENTICATION_REQUIRED']);
    const wrong = await call<Refusal>(`${graph.url}${path}`, { headers: unknownKey });
    expect([wrong.status, wrong.body.error.code]).toEqual([401, 'invalid_api_key']);
  }
});

test('health tells each part by itself', async () => {
  await using graph = await startGraph();
  const health = await call(`${graph.url}/public/health`);
  expect(health.body).toEqual({
    status: 'healthy',
    timestamp: expect.any(Number),
    version: '1.0.0',
    services: { mongodb: 'healthy', redis: 'healthy', xgt: 'healthy' },
    response_time_ms: expect.any(Number),
  });
  expect((await call(`${graph.url}/public/ready`)).body).toEqual({ status: 'ready' });
  expect((await call(`${graph.url}/public/live`)).body).toMatchObject({ status: 'alive' });
  expect((await call(`${graph.url}/public/version`)).body).toMatchObject({ xgt: { connection_status: 'connected' } });
});

test('the graph lists its vertex and edge frames', async () => {
  await using graph = await startGraph();
  const { body } = await graph.get<{ graphs: unknown[] }>('/public/graphs?include_empty=true');
  expect(body).toMatchObject({ total_count: 1, graphs: [{ name: 'lab', vertices: { length: 4 }, edges: { length: 4 } }] });
  const one = await graph.get('/public/graphs/lab');
  expect(one.body).toEqual(body.graphs[0]);
  expect(one.body).toMatchObject({
    vertices: [
      { name: 'Sample', key: 'key', num_rows: counts.samples },
      { name: 'Subject' },
      { name: 'Library' },
      { name: 'Run' },
    ],
    edges: [
      { name: 'DERIVED_FROM', source_frame: 'Sample', target_frame: 'Sample', source_key: 'source_key', num_rows: 300 },
      {},
      {},
      {},
    ],
  });
});

test('the schema describes every property, lists with what they hold', async () => {
  await using graph = await startGraph();
  const { body } = await graph.get('/public/graphs/lab/schema');
  expect(body).toMatchObject({
    graph: 'lab',
    nodes: {
      length: 4,
      0: { name: 'Sample', key: 'key', properties: { 8: { name: 'tags', type: 'list', leaf_type: 'text', depth: 1 } } },
    },
    edges: { 3: { name: 'SEQUENCED_IN', source: 'Library', target: 'Run' } },
  });
  const qualified = await graph.get('/public/graphs/lab/schema?fully_qualified=true');
  expect(qualified.body).toMatchObject({ nodes: { 0: { name: 'lab__Sample' } }, edges: { 3: { target: 'lab__Run' } } });
});

test('frames can be listed by kind', async () => {
  await using graph = await startGraph();
  const { body } = await graph.get<{ frames: { name: string }[] }>('/public/frames?graph_name=lab');
  expect(body.frames.map(({ name }) => name)).toEqual(body.frames.map(({ name }) => name).toSorted());
  expect(body).toMatchObject({ total_count: 9, graphs: ['lab'] });
  const tables = await graph.get('/public/frames?frame_type=table');
  expect(tables.body).toMatchObject({ frames: [{ full_name: 'lab__RunMetrics', key: null, source_key: null }], total_count: 1 });
  expect((await graph.get('/public/frames?frame_type=hyperedge')).status).toBe(422);
});

test('the rows of a frame come in pages with every digit of an integer', async () => {
  await using graph = await startGraph();
  const runs = await graph.get('/public/frames/Run/data?limit=1&offset=1');
  expect(runs.body).toMatchObject({
    frame_type: 'vertex',
    namespace: 'lab',
    total_rows: 14,
    offset: 1,
    limit: 1,
    returned_rows: 1,
  });
  expect(runs.text).toContain(`["RUN-0002","${jobId(2)}"`);
  expect(runs.text).toContain('"08:00:00","P1DT2H2M",6000000000002,9007199254740997]');
  const edges = await graph.get<{ rows: unknown[][] }>('/public/frames/lab__DERIVED_FROM/data?limit=1');
  expect(edges.body.rows[0]).toEqual([sampleId(1), sampleId(51), 'extraction', '2026-11-01T07:23:00', 0.51]);
  const table = await graph.get('/public/frames/RunMetrics/data');
  expect(table.body).toMatchObject({
    frame_type: 'table',
    columns: ['run', 'lane', 'q30', 'clusters', 'temperature_offset', 'measured_at'],
  });
  expect((await graph.get('/public/frames/Run/data?limit=10001')).status).toBe(422);
});

test('what is not there is named in the error', async () => {
  await using graph = await startGraph();
  const answers = [
    await graph.get<Refusal>('/public/graphs/archive'),
    await graph.get<Refusal>('/public/graphs/archive/schema'),
    await graph.get<Refusal>('/public/frames/Patient/data'),
    await graph.get<Refusal>('/public/query/77/status'),
    await graph.get<Refusal>('/public/query/77/results'),
  ];
  expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual([
    [404, 'GRAPH_NOT_FOUND'],
    [404, 'GRAPH_NOT_FOUND'],
    [404, 'FRAME_NOT_FOUND'],
    [404, 'JOB_NOT_FOUND'],
    [404, 'JOB_NOT_FOUND'],
  ]);
  expect(answers[0]?.body).toEqual({
    error: { code: 'GRAPH_NOT_FOUND', message: 'Graph "archive" not found', details: { graph_name: 'archive' } },
  });
  const nowhere = await graph.get('/nowhere');
  expect([nowhere.status, nowhere.body]).toEqual([404, { detail: 'Not Found' }]);
});

test('a lineage goes up to six steps back, parameters are honoured and columns have their aliases', async () => {
  await using graph = await startGraph();
  const { body } = await graph.query(
    'MATCH (s:Sample {key: $key})-[e:DERIVED_FROM*1..10]->(p:Sample) RETURN p.key AS key, length(e) AS steps ORDER BY steps',
    { parameters: { key: sampleId(1) } },
  );
  expect(body).toMatchObject({ status: 'completed', graph_name: 'lab', columns: ['key', 'steps'], returned_rows: 6 });
  expect(body.data).toEqual([51, 101, 151, 201, 251, 301].map((n, index) => [sampleId(n), index + 1]));
  expect(parentOfSample(301)).toBeNull();
});

test('a list of keys is looked up in one statement', async () => {
  await using graph = await startGraph();
  const { body } = await graph.query('UNWIND $keys AS wanted MATCH (s:lab__Sample {key: wanted}) RETURN wanted, s.name AS name', {
    parameters: { keys: [sampleId(1), 'nobody', sampleId(2)] },
  });
  expect(body.data?.map(([wanted]) => wanted)).toEqual([sampleId(1), sampleId(2)]);
});

test('vertices, edges and paths come as objects with frame, keys and properties', async () => {
  await using graph = await startGraph();
  const { body } = await graph.query(
    'MATCH p = (l:Library {key: "LIB-00001"})-[e:SEQUENCED_IN]->(r:Run) RETURN l AS vertex, e AS edge, p AS path, r.length AS length',
  );
  const vertex = {
    frame: 'Library',
    key: 'LIB-00001',
    properties: {
      kit: 'Nextera',
      insert_size: 350,
      prepared_at: '2026-11-01T07:00:00',
      organization_id: 'acme-genomics',
    },
  };
  const edge = {
    frame: 'SEQUENCED_IN',
    source_key: 'LIB-00001',
    target_key: 'RUN-0001',
    properties: { lane: 2, reads: 40_001_000 },
  };
  const path = { vertices: [vertex, expect.objectContaining({ frame: 'Run', key: 'RUN-0001' })], edges: [edge] };
  expect(body.data).toEqual([[vertex, edge, path, 'P1DT2H1M']]);
});

test('integers beyond 2^53 keep every digit from parameter to answer', async () => {
  await using graph = await startGraph();
  const url = `${graph.url}/public/graphs/lab/query`;
  const body =
    '{"query":"MATCH (r:Run {checksum: $sum}) RETURN r.key AS key, r.checksum + 2 AS next","parameters":{"sum":9007199254740995}}';
  const { text } = await call(url, { method: 'POST', headers: key, body });
  expect(text).toContain('"data":[["RUN-0001",9007199254740997]]');
});

test('only reading statements run', async () => {
  await using graph = await startGraph();
  const refused = [
    'CREATE (:Sample {key: "x"})',
    'MATCH (s:Sample) SET s.name = "x" RETURN s',
    'MATCH (s:Sample) DETACH DELETE s',
    'MERGE (s:Sample {key: "x"}) RETURN s',
    'MATCH (s:Sample) REMOVE s.name RETURN s',
    'MATCH (s:Sample) RETURN s INTO Copy',
    'DROP TABLE Sample',
    "COPY Sample FROM 'x.csv'",
    "LOAD FROM '/etc/hosts' RETURN *",
    'CALL threads = 1',
    'RETURN 1; RETURN 2',
    'RETURN 1 /* comment */ ; // comment\r CREATE (:Sample {key: "x"})',
    ' ',
    `RETURN "${'x'.repeat(10_000)}"`,
  ];
  for (const statement of refused) {
    const { status, body } = await graph.query<Refusal>(statement);
    expect([statement, status, body.error.code]).toEqual([statement, 400, 'INVALID_QUERY']);
  }
  const { body } = await graph.query('MATCH (s:Sample) RETURN count(*) AS n');
  expect(body.data).toEqual([[counts.samples]]);
});

test('a word inside a string, a comment or a quoted name is no clause', async () => {
  await using graph = await startGraph();
  const { body } = await graph.query('RETURN "it\\"s; CREATE" AS `set` /* DELETE; */; // DROP');
  expect(body).toMatchObject({ columns: ['set'], data: [['it"s; CREATE']] });
  const procedure = await graph.query('CALL show_tables() RETURN name ORDER BY name');
  expect(procedure.body.data).toContainEqual(['Sample']);
});

test('a statement that cannot be understood is refused with what is wrong', async () => {
  await using graph = await startGraph();
  for (const statement of ['MATCH (s:Sample RETURN s', 'MATCH (s:Patient) RETURN s', 'RETURN 1 AS a, 2 AS a']) {
    const { status, body } = await graph.query<Refusal>(statement);
    expect([statement, status, body.error.code]).toEqual([statement, 400, 'INVALID_QUERY_SYNTAX']);
  }
  const { status, body } = await graph.query<Refusal>('RETURN $missing');
  expect([status, body.error.code]).toEqual([400, 'INVALID_QUERY']);
});

test('a body that is not what it should be gets a list of faults', async () => {
  await using graph = await startGraph();
  const tooMany = await graph.query('RETURN 1', { limit: 10_001 });
  expect([tooMany.status, tooMany.body]).toEqual([422, { detail: [expect.objectContaining({ loc: ['body', 'limit'] })] }]);
  const csv = await graph.query('RETURN 1', { format: 'csv' });
  const broken = await call(`${graph.url}/public/graphs/lab/query`, { method: 'POST', headers: key, body: '{' });
  expect([csv.status, broken.status, (await graph.get('/public/query/seven/status')).status]).toEqual([422, 422, 422]);
});

test('the first rows come at once, all of them page by page from the job', async () => {
  await using graph = await startGraph();
  const { body } = await graph.query('MATCH (s:Sample) RETURN s.key AS key ORDER BY key', { limit: 2 });
  expect(body).toMatchObject({ returned_rows: 2, data: [[sampleId(1)], [sampleId(2)]] });
  const status = await graph.get(`/public/query/${body.job_id}/status`);
  expect(status.body).toMatchObject({
    job_id: body.job_id,
    status: 'completed',
    progress: 1,
    processing_time_ms: expect.any(Number),
  });
  const page = await graph.get(`/public/query/${body.job_id}/results?offset=498&limit=2`);
  expect(page.body).toMatchObject({
    columns: ['key'],
    rows: [[sampleId(499)], [sampleId(500)]],
    returned_rows: 2,
    total_rows: 500,
    result_metadata: { query_execution_completed: true, has_more_results: false },
  });
});

test('a caller who does not wait gets the job first and the result later', async () => {
  await using graph = await startGraph();
  const query = 'UNWIND range(1, 8000) AS a UNWIND range(1, 8000) AS b WITH a, b WHERE a * b < 0 RETURN count(*) AS n';
  const url = `${graph.url}/public/graphs/lab/query`;
  const headers = { ...key, prefer: 'respond-async' };
  const { body: job } = await call<Submission>(url, { method: 'POST', headers, body: { query } });
  expect(job.status).toBe('running');
  expect(job).not.toHaveProperty('data');
  const early = await graph.get<Submission>(`/public/query/${job.job_id}/results`);
  expect(early.body).toMatchObject({ columns: null, rows: null, result_metadata: { query_execution_completed: false } });
  const quick = await graph.query('RETURN 1 AS one');
  expect(quick.body.data).toEqual([[1]]);
  await expect
    .poll(async () => (await graph.get<Submission>(`/public/query/${job.job_id}/status`)).body.status, { timeout: 20_000 })
    .toBe('completed');
  expect((await graph.get(`/public/query/${job.job_id}/results`)).body).toMatchObject({ rows: [[0]] });
});

test('a service that closes lets the statements that run come to their end', async () => {
  const graph = await startGraph();
  const query = 'UNWIND range(1, 9000) AS a UNWIND range(1, 9000) AS b WITH a, b WHERE a * b < 0 RETURN count(*) AS n';
  const headers = { ...key, prefer: 'respond-async' };
  const submit = () => call<Submission>(`${graph.url}/public/graphs/lab/query`, { method: 'POST', headers, body: { query } });
  const states = [await submit(), await submit(), await submit(), await submit()].map(({ body }) => body.status);
  expect(states).toEqual(['running', 'running', 'running', 'queued']);
  await expect(graph[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test('a statement that breaks while it runs is a failed job', async () => {
  await using graph = await startGraph();
  const { status, body } = await graph.query('UNWIND [0] AS zero RETURN 1 / zero AS n');
  expect([status, body.status]).toEqual([200, 'failed']);
  const state = await graph.get(`/public/query/${body.job_id}/status`);
  expect(state.body).toMatchObject({ status: 'failed', error_message: expect.stringContaining('Divide by zero') });
  expect((await graph.get(`/public/query/${body.job_id}/results`)).body).toMatchObject({ status: 'failed', rows: null });
});

test('the history is newest first, in pages and by state, without refused statements', async () => {
  await using graph = await startGraph();
  const ids = [];
  for (const query of ['RETURN 1 AS n', 'RETURN 2 AS n', 'UNWIND [0] AS zero RETURN 1 / zero', 'RETURN 3 AS n']) {
    ids.push((await graph.query(query)).body.job_id);
  }
  await graph.query('RETURN');
  const { body } = await graph.get<{ jobs: Submission[] }>('/public/query/jobs?per_page=3&graph_name=lab');
  expect(body).toMatchObject({ total_count: 4, page: 1, per_page: 3, has_more: true });
  expect(body.jobs.map(({ job_id }) => job_id)).toEqual(ids.toReversed().slice(0, 3));
  const failed = await graph.get('/public/query/jobs?status=failed');
  expect(failed.body).toMatchObject({
    jobs: [{ job_id: ids[2], query: 'UNWIND [0] AS zero RETURN 1 / zero' }],
    total_count: 1,
    has_more: false,
  });
  expect((await graph.get('/public/query/jobs?page=0')).status).toBe(422);
});

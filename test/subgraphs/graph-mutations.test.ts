import { readFileSync } from 'node:fs';
import { buildSchema, isObjectType } from 'graphql';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { parentOfSample, sampleId } from '#ops/sandbox/data/facts.ts';
import { sandboxGraphKey } from '#ops/sandbox/data/graph-key.ts';
import { mustOnlyRead } from '#subgraphs/graph/read-only.ts';
import { person, refusal, told } from '#test/harness/mutations.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import type { UpstreamUnderTest } from '#test/harness/upstream.ts';
import { startUpstream } from '#test/harness/upstream.ts';

type Json = Record<string, unknown>;

const submissions = ({ calls }: SubgraphUnderTest): string[] =>
  calls.filter(({ method }) => method === 'POST').map(({ path }) => path);

const raw = `query ($statement: String!, $parameters: JSON, $limit: Int = 1000, $graph: String = "lab", $timeoutMs: Int = 30000) {
  it: cypherQuery(graph: $graph, statement: $statement, parameters: $parameters, limit: $limit, timeoutMs: $timeoutMs) {
    columns rows truncated executionTimeMs } }`;
const submit = `mutation ($statement: String!, $parameters: JSON, $limit: Int = 1000, $graph: String! = "lab", $key: String) {
  it: submitGraphQuery(graph: $graph, statement: $statement, parameters: $parameters, limit: $limit, idempotencyKey: $key) {
    id status statement graph submittedAt results(limit: 2, offset: 1) { columns rows truncated } } }`;
const keys = 'MATCH (s:Sample) RETURN s.key AS id ORDER BY id';

test("RC-18 a statement of the caller's own gives its rows", async () => {
  await using graph = await startSubgraph('graph');
  const statement = `MATCH (s:Sample {key: $id})-[e:DERIVED_FROM]->(t:Sample) // made from
    RETURN s.key AS made, t.key AS source, 'CREATE; SET' AS \`set\`, t`;
  const result = await told(graph, raw, { statement, parameters: { id: sampleId(1) } });
  expect(result).toMatchObject({
    columns: ['made', 'source', 'set', 't'],
    rows: [[sampleId(1), sampleId(parentOfSample(1) ?? 0), 'CREATE; SET', { frame: 'Sample' }]],
    truncated: false,
    executionTimeMs: expect.any(Number),
  });
});

test('rows beyond the limit are cut, and the answer says so', async () => {
  await using graph = await startSubgraph('graph');
  const cut = await told<{ rows: unknown[] }>(graph, raw, { statement: keys, limit: 3 });
  expect(cut).toMatchObject({ rows: [[sampleId(1)], [sampleId(2)], [sampleId(3)]], truncated: true });
  const whole = await told<{ rows: unknown[] }>(graph, raw, { statement: `${keys} LIMIT 3`, limit: 3 });
  expect(whole).toMatchObject({ rows: { length: 3 }, truncated: false });
});

test.for([
  [{ limit: 0 }, 'limit: must be a whole number from 1 to 10000.'],
  [{ limit: 10_001 }, 'limit: must be a whole number from 1 to 10000.'],
  [{ parameters: [1] }, 'parameters: must be a JSON object.'],
  [{ timeoutMs: 60_001 }, 'timeoutMs: must be a whole number from 1 to 60000.'],
  [{ statement: `RETURN '${'x'.repeat(10_000)}'` }, 'statement: has 10009 characters, and at most 10000 are allowed.'],
  [{ statement: 'CREATE (n)' }, 'statement: cannot start with CREATE, only with MATCH, OPTIONAL, UNWIND, WITH, RETURN.'],
  [
    { statement: 'MATCH (n) SET n.a = 1' },
    'statement: only reads, so SET is not allowed here; a name that is spelled so goes in backticks.',
  ],
] as const)('RC-14 RC-18 %j is refused before any call', async ([changes, message]) => {
  await using graph = await startSubgraph('graph');
  expect(await refusal(graph, raw, { statement: keys, ...changes })).toMatchObject({
    message,
    extensions: { code: 'BAD_USER_INPUT' },
  });
  if (!('timeoutMs' in changes)) {
    const { timeoutMs: _, ...others } = { timeoutMs: 0, ...changes };
    expect(await refusal(graph, submit, { statement: keys, ...others })).toMatchObject({ message });
  }
  expect(graph.calls).toEqual([]);
});

test.for([
  ['MATCH (s:Nothing) RETURN s', {}],
  ['MATCH (s:Sample RETURN s', {}],
] as const)("%s makes no sense to the service, which is the caller's fault", async ([statement, parameters]) => {
  await using graph = await startSubgraph('graph');
  for (const text of [raw, submit]) {
    expect(await refusal(graph, text, { statement, parameters })).toMatchObject({
      message: 'statement: the graph service cannot make sense of it, or of its parameters.',
      extensions: { code: 'BAD_USER_INPUT', field: 'statement' },
    });
  }
});

test.for(['nothing', '../x', 'lab/query', ''])('graph %j is not there, and no statement is sent', async (name) => {
  await using graph = await startSubgraph('graph');
  for (const text of [raw, submit])
    expect(await refusal(graph, text, { statement: keys, graph: name })).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
  expect(submissions(graph)).toEqual([]);
});

test('RC-14 a submitted statement is found again, with its rows', async () => {
  await using graph = await startSubgraph('graph');
  const job = await told(graph, submit, { statement: keys });
  expect(job).toMatchObject({
    status: 'COMPLETED',
    statement: keys,
    graph: 'lab',
    results: { columns: ['id'], rows: [[sampleId(2)], [sampleId(3)]], truncated: true },
  });
  const headers = { authorization: `Bearer ${sandboxGraphKey}` };
  const kept = await fetch(`${graph.upstream}/api/v1/public/query/${job['id']}/results?limit=1`, { headers });
  expect(await kept.json()).toMatchObject({ status: 'completed', rows: [[sampleId(1)]] });

  const byId = await told(
    graph,
    `{ it: graphQueryJob(id: "${job['id']}") { id status progress startedAt endedAt processingTimeMs } }`,
  );
  expect(byId).toMatchObject({ id: job['id'], status: 'COMPLETED', progress: 1, endedAt: expect.any(String) });
  const list =
    '{ it: graphQueryJobs(graph: "lab", status: COMPLETED, perPage: 1) { nodes { id statement graph } totalCount hasNextPage } }';
  expect(await told(graph, list)).toEqual({
    nodes: [{ id: job['id'], statement: keys, graph: 'lab' }],
    totalCount: 1,
    hasNextPage: false,
  });
  expect(await told(graph, '{ it: graphQueryJobs(status: CANCELLED) { nodes { id } totalCount } }')).toEqual({
    nodes: [],
    totalCount: 0,
  });
});

test('RC-17 1,500 rows are read page by page, each once and in order', async () => {
  await using graph = await startSubgraph('graph');
  const numbers = Array.from({ length: 1_500 }, (_, number) => number + 1);
  const { id } = await told(graph, submit, { statement: 'UNWIND range(1, 1500) AS n RETURN n', limit: 10_000 });
  const read: unknown[] = [];
  for (let offset = 0; offset < 1_500; offset += 400) {
    const page = `{ it: graphQueryJob(id: "${id}") { results(limit: 400, offset: ${offset}) { rows } } }`;
    const { results } = await told<{ results: { rows: unknown[][] } }>(graph, page);
    read.push(...results.rows.flat());
  }
  expect(read).toEqual(numbers);
});

test('RC-11 submitting, watching, listing and reading batches is one API with one type for them', () => {
  const schema = buildSchema(readFileSync('schema/api.graphql', 'utf8'));
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) => Object.values(type?.getFields() ?? {}));
  const page = schema.getType('GraphQueryJobPage');
  const given = (name: string): string => String(fields.find((field) => field.name === name)?.type);
  expect(['submitGraphQuery', 'graphQueryJob', 'graphQueryJobs'].map(given)).toEqual([
    'GraphQueryJob',
    'GraphQueryJob',
    'GraphQueryJobPage',
  ]);
  expect(String(isObjectType(page) && page.getFields()['nodes']?.type)).toBe('[GraphQueryJob!]!');
  const job = schema.getType('GraphQueryJob');
  expect(isObjectType(job) && Object.keys(job.getFields())).toEqual(expect.arrayContaining(['status', 'progress', 'results']));
  expect(Object.keys(schema.getTypeMap()).filter((name) => /Batch|QueryJob/.test(name))).toEqual([
    'GraphQueryJob',
    'GraphQueryJobPage',
    // What became of each sample of a list, which nobody looks up again.
    'SampleBatchResult',
  ]);
});

const ofJob = 'id status progress submittedAt startedAt endedAt processingTimeMs';
const timesOf = (job: Json) => ({ ...job, progress: undefined, submittedAt: undefined });

test.for([
  ['queued', { status: 'QUEUED', progress: 0 }],
  ['scheduled', { status: 'QUEUED', progress: 0 }],
  ['running', { status: 'RUNNING', progress: 0.4 }],
  ['completed', { status: 'COMPLETED', progress: 1 }],
  ['failed', { status: 'FAILED', progress: 0.4 }],
  ['canceled', { status: 'CANCELLED', progress: 0.4 }],
] as const)('RC-12 RC-15 a job that the service calls %s is so in the list and by its id', async ([status, told_]) => {
  const times = { start_time: 1_000, end_time: 1_060.5, processing_time_ms: 60_500 };
  const state = { job_id: 7, status, progress: told_.progress, submitted_at: 990, ...times };
  await using upstream = await service(failure, { '/api/v1/public/query/7/status': state, ...historyOf([state]) });
  await using graph = await startSubgraph('graph', { url: upstream.url });
  const byId = await told(graph, `{ it: graphQueryJob(id: "7") { ${ofJob} } }`);
  const { nodes } = await told<{ nodes: Json[] }>(graph, `{ it: graphQueryJobs { nodes { ${ofJob} } } }`);
  expect(nodes).toEqual([byId]);
  expect(byId).toMatchObject({ ...told_, startedAt: '1970-01-01T00:16:40.000Z', endedAt: '1970-01-01T00:17:40.500Z' });
});

test('RC-12 RC-15 what was submitted reads the same in its answer, by its id and in every list, and the states add up', async () => {
  await using graph = await startSubgraph('graph');
  const submitted = await told(graph, submit, { statement: keys });
  for (let number = 2; number <= 4; number++) await told(graph, submit, { statement: keys });
  const byId = await told(graph, `{ it: graphQueryJob(id: "${submitted['id']}") { ${ofJob} } }`);
  const { nodes } = await told<{ nodes: Json[] }>(graph, `{ it: graphQueryJobs { nodes { ${ofJob} } } }`);
  const listed = nodes.find(({ id }) => id === submitted['id']) ?? {};
  expect(timesOf(listed)).toEqual(timesOf(byId));
  expect([byId['status'], submitted['id']]).toEqual([submitted['status'], byId['id']]);
  const count = (filter: string) => told<{ totalCount: number }>(graph, `{ it: graphQueryJobs${filter} { totalCount } }`);
  const states = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'];
  const counts = await Promise.all(states.map(async (state) => (await count(`(status: ${state})`)).totalCount));
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe((await count('')).totalCount);
});

test('RC-16 walking the pages to their end meets every job, also while one is submitted', async () => {
  await using graph = await startSubgraph('graph');
  const known: unknown[] = [];
  for (let number = 0; number < 7; number++) known.push((await told(graph, submit, { statement: keys }))['id']);
  const met: unknown[] = [];
  for (let page = 1, hasNextPage = true; hasNextPage; page++) {
    const list = `{ it: graphQueryJobs(page: ${page}, perPage: 2) { nodes { id } hasNextPage } }`;
    const answer = await told<{ nodes: { id: string }[]; hasNextPage: boolean }>(graph, list);
    met.push(...answer.nodes.map(({ id }) => id));
    hasNextPage = answer.hasNextPage;
    if (page === 2) await told(graph, submit, { statement: keys });
  }
  // Newest first and by number of page, as the service has them: the new one moves one over a border, so that it is met twice.
  expect(met.filter((id, index) => met.indexOf(id) === index).toReversed()).toEqual(known);
  expect(met).toHaveLength(known.length + 1);
});

test('a job that is not there is null, and what cannot be one costs no call', async () => {
  await using graph = await startSubgraph('graph');
  const none = '{ a: graphQueryJob(id: "../jobs") { id } b: graphQueryJob(id: "x") { id } c: graphQueryJob(id: "") { id } }';
  expect(await graph.askLocally(none, {}, person)).toEqual({ data: { a: null, b: null, c: null } });
  expect(graph.calls).toEqual([]);
  expect(await told(graph, '{ it: graphQueryJob(id: "999") { id } }')).toBeNull();
});

test.for([
  ['page: 0', 'page: must be a whole number from 1 to 1000000.'],
  ['perPage: 201', 'perPage: must be a whole number from 1 to 200.'],
] as const)('jobs with %s are refused before any call', async ([given, message]) => {
  await using graph = await startSubgraph('graph');
  const error = await refusal(graph, `{ it: graphQueryJobs(${given}) { totalCount } }`);
  expect(error).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
  expect(graph.calls).toEqual([]);
});

test('RC-14 the same key and statement are submitted once', async () => {
  await using graph = await startSubgraph('graph');
  const variables = { statement: keys, key: 'submit-0001' };
  const [first, second] = await Promise.all([told(graph, submit, variables), told(graph, submit, variables)]);
  expect(second).toEqual(first);
  expect(submissions(graph)).toEqual(['/api/v1/public/graphs/lab/query']);
  expect(await refusal(graph, submit, { ...variables, limit: 7 })).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
});

test('strangers run nothing and see no jobs', async () => {
  await using graph = await startSubgraph('graph');
  const query =
    '{ a: cypherQuery(graph: "lab", statement: "RETURN 1") { rows } b: graphQueryJob(id: "1") { id } c: graphQueryJobs { totalCount } }';
  const asked = await graph.ask(query, {}, { caller: stranger });
  expect(asked.data).toEqual({ a: null, b: null, c: null });
  const written = await graph.ask(
    'mutation { submitGraphQuery(graph: "lab", statement: "RETURN 1") { id } }',
    {},
    { caller: stranger },
  );
  const codes = [...(asked.errors ?? []), ...(written.errors ?? [])].map(({ extensions }) => extensions?.['code']);
  expect(codes).toEqual(Array(4).fill('UNAUTHENTICATED'));
  expect(graph.calls).toEqual([]);
});

const job = (changes: Json = {}): Json => ({ job_id: 7, status: 'completed', query: keys, graph_name: 'lab', ...changes });

/** Answers a submit as the test says, and every other question with what belongs to it. */
const service = (submitted: { readonly status: number; readonly body: object }, others: Json = {}): Promise<UpstreamUnderTest> =>
  startUpstream(({ method, url = '' }, response) => {
    const answers: Json = { '/api/v1/public/graphs/lab/schema': { graph: 'lab', nodes: [], edges: [] }, ...others };
    const { status, body } = method === 'POST' ? submitted : { status: 200, body: answers[url.split('?')[0] ?? ''] };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  });

const failure = { status: 500, body: { error: { code: 'XGT_OPERATION_ERROR', message: 'node-17 at 10.0.0.7' } } };
const historyOf = (jobs: readonly Json[]): Json => ({
  '/api/v1/public/query/jobs': { jobs, total_count: jobs.length, has_more: false },
});

test.for([
  ['COMMITTED', () => historyOf([job({ submitted_at: Date.now() / 1_000 })])],
  ['COMMITTED', () => historyOf([job({ submitted_at: new Date().toISOString(), status: 'scheduled' })])],
  ['UNKNOWN', () => historyOf([job({ submitted_at: 1 })])],
  ['UNKNOWN', () => historyOf([job({ submitted_at: Date.now() / 1_000, query: 'RETURN 1' })])],
  ['UNKNOWN', () => ({})],
] as const)('a submit that failed tells that its outcome is %s, and is not repeated', async ([outcome, history]) => {
  await using upstream = await service(failure, history());
  await using graph = await startSubgraph('graph', { url: upstream.url });
  const error = await refusal(graph, submit, { statement: keys });
  expect(error).toMatchObject({ extensions: { code: 'UPSTREAM_UNAVAILABLE', outcome, retryable: false } });
  expect(JSON.stringify(error)).not.toContain('10.0.0.7');
  expect(upstream.seen.filter((seen) => seen.startsWith('POST'))).toHaveLength(1);
});

test('a service that heeds no limit and names no columns is put up with', async () => {
  const data = [1, 2, 3].map((n) => [n, 'x']);
  await using upstream = await service({ status: 200, body: job({ data }) });
  await using graph = await startSubgraph('graph', { url: upstream.url });
  expect(await told(graph, raw, { statement: keys, limit: 2 })).toEqual({
    columns: ['col_0', 'col_1'],
    rows: [
      [1, 'x'],
      [2, 'x'],
    ],
    truncated: true,
    executionTimeMs: null,
  });
});

test('rows that come later are waited for', async () => {
  const later = {
    '/api/v1/public/query/7/status': { job_id: 7, status: 'completed', processing_time_ms: 12 },
    '/api/v1/public/query/7/results': { columns: ['one'], rows: [[1]], result_metadata: { has_more_results: false } },
  };
  await using upstream = await service({ status: 200, body: job({ status: 'running' }) }, later);
  await using graph = await startSubgraph('graph', { url: upstream.url });
  const result = await told(graph, raw, { statement: keys });
  expect(result).toEqual({ columns: ['one'], rows: [[1]], truncated: false, executionTimeMs: 12 });
});

test.for([
  ['CA-12', 'running', 30],
  ['CA-12', 'queued', 30],
  ['CA-13', 'completed', undefined],
  ['CA-13', 'failed', undefined],
] as const)(
  '%s: a job that is %s holds for %s seconds, where undefined leaves it to the hour of the schema',
  async ([, status, seconds]) => {
    await using upstream = await service(failure, { '/api/v1/public/query/7/status': { job_id: 7, status } });
    await using graph = await startSubgraph('graph', { url: upstream.url });
    const freshness = await graph.freshnessOf('{ graphQueryJob(id: "7") { status } }');
    expect(freshness && Math.ceil(freshness.maxAgeSeconds)).toBe(seconds);
  },
);

test('CA-12: a job that nobody knows yet is not kept from showing for an hour', async () => {
  await using graph = await startSubgraph('graph');
  expect(Math.ceil((await graph.freshnessOf('{ graphQueryJob(id: "999") { id } }'))?.maxAgeSeconds ?? 0)).toBe(30);
});

test('a statement that takes longer than the caller waits is given up', async () => {
  const running = { '/api/v1/public/query/7/status': { job_id: 7, status: 'running' } };
  await using upstream = await service({ status: 200, body: job({ status: 'running' }) }, running);
  await using graph = await startSubgraph('graph', { url: upstream.url });
  expect(await refusal(graph, raw, { statement: keys, timeoutMs: 60 })).toMatchObject({
    extensions: { code: 'UPSTREAM_TIMEOUT', service: 'graph' },
  });
});

test.for([
  'MATCH (n) RETURN n',
  'match (n:Sample {id: $id}) where n.set = 1 and n.create is not null return n.delete;',
  'MATCH (n) RETURN n ; // that was all',
  'OPTIONAL MATCH (a)-[e:X|Y*1..3]->(b)--(c) WHERE a.x STARTS WITH "b" OR NOT b.y ENDS WITH $set RETURN *',
  'UNWIND [1, 2.5e3, 0x1F] AS x WITH DISTINCT x ORDER BY x DESC SKIP 1 LIMIT 2 RETURN x UNION ALL RETURN 1 AS x',
  "RETURN 'CREATE (n)', \"it's; DELETE\", 'it\\'s // SET', `create`, `a`` SET`, $merge",
  "RETURN 'C:\\\\CREATE', '\\\\' AS x",
  'MATCH (n) /* CREATE (m); */ RETURN n // DROP TABLE',
  'MATCH (n)\r\nRETURN n',
  'RETURN CASE WHEN true THEN 1 ELSE 2 END AS x',
  'MATCH p = shortestPath((a)-[*..5]-(b)) RETURN length(p), [x IN nodes(p) WHERE x.a = 1 | x.b], count(*)',
  'MATCH (n) WHERE EXISTS { MATCH (n)-->(m) WHERE m.a CONTAINS "x" } RETURN n{.a, b: 1}, a.b.c * 2, n["set"]',
  'RETURN "größe", \'naïve\', n.größe',
])('%s only reads', (statement) => {
  expect(() => mustOnlyRead(statement)).not.toThrow();
});

const only = (clause: string) => `statement: only reads, so ${clause} is not allowed here;`;

test.for([
  ['MATCH (n) RETURN n INTO t', only('INTO')],
  ['MATCH (n) CrEaTe (m)', only('CREATE')],
  ['MATCH (n) MERGE (m)', only('MERGE')],
  ['MATCH (n)\nset\nn.a = 1', only('SET')],
  ['MATCH (n) DETACH DELETE n', only('DETACH')],
  ['MATCH (n)DELETE n', only('DELETE')],
  ['MATCH (n) REMOVE n.a', only('REMOVE')],
  ['WITH 1 AS x DROP TABLE t', only('DROP')],
  ['WITH 1 AS x ALTER TABLE t', only('ALTER')],
  ['WITH 1 AS x COPY t FROM "f"', only('COPY')],
  ['WITH 1 AS x LOAD CSV FROM "f" AS row RETURN row', only('LOAD')],
  ['MATCH (n) FOREACH (x IN [1] | SET n.a = x)', only('FOREACH')],
  ['MATCH (n) CALL show_tables() RETURN n', only('CALL')],
  ['MATCH (n) WHERE EXISTS { CREATE (m) } RETURN n', only('CREATE')],
  ['MATCH (n) RETURN * INSERT (m)', only('INSERT')],
  ['MATCH (n) RETURN * EXPORT (m)', only('EXPORT')],
  ['RETURN 1 USE other', only('USE')],
  ['RETURN n.a DESC GRANT x', only('GRANT')],
  ['MATCH (n) USING INDEX n:X(a) RETURN n', only('USING')],
  ['RETURN 1CREATE (n)', only('CREATE')],
  ['RETURN 1.CREATE (n)', only('CREATE')],
  ['RETURN 1. CREATE (n)', only('CREATE')],
  ['RETURN [1..SET]', only('SET')],
  ['RETURN $ CREATE (n)', only('CREATE')],
  ['MATCH (n) /* x */CREATE (m)', only('CREATE')],
  ['MATCH (n) // x\nCREATE (m)', only('CREATE')],
  ["RETURN 'a' /* ' */ CREATE (m) //'", only('CREATE')],
  ["RETURN 'a\\\\' CREATE (m) //'", only('CREATE')],
  ['RETURN `a` CREATE (m) //`', only('CREATE')],
  ['RETURN "a" CREATE (m)', only('CREATE')],
  ['MATCH (n) \\u0043REATE (m)', only('CREATE')],
  ['MATCH (n) \\u0043\\u0052eat\\u0045 (m)', only('CREATE')],
  ['MATCH (n) \\uuu0043REATE (m)', only('CREATE')],
  ['MATCH (n) \\u005cu0043REATE (m)', only('CREATE')],
  ["RETURN '\\u0027 CREATE (m) //'", only('CREATE')],
  ['RETURN `\\u0060 CREATE (m) //`', only('CREATE')],
  ['MATCH (n) // \\u000aCREATE (m)', only('CREATE')],
  ['MATCH (n) /* \\u002a\\u002f CREATE (m) */', 'statement: '],
  ['MATCH (n) ſET n.a = 1', only('SET')],
  ['MATCH (n) ＳＥＴ n.a = 1', only('SET')],
  ['MATCH (n) ıNTO t', only('INTO')],
  ['EXPLAIN MATCH (n) RETURN n', 'statement: cannot start with EXPLAIN'],
  ['CRE/**/ATE (n)', 'statement: must not hold a comment in a word.'],
  ['MATCH (n) CRE/* x */ATE (m)', 'statement: must not hold a comment in a word.'],
  ["RETURN /* /* */ ' */ 1 INTO t // '", 'statement: must not hold a comment in a comment.'],
  ['MATCH (n) RETURN n; MATCH (m) RETURN m', 'statement: must be one statement'],
  ['MATCH (n) RETURN n;;', 'statement: must be one statement'],
  ['MATCH (n) RETURN n; /* x */ CREATE (m)', 'statement: must be one statement'],
  ["RETURN 'abc", 'statement: holds a string or a quoted name that does not end.'],
  ['RETURN "abc\\"', 'statement: holds a string or a quoted name that does not end.'],
  ['RETURN `abc', 'statement: holds a string or a quoted name that does not end.'],
  ['RETURN 1 /* abc', 'statement: holds a comment that does not end.'],
  ['RETURN `a\\` ` CREATE (n) //`', 'statement: must not hold a backslash in a quoted name.'],
  ['RETURN 1 \\ 2', 'statement: must not hold a backslash outside of strings.'],
  ['RETURN 1 // x\r CREATE (n)', 'statement: must not hold the character U+000D'],
  ['RETURN 1 // x\u2028 CREATE (n)', 'statement: must not hold the character U+2028'],
  ['MATCH (n) CRE\u200bATE (m)', 'statement: must not hold the character U+200B'],
  ['RETURN 1 \u0000', 'statement: must not hold the character U+0000'],
  ['', 'statement: is empty.'],
  [' // nothing', 'statement: is empty.'],
  [';', 'statement: is empty.'],
  ["'MATCH'", "statement: cannot start with 'MATCH'"],
] as const)('%j is refused', ([statement, message]) => {
  expect(() => mustOnlyRead(statement)).toThrow(message);
});

test('a long statement of odd signs is judged at once', () => {
  for (const part of ['/*', "'", '\\u005c', '`a`', '((', '\\', '\\\\u0027', '.a', '"\\']) {
    const start = performance.now();
    expect(() => mustOnlyRead(part.repeat(10_000 / part.length))).toThrow('statement: ');
    expect(performance.now() - start).toBeLessThan(1_000);
  }
});

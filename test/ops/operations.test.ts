import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { logIn } from '#test/bench/targets.ts';
import { seriesValue } from '#test/harness/metrics-text.ts';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';

const [, helix] = developmentOrganizations;
const token = 'canary-of-the-operators';
const metricsToken = 'canary-of-the-metrics';

/** What may stand in no line and no answer. */
const canaries = [
  helix.key,
  token,
  metricsToken,
  'canary-in-a-cookie',
  'canary-in-a-variable',
  'canary-in-a-text',
  'canary-in-a-header',
  'canary.in.ajwt',
];

let gateway: ProcessUnderTest;
let folder = '';
let publicUrl = '';
let adminUrl = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-operations-'));
  gateway = runProgram('gateway/main.ts', [], {
    GATEWAY_PORT: '0',
    ADMIN_TOKEN: token,
    METRICS_TOKEN: metricsToken,
    SLOW_OPERATION_MS: '60000',
    ABUSE_REQUESTS: '0',
    DATA_DIR: folder,
  });
  const banner = await gateway.printed("EnterprisePlanDevKey001'");
  publicUrl = /http:\S+(?=\/graphql)/.exec(banner)?.[0] ?? '';
  adminUrl = /http:\S+(?=\/metrics)/.exec(banner)?.[0] ?? '';
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const read = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers });
  const text = await response.text();
  return { status: response.status, text, type: response.headers.get('content-type') };
};

const administer = async (method: string, path: string, body?: unknown, bearer = token) => {
  const response = await fetch(adminUrl + path, {
    method,
    headers: { authorization: `Bearer ${bearer}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
};

const ask = async (body: object, headers: Record<string, string> = { 'x-api-key': helix.key }) => {
  const response = await fetch(`${publicUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
};

const metrics = async (): Promise<string> => (await read(`${adminUrl}/metrics`)).text;

test('OB-01 OB-02 an operation over two subgraphs adds one request for each of them and one for the gateway', async () => {
  const count = (text: string, service: string): number =>
    seriesValue(text, `api_gateway_requests_total{service="${service}",endpoint="other",status="200"}`) ?? 0;
  const services = ['gateway', 'samples', 'templates', 'graph'];
  const before = await metrics();
  const { body } = await ask({ query: 'query Two { samples(first: 1) { nodes { name template { name } } } }' });
  expect(body.errors).toBeUndefined();
  const after = await metrics();
  expect(services.map((service) => count(after, service) - count(before, service))).toEqual([1, 1, 1, 0]);
  for (const part of ['_sum', '_count'])
    expect(
      seriesValue(after, `api_gateway_request_duration_seconds${part}{service="templates",endpoint="other"}`),
    ).toBeGreaterThan(0);
  expect(
    seriesValue(after, 'api_gateway_request_duration_seconds_bucket{le="10",service="gateway",endpoint="other"}'),
  ).toBeGreaterThan(0);
  expect(seriesValue(after, 'http_requests_total{method="POST",status="200"}')).toBeGreaterThan(0);
});

test('OB-13 OB-15 OB-16 a statement of the graph service is counted with its organization, and none runs afterwards', async () => {
  await ask({ query: 'query Lineage { sample(id: "5a000000-0000-4000-8000-000000000002") { lineage { __typename } } }' });
  await ask({ query: '{ cypherQuery(graph: "lab", statement: "MATCH (s:Sample) RETURN s.sample_id LIMIT 1") { rows } }' });
  const text = await metrics();
  expect(text).toMatch(
    /rocketgraph_requests_total\{method="\w+",endpoint="\/graphs[^"]*",status_code="\d+",organization_id="helix-labs"\} \d/,
  );
  expect(text).toMatch(/rocketgraph_query_execution_seconds_count\{dataset_id="\w+",query_type="(built|written)"\} [1-9]/);
  expect(seriesValue(text, 'rocketgraph_active_queries')).toBe(0);
});

test('what operations cost, what was decided over their budget, and what clients were refused is counted', async () => {
  await ask({ query: '{ samples(first: 100) { nodes { name } } }' });
  await ask({ query: '{ nothingOfThis }' });
  const text = await metrics();
  expect(seriesValue(text, 'gateway_cost_points_count{kind="estimated"}')).toBeGreaterThan(0);
  expect(seriesValue(text, 'gateway_cost_points_sum{kind="actual"}')).toBeGreaterThan(0);
  expect(seriesValue(text, 'gateway_rate_limit_decisions_total{decision="admitted",plan="enterprise"}')).toBeGreaterThan(0);
  expect(seriesValue(text, 'gateway_rate_limit_degraded')).toBe(0);
  expect(seriesValue(text, 'api_gateway_active_connections')).toBeGreaterThan(0);
});

test('G1 two hundred operation names of one client add no series', async () => {
  const series = (text: string): number => text.match(/^api_gateway_requests_total/gm)?.length ?? 0;
  const before = series(await metrics());
  for (let number = 0; number < 200; number++) await ask({ query: `query Name${number} { __typename }` });
  const after = await metrics();
  expect(series(after) - before).toBeLessThanOrEqual(2);
  expect(after).not.toContain('Name17');
});

test('G2 metrics on the public listener are for its own network and for the token, and else not there', async () => {
  const at = async (headers: Record<string, string>) => (await read(`${publicUrl}/metrics`, headers)).status;
  expect(await at({})).toBe(200);
  expect(await at({ 'x-forwarded-for': '203.0.113.9' })).toBe(404);
  expect(await at({ 'x-forwarded-for': '203.0.113.9', authorization: `Bearer ${metricsToken}` })).toBe(200);
  expect(await at({ 'x-forwarded-for': '203.0.113.9', authorization: `Bearer ${metricsToken}x` })).toBe(404);
  expect(await at({ forwarded: 'for=203.0.113.9' })).toBe(404);
});

test('AU-12 G2 what operators may do is on their own listener alone, and only with the token', async () => {
  for (const path of ['/admin/status', '/admin/config', '/api/v3/monitoring/dashboard', '/debug']) {
    expect((await read(publicUrl + path, { authorization: `Bearer ${token}` })).status).toBe(404);
    expect((await read(adminUrl + path)).status).toBe(path === '/debug' ? 404 : 401);
  }
  expect((await administer('GET', '/admin/status', undefined, `${token}x`)).status).toBe(401);
  expect((await administer('GET', '/admin/status', undefined, metricsToken)).body.errors[0].extensions.code).toBe(
    'UNAUTHENTICATED',
  );
});

test('metrics are JSON for who asks for it', async () => {
  const { text, type } = await read(`${publicUrl}/metrics`, { accept: 'application/json' });
  expect(type).toContain('application/json');
  expect(JSON.parse(text)).toMatchObject({
    gateway: { version: expect.any(String), uptime: expect.any(Number), environment: 'development' },
    services: { samples: { circuit_breaker_state: 'closed' } },
    circuit_breakers: { samples: { state: 'closed' } },
  });
});

test('HE-01 HE-08 health is the same at its places on both listeners, without a credential', async () => {
  await expect.poll(async () => JSON.parse((await read(`${publicUrl}/health`)).text).status, { timeout: 5_000 }).toBe('healthy');
  for (const place of [`${publicUrl}/health`, `${publicUrl}/api/v1/public/health`, `${adminUrl}/health`]) {
    const { status, text } = await read(place);
    expect([status, Object.keys(JSON.parse(text).services)]).toEqual([200, expect.arrayContaining(['samples', 'database'])]);
  }
  for (const place of ['/ready', '/live', '/api/v1/public/ready', '/api/v1/public/live', '/health/detailed'])
    expect((await read(publicUrl + place)).status).toBe(200);
});

test('AD-07 AD-12 status and settings are told, secrets only as set or not', async () => {
  const { body: status } = await administer('GET', '/admin/status');
  expect(status).toMatchObject({
    status: expect.any(String),
    ready: true,
    draining: false,
    version: expect.any(String),
    uptime_seconds: expect.any(Number),
    requests_total: expect.any(Number),
    memory_usage_mb: expect.any(Number),
    circuit_breaker_stats: { samples: { state: 'closed' } },
    log_level: 'info',
  });
  const { body: config } = await administer('GET', '/admin/config');
  expect(config).toMatchObject({
    ADMIN_TOKEN: { source: 'set' },
    SUBGRAPH_SECRET: { source: 'default' },
    MONGODB_URI: { source: 'unset' },
    MAX_CONNECTIONS: { source: 'default', value: 2000 },
    LOG_LEVEL: { source: 'default', value: 'info' },
  });
  expect(config['SUBGRAPH_SECRET'].value).toBeUndefined();
  expect(JSON.stringify(config)).not.toContain('canary');
});

test('OB-39 RL-20 CA-16 the views of the batch service', async () => {
  const { body: view } = await administer('GET', '/api/v3/monitoring/dashboard');
  const number = expect.any(Number);
  expect(view).toEqual({
    system_health: { cpu_percent: number, memory_percent: number, disk_percent: number, uptime_seconds: number },
    batch_health: {
      total_batches: number,
      active_batches: number,
      completed_batches: number,
      failed_batches: number,
      average_error_rate: number,
      average_processing_ms: number,
      batches_per_second: number,
      healthy: expect.any(Boolean),
    },
    cache_stats: { hit_rate_percentage: number, cache_errors: number, connected_to_redis: false },
    performance: { avg_response_time_ms: number, p95_response_time_ms: number, requests_per_second: number },
  });
  expect(view.performance.p95_response_time_ms).toBeGreaterThan(0);
  expect((await administer('GET', '/api/v3/cache/stats')).body).toEqual(view.cache_stats);
  const before = (await administer('GET', '/api/v3/rate-limit/status?user_id=helix-labs')).body;
  expect(before).toMatchObject({ user_tier: 'enterprise', tokens_capacity: 20_000, refill_rate: 1_000 });
  expect(before.endpoint_limits['Mutation.submitGraphQuery']).toEqual({ tokens_remaining: 10, capacity: 10 });
  await ask({ query: '{ __typename }' });
  const after = (await administer('GET', '/api/v3/rate-limit/status?user_id=helix-labs')).body;
  expect(after.requests_remaining).toBeLessThanOrEqual(before.requests_capacity - 1);
  expect((await administer('GET', '/api/v3/rate-limit/status')).status).toBe(400);
});

test('OB-40 OB-52 statements are told with their number, share of errors, time and rate, and the figures are live', async () => {
  const health = async () => (await administer('GET', '/api/v3/monitoring/dashboard')).body.batch_health;
  const credential = await logIn(`${publicUrl}/graphql`);
  const before = await health();
  const run = (statement: string) =>
    ask({ query: `{ cypherQuery(graph: "lab", statement: ${JSON.stringify(statement)}) { rows } }` }, credential);
  for (let n = 1; n <= 4; n++) expect((await run(`RETURN ${n} AS n`)).body.errors).toBeUndefined();
  expect((await run('MATCH (n:Nowhere) RETURN n')).body.errors).toHaveLength(1);
  const after = await health();
  const failed = before.failed_batches + 1;
  const total = before.total_batches + 5;
  expect(after).toMatchObject({
    total_batches: total,
    active_batches: 0,
    completed_batches: total - failed,
    failed_batches: failed,
  });
  expect(after.average_error_rate).toBeCloseTo(failed / total, 2);
  expect(after.healthy).toBe(failed / total < 0.1);
  expect(after.average_processing_ms).toBeGreaterThan(0);
  await expect.poll(async () => (await health()).batches_per_second, { timeout: 5_000 }).toBeGreaterThan(0);
});

test.each([
  { kind: 'type', type: 'Sample' },
  { kind: 'entity', type: 'Sample', key: { id: '5a000000-0000-4000-8000-000000000004' } },
  { kind: 'tag', tag: 'sample-5a000000-0000-4000-8000-000000000004' },
  { kind: 'subgraph', subgraph: 'samples' },
  { kind: 'organization', organization: 'helix-labs' },
])('AD-13 CA-16 what is kept is read anew after an operator wants it, by $kind', async (what) => {
  const read = async (): Promise<number | undefined> => {
    const { body } = await ask({ query: '{ sample(id: "5a000000-0000-4000-8000-000000000004") { name } }' });
    expect(body.errors).toBeUndefined();
    return seriesValue(await metrics(), 'gateway_cache_lookups_total{subgraph="samples",status="miss"}');
  };
  await read();
  const before = await read();
  expect(await read()).toBe(before);
  const { status, body } = await administer('POST', '/admin/cache/invalidate', what);
  expect({ status, body }).toEqual({ status: 200, body: { invalidated: what } });
  expect(await read()).toBe((before ?? 0) + 1);
  const { body: stats } = await administer('GET', '/admin/cache/stats');
  expect(stats).toEqual({ hit_rate_percentage: expect.any(Number), cache_errors: 0, connected_to_redis: false });
  expect(stats.hit_rate_percentage).toBeGreaterThan(0);
  expect(stats.hit_rate_percentage).toBeCloseTo(seriesValue(await metrics(), 'api_gateway_cache_hit_rate') ?? 0, 1);
});

test('AD-13 what cannot be invalidated is refused', async () => {
  for (const what of [{ kind: 'type' }, { kind: 'everything' }, { kind: 'type', type: 'Sample', more: 1 }])
    expect((await administer('POST', '/admin/cache/invalidate', what)).status).toBe(400);
  expect((await administer('POST', '/admin/cache/invalidate', { kind: 'type', type: 'Sample' }, 'wrong')).status).toBe(401);
});

test('an organization gets other limits until a moment, and its own back', async () => {
  const path = '/admin/rate-limits/acme-genomics';
  const until = new Date(Date.now() + 3_600_000).toISOString();
  expect((await administer('PUT', path, { capacity: 7, until })).body).toMatchObject({
    limits: { capacity: 7 },
    override: { capacity: 7, until },
  });
  const wide = await ask(
    { query: '{ samples(first: 20) { nodes { name } } }' },
    { 'x-api-key': developmentOrganizations[0].key },
  );
  expect(wide.body.errors[0].extensions).toMatchObject({ code: 'COST_LIMIT_EXCEEDED', cost: { max: 7 } });
  expect((await administer('PUT', path, { capacity: 'much' })).body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  expect((await administer('PUT', path, { unlimited: true })).status).toBe(400);
  expect((await administer('DELETE', path)).body.limits.capacity).toBe(2_000);
  expect((await administer('GET', '/admin/rate-limits/nobody')).status).toBe(404);
});

test('RL-21 AD-14 addresses are blocked, listed and let in again', async () => {
  expect((await administer('POST', '/admin/blocked-ips', { ip: '203.0.113.77', reason: 'guesses', seconds: 60 })).status).toBe(
    201,
  );
  const listed = (await administer('GET', '/api/v3/rate-limit/blocked-ips')).body;
  expect(listed).toEqual({
    count: 1,
    blocked_ips: [{ ip: '203.0.113.77', reason: 'guesses', until: expect.stringMatching(/Z$/) }],
  });
  expect((await administer('DELETE', '/admin/blocked-ips/203.0.113.77')).status).toBe(204);
  expect((await administer('DELETE', '/admin/blocked-ips/203.0.113.77')).status).toBe(404);
  expect((await administer('POST', '/admin/blocked-ips', { ip: 'everybody' })).status).toBe(400);
  expect((await administer('GET', '/admin/blocked-ips')).body.count).toBe(0);
});

test('AD-01 an operator takes the process out of the load balancer and back, and has it read its files again', async () => {
  expect((await administer('POST', '/admin/drain')).body).toEqual({ draining: true });
  expect((await fetch(`${adminUrl}/ready`)).status).toBe(503);
  expect((await administer('POST', '/admin/undrain')).body).toEqual({ draining: false });
  expect((await fetch(`${adminUrl}/ready`)).status).toBe(200);
  expect((await administer('POST', '/admin/reload')).body).toEqual({
    reloaded: true,
    parts: {
      supergraph: { ok: true },
      addresses: { ok: true },
      plans: { ok: true },
      services: { ok: true },
      settings: { ok: true },
    },
  });
});

test('a body that cannot be read is an error with a code', async () => {
  const answer = await fetch(`${adminUrl}/admin/log-level`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{',
  });
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST', requestId: expect.any(String) } }] });
  expect((await administer('PUT', '/admin/log-level', { level: 'loud' })).body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
});

test('G5 OB-41 OB-43 secrets and statements are in no line of the log, and every line is JSON', async () => {
  await administer('PUT', '/admin/log-level', { level: 'debug' });
  const headers = {
    cookie: 'session=canary-in-a-cookie',
    'user-agent': 'canary-in-a-header',
    'x-request-id': 'canary-in-a-header\u0007'.slice(0, 8),
  };
  const senders = [{ 'x-api-key': helix.key }, { authorization: 'Bearer canary.in.ajwt' }, {}];
  const bodies = [
    {
      query: 'query Secret($of: String) { samples(filter: { search: $of }) { totalCount } }',
      variables: { of: 'canary-in-a-variable' },
    },
    { query: '{ sample(barcode: "canary-in-a-text" }' },
    { query: '{ __typename }', operationName: 'canary-in-a-text' },
  ];
  const send = (number: number) => ask(bodies[number % 3] ?? {}, { ...headers, ...senders[(number >> 2) % 3] });
  for (let number = 0; number < 3_000; number += 20)
    await Promise.all(Array.from({ length: 20 }, (_, more) => send(number + more).catch(() => undefined)));
  gateway.kill('SIGTERM');
  const { code, stderr } = await gateway.ended;
  expect(code).toBe(0);
  const lines = stderr.trim().split('\n');
  expect(lines.length).toBeGreaterThan(3_000);
  for (const canary of canaries) expect(lines.filter((line) => line.includes(canary))).toEqual([]);
  const parsed = lines.map((line) => JSON.parse(line));
  expect(parsed.filter(({ stream }) => stream === 'audit').map(({ deed }) => deed)).toEqual(
    expect.arrayContaining(['blocked-ips.add', 'blocked-ips.lift', 'cache.invalidate', 'log-level', 'rate-limits']),
  );
  expect(parsed.find(({ message, organization }) => message === 'request' && organization === 'helix-labs')).toBeDefined();
  // Those that the tests before have run: who asked, and how large each was.
  const statements = parsed.filter(({ message }) => message === 'statement');
  expect(statements.find(({ kind }) => kind === 'written')).toMatchObject({
    query_id: expect.stringMatching(/./),
    organization_id: 'lab',
    api_key_id: '',
    query_length: 'RETURN 1 AS n'.length,
    estimated_rows: 1_001,
  });
  expect(statements.find(({ kind }) => kind === 'built')).toMatchObject({
    organization_id: 'helix-labs',
    api_key_id: expect.stringMatching(/./),
    query_length: expect.any(Number),
    estimated_rows: 10_000,
  });
  expect(JSON.stringify(statements)).not.toMatch(/RETURN|MATCH/);
});

test('OB-09 OB-10 OB-11 metrics can be taken off the public listener, off altogether, and to another path', async () => {
  const start = async (env: Record<string, string>) => {
    const running = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', ...env });
    const banner = await running.printed("EnterprisePlanDevKey001'");
    const [, main = ''] = /(http:\S+)\/graphql/.exec(banner) ?? [];
    const [, admin = ''] = /Operators (http:\S+)\/health/.exec(banner) ?? [];
    return {
      ...running,
      statuses: async (...urls: string[]) => Promise.all(urls.map(async (url) => (await read(url)).status)),
      main,
      admin,
    };
  };
  await using apart = await start({ METRICS_ON_MAIN: 'false' });
  expect(await apart.statuses(`${apart.main}/metrics`, `${apart.admin}/metrics`, `${apart.admin}/admin/status`)).toEqual([
    404, 200, 404,
  ]);
  await using without = await start({ PROMETHEUS_ENABLED: 'false', ADMIN_ENABLED: 'false', HEALTH_PATH: '/status' });
  expect(without.admin).toBe('');
  expect(await without.statuses(`${without.main}/metrics`, `${without.main}/status`, `${without.main}/health`)).toEqual([
    404, 200, 404,
  ]);
});

test('G17 a log that nobody reads costs lines, which are counted, and neither requests nor the end', async () => {
  const child = spawn(process.execPath, ['gateway/main.ts'], {
    cwd: resolve(import.meta.dirname, '..', '..'),
    env: { PATH: process.env['PATH'], GATEWAY_PORT: '0', ADMIN_PORT: '0', LOG_BUFFER: '20000', LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.pause();
  let banner = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    banner += chunk;
    if (banner.includes("EnterprisePlanDevKey001'")) break;
  }
  const [, main = ''] = /(http:\S+)\/graphql/.exec(banner) ?? [];
  const dropped = async (): Promise<number> =>
    seriesValue((await read(`${main}/metrics`)).text, 'gateway_log_lines_dropped_total') ?? 0;
  expect(await dropped()).toBe(0);
  for (let turn = 0; turn < 200 && (await dropped()) === 0; turn++)
    await Promise.all(Array.from({ length: 20 }, () => read(`${main}/live`)));
  expect(await dropped()).toBeGreaterThan(0);
  expect((await read(`${main}/live`)).status).toBe(200);
  child.kill('SIGTERM');
  const [code] = await Promise.race([
    once(child, 'exit'),
    new Promise<[string]>((late) => setTimeout(() => late(['late']), 15_000)),
  ]);
  child.kill('SIGKILL');
  expect(code).toBe(0);
});

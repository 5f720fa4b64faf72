import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '#kit/clock.ts';
import { createMetrics } from '#ops/meters/create-metrics.ts';
import { declarations, metricTable, mostSeries } from '#ops/metrics.ts';
import { seriesOf, seriesValue } from '#test/harness/metrics-text.ts';

const madeUp = (number: number): string => `Name${(number * 2_654_435_761).toString(36)}`;

const answered = { method: 'POST', status: 200, seconds: 0.02, isOperation: true, codes: [] };

test('the README lists every metric as it is declared, and no other', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const section = readme.slice(readme.indexOf('### Metrics'));
  const rows = (text: string): readonly string[] =>
    text.split('\n').flatMap((line) => (/^\| `[a-z_]+` /.test(line) ? [line.replaceAll(/ +/g, ' ')] : []));
  expect(rows(section.slice(0, section.indexOf('\n#', 4)))).toEqual(rows(metricTable()));
});

test('G1 what is declared cannot become more than 2,000 series', async () => {
  using metrics = createMetrics({ clock: systemClock });
  const ofNode = seriesOf(await metrics.text()).filter((line) => /^(process|nodejs)_/.test(line)).length;
  const declared = Object.values(declarations).reduce((sum, declaration) => sum + mostSeries(declaration), 0);
  // Garbage collection and handles of Node get some more series with the time.
  expect(declared + ofNode + 40).toBeLessThanOrEqual(2_000);
});

test('G1 ten thousand made-up names, methods, organizations and plans add at most one series each', async () => {
  using metrics = createMetrics({ clock: systemClock });
  const lengths: number[] = [];
  for (let number = 0; number < 10_000; number++) {
    const name = madeUp(number);
    const operation = { name, isRegistered: false };
    metrics.requestEnded({ ...answered, method: name, operation, status: 200 + (number % 400), codes: [name] });
    metrics.subgraphCalled({ service: `service-${number % 300}`, operation, seconds: number / 1e4, codes: [name] });
    metrics.limitDecided('wait', name, { limit: name, keyId: name });
    metrics.breakerChanged(name, 'open');
    metrics.lookedUp({ subgraph: name, status: 'hit' });
    metrics.upstreamCalled({
      service: 'graph',
      method: 'GET',
      path: `/graphs/${name}`,
      organization: name,
      seconds: 1,
      status: 200,
    });
    metrics.queryStarted({ graph: name, kind: 'written' })(number % 2 === 0);
    if (number % 5_000 === 4_999) lengths.push(seriesOf(await metrics.text()).length);
  }
  const began = performance.now();
  const text = await metrics.text();
  process.stdout.write(
    `a scrape: ${(performance.now() - began).toFixed(1)} ms, ${text.length} bytes, ${seriesOf(text).length} series\n`,
  );
  expect(Math.max(...lengths)).toBeLessThanOrEqual(2_000);
  expect(text.length).toBeLessThan(1024 * 1024);
  expect(text).not.toContain(`endpoint="${madeUp(7)}"`);
});

test('OB-56 a thousand organizations share what is left once the series of a metric are used up, and nothing is lost', async () => {
  using metrics = createMetrics({ clock: systemClock });
  const call = { service: 'graph', method: 'GET', path: '/api/v1/public/graphs', seconds: 0.1, status: 200 };
  for (let number = 0; number < 1_000; number++) metrics.upstreamCalled({ ...call, organization: `lab-${number}` });
  const lines = seriesOf(await metrics.text()).filter((line) => line.startsWith('rocketgraph_requests_total'));
  expect(lines.length).toBeLessThanOrEqual(declarations.graphRequests.most);
  expect(lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(1_000);
  expect(lines.find((line) => line.includes('organization_id="other"'))).toBeDefined();
});

test('RC-24 a name that is registered, or that comes fifty times, stands in the metrics; others do not', async () => {
  using metrics = createMetrics({ clock: systemClock });
  metrics.requestEnded({ ...answered, operation: { name: 'Registered', isRegistered: true } });
  for (let time = 0; time < 60; time++) metrics.requestEnded({ ...answered, operation: { name: 'Often', isRegistered: false } });
  metrics.requestEnded({ ...answered, operation: { name: 'Once', isRegistered: false } });
  const text = await metrics.text();
  const count = (endpoint: string) =>
    seriesValue(text, `api_gateway_requests_total{service="gateway",endpoint="${endpoint}",status="200"}`);
  expect([count('Registered'), count('Often'), count('Once'), count('other')]).toEqual([1, 11, undefined, 50]);
});

test('CA-05 OB-04 the hit rate is the part of look-ups that the cache answered, in per cent', async () => {
  using metrics = createMetrics({ clock: systemClock });
  for (const status of ['hit', 'stale', 'negative', 'miss', 'bypass'] as const) metrics.lookedUp({ subgraph: 'samples', status });
  const text = await metrics.text();
  expect(seriesValue(text, 'api_gateway_cache_hit_rate')).toBe(75);
  expect(seriesValue(text, 'gateway_cache_lookups_total{subgraph="samples",status="bypass"}')).toBe(1);
});

test('OB-05 failed are requests with a status from 500 on, and those with an error of an upstream', async () => {
  using metrics = createMetrics({ clock: systemClock });
  metrics.requestEnded({ ...answered, status: 503, codes: ['OVERLOADED'] });
  metrics.requestEnded({ ...answered, codes: ['UPSTREAM_TIMEOUT', 'NOT_FOUND'] });
  metrics.requestEnded({ ...answered, status: 429, codes: ['RATE_LIMITED'] });
  metrics.requestEnded(answered);
  expect(seriesValue(await metrics.text(), 'api_gateway_requests_failed_total')).toBe(2);
});

test('OB-06 requests a second are those of the last ten whole seconds', async () => {
  let now = 1_000_000;
  using metrics = createMetrics({ clock: { now: () => now } });
  for (let number = 0; number < 200; number++) {
    metrics.requestEnded(answered);
    now += 50;
  }
  expect(seriesValue(await metrics.text(), 'api_gateway_requests_per_second')).toBe(20);
  now += 60_000;
  expect(seriesValue(await metrics.text(), 'api_gateway_requests_per_second')).toBe(0);
});

test('OB-07 each change of a circuit counts, and its state is a number', async () => {
  using metrics = createMetrics({ clock: systemClock });
  metrics.breakerKnown('storage');
  for (const state of ['open', 'half-open', 'open', 'half-open'] as const) metrics.breakerChanged('samples', state);
  const text = await metrics.text();
  expect(seriesValue(text, 'circuit_breaker_state_changes_total{service="samples",state="open"}')).toBe(2);
  expect(seriesValue(text, 'circuit_breaker_state{service="samples"}')).toBe(0.5);
  expect(seriesValue(text, 'circuit_breaker_state{service="storage"}')).toBe(0);
});

test('OB-08 memory of the process and the delay of its event loop are there', async () => {
  using metrics = createMetrics({ clock: systemClock });
  const text = await metrics.text();
  expect(seriesValue(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(seriesValue(text, 'gateway_event_loop_delay_seconds')).toBeGreaterThanOrEqual(0);
});

test('OB-13 OB-14 OB-17 calls to the graph service count by method, template of the path, status and organization', async () => {
  using metrics = createMetrics({ clock: systemClock });
  const call = { service: 'graph', method: 'GET', path: '/api/v1/public/query/17/status', organization: 'acme', seconds: 0.2 };
  metrics.upstreamCalled({ ...call, status: 200 });
  metrics.upstreamCalled({ ...call, code: 'UPSTREAM_TIMEOUT' });
  metrics.upstreamCalled({ ...call, service: 'samples', status: 200 });
  const text = await metrics.text();
  const labels = 'method="GET",endpoint="/query/{job}/status"';
  expect(seriesValue(text, `rocketgraph_requests_total{${labels},status_code="200",organization_id="acme"}`)).toBe(1);
  expect(seriesValue(text, `rocketgraph_requests_total{${labels},status_code="none",organization_id="acme"}`)).toBe(1);
  expect(seriesValue(text, `rocketgraph_request_duration_seconds_count{${labels}}`)).toBe(2);
  expect(seriesValue(text, 'rocketgraph_errors_total{error_type="UPSTREAM_TIMEOUT",endpoint="/query/{job}/status"}')).toBe(1);
});

test('OB-16 statements of the graph service count while they run', async () => {
  using metrics = createMetrics({ clock: systemClock });
  const [first, second] = [1, 2].map(() => metrics.queryStarted({ graph: 'lab', kind: 'built' }));
  expect(seriesValue(await metrics.text(), 'rocketgraph_active_queries')).toBe(2);
  first?.(true);
  second?.(false);
  const text = await metrics.text();
  expect(seriesValue(text, 'rocketgraph_active_queries')).toBe(0);
  expect(seriesValue(text, 'rocketgraph_query_execution_seconds_count{dataset_id="lab",query_type="built"}')).toBe(1);
});

const promtool = ((): boolean => {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Names that prom-client gives metrics of Node, against Prometheus' own rules. */
const known = /^nodejs_(active_(handles|requests|resources)_total|\w+_total) /;

test.skipIf(!promtool)('promtool (Debian package prometheus) finds nothing to say about our metrics', async () => {
  using metrics = createMetrics({ clock: systemClock });
  metrics.requestEnded({ ...answered, reserved: 5, spent: 3 });
  metrics.subgraphCalled({ service: 'samples', seconds: 0.1, codes: ['UPSTREAM_TIMEOUT'] });
  metrics.breakerChanged('samples', 'open');
  metrics.limitDecided('wait', 'default');
  metrics.lookedUp({ subgraph: 'samples', status: 'hit' });
  metrics.upstreamCalled({
    service: 'graph',
    method: 'GET',
    path: '/graphs',
    organization: 'lab',
    seconds: 1,
    code: 'NOT_FOUND',
  });
  metrics.queryStarted({ graph: 'lab', kind: 'built' })(true);
  metrics.planned(0.1);
  metrics.planLookedUp('hit');
  metrics.supergraphReloaded(true);
  metrics.linesDropped(1);
  metrics.reportLost();
  const text = await metrics.text();
  let said = '';
  try {
    execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: ['pipe', 'ignore', 'pipe'] });
  } catch (error) {
    said = String((error as { stderr: unknown }).stderr);
  }
  expect(said.split('\n').filter((line) => line !== '' && !known.test(line))).toEqual([]);
});

test('RL-22 one refusal adds one under its key and the kind of its limit', async () => {
  using metrics = createMetrics({ clock: systemClock });
  metrics.limitDecided('admitted', 'default');
  metrics.limitDecided('wait', 'default', { limit: 'requests', keyId: 'key-1' });
  metrics.limitDecided('wait', 'default', { limit: 'Mutation.submitGraphQuery', keyId: 'key-1' });
  metrics.limitDecided('never', 'default', { limit: 'day', keyId: '' });
  const hits = seriesOf(await metrics.text()).filter((line) => line.startsWith('rocketgraph_rate_limit_hits_total'));
  expect(hits.toSorted()).toEqual([
    'rocketgraph_rate_limit_hits_total{limit_type="operation",api_key_id="key-1"} 1',
    'rocketgraph_rate_limit_hits_total{limit_type="requests",api_key_id="key-1"} 1',
    'rocketgraph_rate_limit_hits_total{limit_type="window",api_key_id=""} 1',
  ]);
});

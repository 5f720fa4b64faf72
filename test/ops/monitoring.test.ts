import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { onPath } from '#test/harness/find-store.ts';
import { namesIn } from '#test/harness/metric-names.ts';
import { exportedNames } from './exported-metrics.ts';

type Rule = {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};
type RuleFile = { readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[] };
type AlertTest = { readonly alertname: string; readonly exp_alerts: readonly object[] };
type TestFile = { readonly tests: readonly { readonly alert_rule_test: readonly AlertTest[] }[] };
type Panel = { readonly title: string; readonly targets?: readonly { readonly expr: string }[] };
type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
};
type Job = { readonly job_name: string; readonly scrape_interval?: string; readonly static_configs?: [{ targets: string[] }] };
type Configuration = {
  readonly global: object;
  readonly rule_files: readonly string[];
  readonly alerting: object;
  readonly scrape_configs: readonly (Job & { readonly relabel_configs?: readonly object[] })[];
};

const folder = resolve(import.meta.dirname, '..', '..', 'ops', 'deploy', 'monitoring');
const text = (file: string): Promise<string> => readFile(join(folder, file), 'utf8');
const read = async <Content>(file: string): Promise<Content> => parse(await text(file)) as Content;

const rulesOf = async (file: string): Promise<readonly Rule[]> =>
  (await read<RuleFile>(file)).groups.flatMap(({ rules }) => rules);
const alerts = (await rulesOf('alert_rules.yml')).filter(({ alert }) => alert !== undefined);
const recorded = (await rulesOf('recording_rules.yml')).flatMap(({ record }) => record ?? []);
const dashboards = await Promise.all(
  (await readdir(join(folder, 'grafana', 'dashboards'))).map(async (file) => ({
    file,
    ...(JSON.parse(await text(join('grafana', 'dashboards', file))) as Dashboard),
  })),
);
const expressionsOf = (panels: readonly Panel[]): readonly string[] =>
  panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** What a scrape brings along besides the gateway's own, and what the optional exporters tell. */
const foreign = /^(up|scrape_samples_post_metric_relabeling|kube_\w+|node_(cpu|memory|filesystem)_\w+)$/;

const unknownIn = (expression: string): readonly string[] =>
  namesIn(expression).filter((name) => !exportedNames.has(name) && !recorded.includes(name) && !foreign.test(name));

describe.skipIf(onPath('promtool') === undefined && process.env['CI'] !== 'true')('promtool', () => {
  const promtool = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)('promtool', words, { cwd: folder });
    return stdout + stderr;
  };

  test('OB-18 reads the configuration of a scrape', async () => {
    expect(await promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS: 2 rule files found');
  });

  test('OB-19 reads the one for a cluster, but for the discovery, which Debian builds it without', async () => {
    const configuration = await text('prometheus-kubernetes.yml');
    const discovered = configuration.replace(
      'kubernetes_sd_configs:\n      - role: pod',
      "static_configs:\n      - targets: ['a:1']",
    );
    expect(discovered).not.toBe(configuration);
    const copy = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
    const absolute = discovered.replaceAll(/- (\w+_rules\.yml)/g, `- ${folder}/$1`);
    await writeFile(join(copy, 'prometheus.yml'), absolute);
    expect(await promtool('check', 'config', join(copy, 'prometheus.yml'))).toContain('SUCCESS: 2 rule files found');
    await rm(copy, { recursive: true });
  });

  test('finds nothing wrong with the rules', async () => {
    expect(await promtool('check', 'rules', 'recording_rules.yml', 'alert_rules.yml')).toContain(`${alerts.length} rules found`);
  });

  test('OB-21 OB-22 OB-23 OB-24 OB-25 OB-27 OB-28 OB-29 OB-30 OB-31 OB-32 OB-35 sees every alert fire and stay silent', async () => {
    expect(await promtool('test', 'rules', 'alert_tests.yml')).toContain('SUCCESS');
  });
});

test('OB-35 every alert has a test in which it fires with each of its severities, and one in which it is silent', async () => {
  const { tests } = await read<TestFile>('alert_tests.yml');
  const looked = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  const fired = JSON.stringify(
    looked.flatMap(({ alertname, exp_alerts }) => exp_alerts.map((alert) => ({ alertname, ...alert }))),
  );
  for (const { alert, labels } of alerts) {
    expect(fired).toMatch(new RegExp(`"alertname":"${alert}","exp_labels":{[^}]*"severity":"${labels?.['severity']}"`));
    expect(looked).toContainEqual({ alertname: alert, eval_time: expect.any(String), exp_alerts: [] });
  }
});

test('OB-26 every alert says how bad it is, what happened and where to read on', () => {
  for (const { labels, annotations } of alerts) {
    expect(labels?.['severity']).toMatch(/^(warning|critical)$/);
    expect(annotations).toEqual({
      summary: expect.stringMatching(/\w/),
      description: expect.stringMatching(/\.$/),
      runbook_url: expect.stringMatching(/^ops\/runbooks\/[a-z-]+\.md$/),
    });
  }
  expect(alerts.map(({ alert }) => alert)).toContain('PodCrashLooping');
});

test('OB-18 OB-34 OB-36 the scrape is the one that was asked for', async () => {
  const { global, rule_files, alerting, scrape_configs } = await read<Configuration>('prometheus.yml');
  expect(global).toEqual({ scrape_interval: '15s', evaluation_interval: '15s' });
  expect(rule_files).toEqual(['recording_rules.yml', 'alert_rules.yml']);
  expect(alerting).toEqual({ alertmanagers: [{ static_configs: [{ targets: ['alertmanager:9093'] }] }] });
  expect(scrape_configs[0]).toMatchObject({
    job_name: 'api-gateway',
    scrape_interval: '5s',
    dns_sd_configs: [{ names: ['gateway'], port: 9090 }],
  });
});

test('OB-19 pods are found by their annotation', async () => {
  const { scrape_configs } = await read<Configuration>('prometheus-kubernetes.yml');
  expect(scrape_configs).toMatchObject([{ scrape_interval: '10s', kubernetes_sd_configs: [{ role: 'pod' }] }]);
  expect(scrape_configs[0]?.relabel_configs).toContainEqual({
    source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_scrape'],
    action: 'keep',
    regex: 'true',
  });
});

test('OB-33 a critical alert silences the warning of the same name, and one thing is told once', async () => {
  const { route, inhibit_rules } = await read<{ route: object; inhibit_rules: readonly object[] }>('alertmanager.yml');
  expect(route).toMatchObject({ group_by: expect.arrayContaining(['alertname']) });
  expect(inhibit_rules[0]).toEqual({
    source_matchers: ['severity="critical"'],
    target_matchers: ['severity="warning"'],
    equal: ['alertname', 'job'],
  });
});

test('every rule names metrics that exist', async () => {
  for (const file of ['recording_rules.yml', 'alert_rules.yml']) {
    for (const { expr } of await rulesOf(file)) {
      expect([namesIn(expr).length > 0, unknownIn(expr)]).toEqual([true, []]);
    }
  }
});

test.each(dashboards)('OB-37 OB-38 every panel of $file names metrics that exist', ({ panels, templating }) => {
  const asked = templating.list.flatMap(({ definition }) => definition?.replace(/^label_values\((.*), \w+\)$/, '$1') ?? []);
  expect(panels.length).toBeGreaterThan(20);
  for (const expression of [...expressionsOf(panels), ...asked])
    expect([namesIn(expression).length > 0, unknownIn(expression)]).toEqual([true, []]);
  expect(panels.map(({ title }) => title)).toEqual(expect.arrayContaining(['Request rate', 'Response time']));
});

test('CA-19 a panel shows over time how much the cache answers', () => {
  const panels = dashboards.flatMap((dashboard) => dashboard.panels);
  const [panel] = panels.filter(({ targets = [] }) => targets.some(({ expr }) => expr.startsWith('api_gateway_cache_hit_rate{')));
  expect(panel).toMatchObject({ type: 'timeseries', title: 'Cache hit rate' });
  expect(exportedNames).toContain('api_gateway_cache_hit_rate');
});

test('OB-38 Grafana is told where the dashboards and the figures are', async () => {
  const sources = await read<{ datasources: readonly object[] }>('grafana/provisioning/datasources/datasources.yml');
  expect(sources.datasources).toContainEqual(expect.objectContaining({ uid: 'prometheus', url: 'http://prometheus:9090' }));
  const boards = await read<{ providers: readonly object[] }>('grafana/provisioning/dashboards/dashboards.yml');
  expect(boards.providers).toMatchObject([{ type: 'file', options: { path: '/var/lib/grafana/dashboards' } }]);
});

test('every metric of the gateway is in a rule or on a panel, but for those of the process', async () => {
  const rules = [...(await rulesOf('recording_rules.yml')), ...alerts].map(({ expr }) => expr);
  const shown = [...rules, ...dashboards.flatMap(({ panels }) => expressionsOf(panels))].flatMap(namesIn);
  const metrics = (names: Iterable<string>) => new Set([...names].map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  const unseen = metrics(exportedNames).difference(metrics(shown));
  expect([...unseen].filter((name) => !/^(process|nodejs)_/.test(name))).toEqual([]);
});

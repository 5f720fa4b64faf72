import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';

type Rules = {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert?: string; readonly annotations: { readonly runbook_url: string } }[];
  }[];
};

const root = resolve(import.meta.dirname, '..', '..');
const folder = join(root, 'ops', 'runbooks');
const pages = readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
const rules = parse(readFileSync(join(root, 'ops/deploy/monitoring/alert_rules.yml'), 'utf8')) as Rules;
const alerts = rules.groups.flatMap(({ rules: all }) => all).filter(({ alert }) => alert !== undefined);

/** Pages that belong to no alert. */
const general = ['backup-and-recovery.md', 'checklists.md', 'escalation.md'];

/**
 * Commands and paths that blocks marked `sh later` may begin with, since the program does not have them yet. Whoever adds
 * one takes it from this list and marks its blocks `sh runnable`.
 */
const later = [
  'npm run cli -- doctor',
  'npm run cli -- status',
  'npm run cli -- drain',
  'npm run cli -- reload',
  'npm run cli -- validate-config',
  'npm run cli -- cache',
  'npm run cli -- smoke',
  'curl -s "$ADMIN/metrics',
];

const blocks = pages.flatMap(({ file, text }) =>
  [...text.matchAll(/```(\w+) ?(\w*)\n([\s\S]*?)```/g)].map(([, language, kind = '', code = '']) => ({
    file,
    language,
    kind,
    code,
  })),
);

test('every alert has a page, which tells its name, and every page an alert', () => {
  for (const { alert, annotations } of alerts) {
    const file = annotations.runbook_url.replace('ops/runbooks/', '');
    expect(pages.find((page) => page.file === file)?.text.split('\n')[0]).toContain(alert);
  }
  const asked = new Set(alerts.map(({ annotations }) => annotations.runbook_url.replace('ops/runbooks/', '')));
  expect(pages.map(({ file }) => file).toSorted()).toEqual([...asked, ...general].toSorted());
});

test.each(pages.filter(({ file }) => !general.includes(file)))('$file tells symptom, look, fix and verify', ({ text }) => {
  expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(['Symptom', 'Look', 'Fix', 'Verify']);
});

test('every block says whether it runs here, later or in a cluster, and what runs later is on the list', () => {
  expect(blocks.length).toBeGreaterThan(40);
  for (const { language, kind } of blocks)
    expect([language, kind]).toEqual(['sh', expect.stringMatching(/^(runnable|later|cluster)$/)]);
  const waiting = blocks.filter(({ kind }) => kind === 'later').flatMap(({ code }) => code.trim().split('\n'));
  expect(waiting.filter((line) => !later.some((start) => line.startsWith(start)))).toEqual([]);
  expect(later.filter((start) => !waiting.some((line) => line.startsWith(start)))).toEqual([]);
});

test('AD-20 every item of the checklists names a check, and what it names is there', () => {
  const { text = '' } = pages.find(({ file }) => file === 'checklists.md') ?? {};
  const items = [...text.matchAll(/^- \[ \] (.+)$/gm)].map(([, item = '']) => item);
  expect(items.length).toBeGreaterThan(20);
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  for (const item of items) {
    expect(item).toMatch(/`|\]\(/);
    for (const [, alert] of item.matchAll(/alert `(\w+)`/g)) expect(alerts.map((rule) => rule.alert)).toContain(alert);
    for (const [, file = ''] of item.matchAll(/`((?:test|ops)\/[^`]+)`/g))
      expect([file, existsSync(join(root, file))]).toEqual([file, true]);
    for (const [, script = ''] of item.matchAll(/`npm (?:run )?(\w+)/g)) expect(Object.keys(scripts)).toContain(script);
  }
});

test('every link between pages leads somewhere', () => {
  for (const { file, text } of pages)
    for (const [, link = ''] of text.matchAll(/\]\(([^)#]+)\)/g))
      expect([file, link, existsSync(resolve(dirname(join(folder, file)), link))]).toEqual([file, link, true]);
});

describe.skipIf(inject('redisUrl') === undefined)('AD-16 commands of the runbooks against a gateway with its sandbox', () => {
  const runnable = [...new Set(blocks.filter(({ kind }) => kind === 'runnable').map(({ code }) => code))];
  const redisUrl = `${inject('redisUrl')}/11`;
  const environment: Record<string, string> = { REDIS_URL: redisUrl, GATEWAY_PORT: '0' };
  let gateway: ProcessUnderTest | undefined;

  beforeAll(async () => {
    const data = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
    environment['DATA_DIR'] = data;
    environment['BACKUP_DESTINATION'] = join(data, 'archives');
    gateway = runProgram('gateway/main.ts', [], environment);
    const printed = await gateway.printed('lg_test_HelixLabs');
    environment['GATEWAY'] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0] ?? '';
    environment['API_KEY'] = /lg_test_HelixLabs\w+/.exec(printed)?.[0] ?? '';
    // A first archive, which pages that look at the newest one need.
    await shell('npm run cli -- backup create');
  }, 120_000);

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await rm(environment['DATA_DIR'] ?? '', { recursive: true });
    const redis = new Redis(redisUrl);
    await redis.flushdb();
    redis.disconnect();
  });

  const shell = (code: string) =>
    promisify(execFile)('bash', ['-euo', 'pipefail', '-c', code], {
      cwd: root,
      env: { PATH: process.env['PATH'], ...environment },
    });

  test.each(runnable)('%s', { timeout: 60_000 }, async (code) => {
    const { stdout } = await shell(code);
    expect(stdout).not.toContain('"errors"');
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '#test/harness/process.ts';
import { strongSecrets } from '#test/harness/secrets.ts';

let folder = '';

/** Broken files, and a few that are not. */
const files = {
  'plans.json': '{ "default": { "requestsPerMinute": "many" }, "anonymous": {} }',
  'plans-no-json': '{ "default": ',
  'services.json': '{ "samples": { "base_url": "ftp://canary-host", "auth_type": "bearer" } }',
  'manifest.json': '{ "format": "another" }',
  'feed.txt': '203.0.113.0/24\neverybody\n',
  'supergraph.graphql': 'type Query { this: IsNoSupergraph }',
  'cut.graphql': 'schema @link(url: ',
  'list.json': '[{ "name": "books", "url": "canary" }]',
  empty: '',
};

const at = (name: keyof typeof files | 'missing'): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-check-'));
  await mkdir(join(folder, 'folder'));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
});

afterAll(() => rm(folder, { recursive: true }));

async function validate(env: Record<string, string>) {
  const { code, stdout, stderr } = await runProgram('ops/cli/main.ts', ['validate-config', '--json'], env).ended;
  return { code, stderr, text: stdout, problems: JSON.parse(stdout) as readonly { path: string; message: string }[] };
}

test('AD-05 what comes along is in order', async () => {
  expect(await validate({})).toMatchObject({ code: 0, problems: [] });
  const { code, stdout } = await runProgram('gateway/main.ts', ['--check'], {}).ended;
  expect([code, stdout]).toEqual([0, 'Everything that a start reads can be read.\n']);
});

const broken: readonly (readonly [string, () => Record<string, string>, readonly (readonly [string, RegExp])[]])[] = [
  [
    'two variables',
    () => ({ GATEWAY_PORT: 'many', LOG_LEVEL: 'loud' }),
    [
      ['GATEWAY_PORT', /number/],
      ['LOG_LEVEL', /fatal/],
    ],
  ],
  ['a secret from a file that is not there', () => ({ ADMIN_TOKEN_FILE: at('missing') }), [['ADMIN_TOKEN_FILE', /ENOENT/]]],
  ['a secret from an empty file', () => ({ JWT_SECRET_KEY_FILE: at('empty') }), [['JWT_SECRET_KEY_FILE', /is empty/]]],
  [
    'plans',
    () => ({ PLANS_PATH: at('plans.json') }),
    [
      ['PLANS_PATH', /default\.requestsPerMinute: .*number/],
      ['PLANS_PATH', /anonymous\.capacity/],
    ],
  ],
  ['plans that are no JSON', () => ({ PLANS_PATH: at('plans-no-json') }), [['PLANS_PATH', /not JSON/]]],
  ['a services file', () => ({ SERVICES_PATH: at('services.json') }), [['SERVICES_PATH', /samples\.base_url/]]],
  ['a manifest', () => ({ PERSISTED_OPERATIONS_PATH: at('manifest.json') }), [['PERSISTED_OPERATIONS_PATH', /manifest\.json/]]],
  ['an address feed', () => ({ IP_FEED_PATH: at('feed.txt') }), [['IP_FEED_PATH', /line 2/]]],
  ['a schema that is no supergraph', () => ({ SUPERGRAPH_PATH: at('supergraph.graphql') }), [['SUPERGRAPH_PATH', /\w+/]]],
  ['a supergraph that ends early', () => ({ SUPERGRAPH_PATH: at('cut.graphql') }), [['SUPERGRAPH_PATH', /Syntax Error/]]],
  ['a supergraph that is not there', () => ({ SUPERGRAPH_PATH: at('missing') }), [['SUPERGRAPH_PATH', /ENOENT/]]],
  ['a list of subgraphs', () => ({ SUBGRAPH_LIST: at('list.json') }), [['SUBGRAPH_LIST', /0\.url/]]],
  ['a certificate', () => ({ SAMPLE_SERVICE_CA_FILE: at('missing') }), [['SAMPLE_SERVICE_CA_FILE', /ENOENT/]]],
  [
    'production without secrets, stores and services',
    () => ({ ENVIRONMENT: 'production' }),
    [
      ['JWT_SECRET_KEY (or JWT_SECRET)', /not set/],
      ['API_KEY_SALT', /not set/],
    ],
  ],
  [
    'production with secrets alone',
    () => ({ ENVIRONMENT: 'production', ...strongSecrets }),
    [
      ['SAMPLE_SERVICE_URL', /no URL is set/],
      ['MONGODB_URI', /not set/],
    ],
  ],
  [
    'several things at once',
    () => ({ MAX_DEPTH: '-1', PLANS_PATH: at('missing'), IP_FEED_PATH: at('feed.txt') }),
    [
      ['MAX_DEPTH', /./],
      ['PLANS_PATH', /ENOENT/],
      ['IP_FEED_PATH', /line 2/],
    ],
  ],
];

test.for(broken)('AD-05 %s: named with its path, exit code 1', async ([, env, expected]) => {
  const { code, problems, stderr, text } = await validate(env());
  expect([code, stderr]).toEqual([1, '']);
  for (const [path, message] of expected) expect(problems).toContainEqual({ path, message: expect.stringMatching(message) });
  expect(text).not.toContain('canary');
});

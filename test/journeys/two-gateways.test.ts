import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Sandbox, SandboxCall } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { serviceEnvironment } from '#test/bench/targets.ts';
import { storeKinds } from '#test/harness/organization-stores.ts';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';

/** How long a gateway may go on with what was taken back (reliability rules B14, C11), in milliseconds. */
const boundMs = 5_000;

const mongo = storeKinds.find(({ name }) => name === 'MongoDB');
const redisUrl = inject('redisUrl');
const uri = inject('mongoUri') ?? '';

const opened = new AsyncDisposableStack();
const calls: SandboxCall[] = [];
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = opened.use(await startSandbox({ ports: 'any', onCall: (call) => calls.push(call) }));
});

afterAll(() => opened.disposeAsync());

type Answer = {
  readonly status: number;
  readonly body: { readonly data?: object | null; readonly errors?: readonly { extensions: { code: string }; path?: unknown }[] };
};

type Replicas = AsyncDisposable & {
  readonly urls: readonly string[];
  readonly processes: readonly ProcessUnderTest[];
  /** Runs the command line as an operator would and gives what it printed. */
  readonly cli: (words: string) => Promise<Record<string, unknown>>;
  /** When the audit log says that a deed was done. */
  readonly doneAt: (deed: string, organization: string) => Promise<number>;
};

/** Two gateways and a command line that share a MongoDB, and Redis when it is given. */
async function startReplicas(variables: Readonly<Record<string, string>>): Promise<Replicas> {
  await using opening = new AsyncDisposableStack();
  const place = opening.use(await (mongo as NonNullable<typeof mongo>).start());
  const client = opening.use(new MongoClient(uri));
  const environment = { ...place.environment, ...variables };
  const services = serviceEnvironment(Object.fromEntries(sandbox.urls));
  const env = { ENVIRONMENT: 'development', GATEWAY_PORT: '0', ...services, ...environment };
  const processes = [0, 1].map(() => opening.use(runProgram('gateway/main.ts', [], env)));
  const banners = await Promise.all(processes.map(({ printed }) => printed('/graphql')));
  const events = client.db(environment['MONGODB_DATABASE']).collection('audit_logs');
  const closing = opening.move();
  return {
    urls: banners.map((banner) => /http:\S+/.exec(banner)?.[0] ?? ''),
    processes,
    async cli(words) {
      const { code, stdout, stderr } = await runProgram('ops/cli/main.ts', [...words.split(' '), '--json'], environment).ended;
      expect([code, stderr]).toEqual([0, '']);
      return JSON.parse(stdout);
    },
    async doneAt(endpoint, organization_id) {
      const [last] = await events.find({ endpoint, organization_id }, { sort: { timestamp: -1 }, limit: 1 }).toArray();
      return Number(last?.['timestamp']);
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

const samples = '{ samples(first: 1) { nodes { name } } }';

async function ask(url: string, key: string, query = samples): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** A busy machine may not read a key in time at first; a gateway says so, and is asked again. */
const whenKnown = (url: string, key: string): Promise<void> =>
  expect
    .poll(async () => (await ask(url, key, '{ __typename }')).body.errors, { timeout: 20_000, interval: 250 })
    .toBeUndefined();

/** Asks ten times a second until the answer has the status, and gives the moment at which the last request before it was sent. */
async function lastBefore(status: number, url: string, key: string): Promise<number> {
  for (let last = Date.now(), since = last; Date.now() - since < 30_000; await pause(100)) {
    const sent = Date.now();
    if ((await ask(url, key)).status === status) return last;
    last = sent;
  }
  throw new Error(`No request with the key was answered ${status} within 30 s.`);
}

const modes: readonly (readonly [string, Readonly<Record<string, string>>, boolean])[] = [
  ['which hear of changes over Redis', { REDIS_URL: redisUrl ?? '' }, redisUrl === undefined],
  ['without Redis', {}, false],
];

describe.skipIf(mongo?.isMissing).each(modes)('two gateways %s', (_, variables, isMissing) => {
  let replicas: Replicas;
  const secrets: string[] = [];

  beforeAll(async () => {
    if (!isMissing) replicas = await startReplicas(variables);
  });

  afterAll(async () => {
    await replicas?.[Symbol.asyncDispose]();
  });

  /** A key of a new organization that both gateways know already. */
  async function knownKey(organization: string, scopes = 'samples:read') {
    await replicas.cli(`org create ${organization} --plan enterprise`);
    const { key, secret } = (await replicas.cli(`key create ${organization} --scopes ${scopes}`)) as {
      key: { id: string };
      secret: string;
    };
    secrets.push(secret);
    for (const url of replicas.urls) await whenKnown(url, secret);
    return { id: key.id, secret };
  }

  const deeds: readonly (readonly [string, string, (organization: string, key: string) => string, number, string])[] = [
    ['B14 a key that is revoked', 'key.revoke', (_, key) => `key revoke ${key}`, 401, 'UNAUTHENTICATED'],
    ['B23 the key of an organization that is suspended', 'organization.change', (id) => `org suspend ${id}`, 403, 'FORBIDDEN'],
    [
      'C11 the key of an organization that is deleted',
      'organization.change',
      (id) => `org delete ${id} --yes`,
      401,
      'UNAUTHENTICATED',
    ],
  ];

  test.skipIf(isMissing).each(deeds)('%s is refused by both within 5 s', async (name, deed, words, status, code) => {
    const organization = `partner-${deed.replace('.', '-')}-${status}`;
    const { id, secret } = await knownKey(organization);
    for (const url of replicas.urls) {
      const { status: answered, body } = await ask(url, secret);
      expect([answered, body.errors]).toEqual([200, undefined]);
    }
    const lasts = Promise.all(replicas.urls.map((url) => lastBefore(status, url, secret)));
    await replicas.cli(words(organization, id));
    const doneAt = await replicas.doneAt(deed, organization);
    const tookMs = (await lasts).map((last) => last - doneAt);
    process.stdout.write(`${name}: served for ${tookMs.map((ms) => `${Math.max(ms, 0)} ms`).join(' and ')} more\n`);
    for (const ms of tookMs) expect(ms).toBeLessThanOrEqual(boundMs);
    for (const url of replicas.urls) {
      const { status: refused, body } = await ask(url, secret);
      expect([refused, body.errors?.[0]?.extensions.code]).toEqual([status, code]);
    }
  });

  test.skipIf(isMissing)('B23 a key without the scope gets nothing of the field, and nothing is changed', async () => {
    const { secret } = await knownKey('partner-without-scope', 'storage:read,samples:read');
    const [url = ''] = replicas.urls;
    calls.length = 0;
    const id = '"5a000000-0000-4000-8000-000000000009"';
    const { body } = await ask(url, secret, `mutation { transitionSample(id: ${id}, to: VALIDATED, reason: "x") { id } }`);
    expect(body).toMatchObject({
      data: { transitionSample: null },
      errors: [{ path: ['transitionSample'], extensions: { code: 'FORBIDDEN' } }],
    });
    expect(calls).toEqual([]);
    const read = await ask(url, secret, '{ sequencingJobs(first: 1) { totalCount } storageLocations { name } }');
    expect(read.body).toMatchObject({
      data: { sequencingJobs: null, storageLocations: [{}, {}, {}, {}] },
      errors: [{ path: ['sequencingJobs'], extensions: { code: 'FORBIDDEN' } }],
    });
  });

  test.skipIf(isMissing)('G5 neither says a key or where MongoDB is, and both end as they should', async () => {
    for (const gateway of replicas.processes) {
      gateway.kill('SIGTERM');
      const { code, stdout, stderr } = await gateway.ended;
      expect(code).toBe(0);
      expect(stderr).toContain('stopping');
      for (const secret of [...secrets, uri]) expect(stdout + stderr).not.toContain(secret);
    }
  });
});

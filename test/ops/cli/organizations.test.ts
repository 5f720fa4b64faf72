import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { decodeJwt, jwtVerify } from 'jose';
import { describe, expect, inject, test } from 'vitest';
import { openStore } from '#kit/organizations/open-store.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import { keyCommands } from '#ops/cli/key.ts';
import { migrate } from '#ops/cli/migrate.ts';
import { organizationCommands } from '#ops/cli/org.ts';
import { token } from '#ops/cli/token.ts';
import { startEmbedded, storeKinds } from '#test/harness/organization-stores.ts';
import { runProgram } from '#test/harness/process.ts';

type Environment = Readonly<Record<string, string>>;

const run = (words: string, environment: Environment = {}) => runProgram('ops/cli/main.ts', words.split(' '), environment).ended;

/** Runs a command that must succeed and reads its JSON. */
async function ask(words: string, environment: Environment): Promise<Record<string, never>> {
  const { code, stdout, stderr } = await run(`${words} --json`, environment);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function storeOf<Result>(environment: Environment, read: (store: OrganizationStore) => Promise<Result>): Promise<Result> {
  await using store = await openStore(readOrganizationSettings(environment));
  return await read(store);
}

describe.each(storeKinds)('the command line over the $name store', ({ isMissing, start }) => {
  test.skipIf(isMissing)('takes an organization through its life', async () => {
    await using place = await start();
    const { environment } = place;
    expect((await run('migrate', environment)).code).toBe(0);
    expect(await ask('org create acme-genomics --name Acme --plan premium', environment)).toMatchObject({
      id: 'acme-genomics',
      name: 'Acme',
      plan: 'premium',
      status: 'active',
      graphCredential: 'not set',
    });
    const twice = await run('org create acme-genomics', environment);
    expect([twice.code, twice.stderr]).toEqual([1, 'There is an organization acme-genomics already.\n']);
    expect(await ask('org set-plan acme-genomics enterprise --limits {"maxQueryCost":1}', environment)).toMatchObject({
      plan: 'enterprise',
      limits: { maxQueryCost: 1 },
    });
    expect(await ask('org suspend acme-genomics', environment)).toMatchObject({ status: 'suspended' });
    const unsure = await run('org delete acme-genomics', environment);
    expect([unsure.code, unsure.stderr]).toEqual([1, expect.stringContaining('--yes')]);
    expect(await ask('org delete acme-genomics --yes', environment)).toMatchObject({ status: 'deleted' });
    const gone = await run('org resume acme-genomics', environment);
    expect([gone.code, gone.stderr]).toEqual([1, 'There is no organization acme-genomics.\n']);
    const events = await storeOf(environment, (store) => store.auditEvents({ organizationId: 'acme-genomics', limit: 20 }));
    expect(events.map(({ endpoint, dataAccessed }) => `${endpoint}: ${dataAccessed}`).reverse()).toEqual([
      'organization.create: plan premium',
      'organization.change: {"plan":"enterprise","limits":{"maxQueryCost":1}}',
      'organization.change: {"status":"suspended"}',
      'organization.change: {"status":"deleted"}',
    ]);
    expect(events[0]).toMatchObject({
      eventType: 'configuration_change',
      method: 'CLI',
      userAgent: expect.stringMatching(/\(.+\)/),
    });
  });

  test.skipIf(isMissing)('takes a key through its life, and shows its secret once', async () => {
    await using place = await start();
    const { environment } = place;
    await ask('org create acme-genomics', environment);
    const made = await run(
      'key create acme-genomics --scopes samples:read,storage:read --environment test --expires 90d --allow 10.0.0.0/8,::1',
      environment,
    );
    expect(made.code).toBe(0);
    const [secret = ''] = /lg_test_[A-Za-z0-9]{32}/.exec(made.stdout) ?? [];
    const [id = ''] = /key_[A-Za-z0-9]{12}/.exec(made.stdout) ?? [];
    const [listed] = (await ask('key list acme-genomics', environment)) as unknown as Record<string, unknown>[];
    expect(listed).toMatchObject({
      id,
      prefix: secret.slice(0, 12),
      state: 'active',
      scopes: ['samples:read', 'storage:read'],
      allowedAddresses: ['10.0.0.0/8', '::1'],
    });
    const lifeMs = Date.parse(String(listed?.['expiresAt'])) - Date.now();
    expect(Math.abs(lifeMs / 86_400_000 - 90)).toBeLessThan(0.01);
    const rotated = await ask(`key rotate ${id} --overlap 2h`, environment);
    expect(rotated['secret']).toMatch(/^lg_test_/);
    expect(rotated['secret']).not.toBe(secret);
    const again = await run(`key rotate ${id}`, environment);
    expect([again.code, again.stderr]).toEqual([1, `The key ${id} is replaced; only an active key can be rotated.\n`]);
    expect(await ask(`key revoke ${id}`, environment)).toMatchObject({ state: 'revoked' });
    const table = (await run('key list acme-genomics', environment)).stdout;
    expect(table.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/^id +name +prefix +state/),
      expect.stringMatching(new RegExp(`^${id} .* revoked `)),
      expect.stringMatching(/^key_\w{12} .* active /),
    ]);
    expect(table).not.toContain(secret.slice(12));
    const kept = await storeOf(environment, async (store) => [
      await store.keys('acme-genomics'),
      await store.auditEvents({ limit: 100 }),
    ]);
    expect(JSON.stringify(kept)).not.toContain(secret.slice(12));
    expect(JSON.stringify(kept)).toMatch(/key\.create.*key\.rotate|key\.rotate.*key\.create/);
  });
});

const refusals: readonly (readonly [string, number, RegExp])[] = [
  ['org', 0, /set-plan/],
  ['key dance', 2, /no command dance/],
  ['org set-plan acme', 2, /Which plan/],
  ['org show nobody', 1, /no organization nobody/],
  ['key create nobody', 1, /no organization nobody/],
  ['key list nobody', 1, /no organization nobody/],
  ['key rotate key_none', 1, /no key key_none/],
  ['key create acme --scopes users:admin', 1, /users:admin was given/],
  ['token --role emperor', 2, /lab_administrator/],
];

test.for(refusals)('%s exits with %i and says what is wrong', async ([words, expected, said]) => {
  await using place = await startEmbedded();
  const { code, stdout, stderr } = await run(words, place.environment);
  expect(stdout + stderr).toMatch(said);
  expect(code).toBe(expected);
  expect(stderr).not.toMatch(/\n\s+at |ExperimentalWarning/);
});

test('--help touches no store', async () => {
  const { code, stdout } = await run('key create --help', { MONGODB_URI: 'mongodb://127.0.0.1:1/' });
  expect([code, stdout]).toEqual([0, expect.stringContaining('npm run cli -- key create')]);
});

test.for([
  ['org', organizationCommands],
  ['key', keyCommands],
  ['', { migrate, token }],
] as const)('every command under "%s" shows an example', ([noun, commands]) => {
  for (const [verb, command] of Object.entries(commands))
    expect(command).toMatchObject({ help: expect.stringContaining(`npm run cli -- ${`${noun} ${verb}`.trim()}`) });
});

test('a credential for the graph service is read from a file and shown to nobody', async () => {
  await using place = await startEmbedded();
  const { environment } = place;
  const file = join(environment['DATA_DIR'] ?? '', 'credential');
  await writeFile(file, 'rg_live_of_acme\n');
  const { stdout } = await run(`org create acme --graph-credential-file ${file}`, environment);
  expect(stdout).toMatch(/graphCredential +set/);
  const shown = [stdout, (await run('org show acme', environment)).stdout, (await run('org list --json', environment)).stdout];
  expect(shown.join()).not.toContain('rg_live');
  const acme = await storeOf(environment, (store) => store.organization('acme'));
  expect(acme?.graphCredential).toBe('rg_live_of_acme');
});

test('an organization is shown with its usage', async () => {
  await using place = await startEmbedded();
  const { environment } = place;
  await ask('org create acme', environment);
  const day = new Date().toISOString().slice(0, 10);
  await storeOf(environment, (store) =>
    store.addUsage([
      { organizationId: 'acme', apiKeyId: 'key_one', day, requests: 3, points: 42 },
      { organizationId: 'acme', apiKeyId: 'key_one', day: '2020-01-01', requests: 1, points: 1 },
    ]),
  );
  expect((await run('org show acme', environment)).stdout).toMatch(new RegExp(`key_one +${day} +3 +42\n`));
  expect((await ask('org show acme', environment))['usage']).toEqual([{ apiKeyId: 'key_one', day, requests: 3, points: 42 }]);
});

test('a store that is not there is said so in one line, without credentials', async () => {
  const { code, stderr } = await run('org list', { MONGODB_URI: 'mongodb://me:word@127.0.0.1:1/?serverSelectionTimeoutMS=1000' });
  expect(code).toBe(1);
  expect(stderr).toContain('ECONNREFUSED');
  expect(stderr).not.toMatch(/word|\n\s+at /);
});

test('production refuses the pepper of development', async () => {
  const { code, stderr } = await run('org list', { ENVIRONMENT: 'production', DATA_DIR: '/nowhere' });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^API_KEY_SALT: is the development value/)]);
});

const redisUrl = inject('redisUrl');

test.skipIf(redisUrl === undefined)('a change is told over Redis; a Redis that is away costs a warning only', async () => {
  await using place = await startEmbedded();
  const redis = new Redis(redisUrl ?? '');
  const told: string[] = [];
  redis.on('message', (_, text) => told.push(text));
  await redis.subscribe('organizations:changed');
  await ask('org create acme', { ...place.environment, REDIS_URL: redisUrl ?? '' });
  await ask('org delete acme --yes', { ...place.environment, REDIS_URL: redisUrl ?? '' });
  await expect
    .poll(() => told.map((text) => JSON.parse(text)))
    .toEqual([
      { organizationId: 'acme', kind: 'changed' },
      { organizationId: 'acme', kind: 'deleted' },
    ]);
  redis.disconnect();
  const alone = await run('org create helix', { ...place.environment, REDIS_URL: 'redis://127.0.0.1:1' });
  expect([alone.code, alone.stderr]).toEqual([0, expect.stringMatching(/^.*within 5 s.*\n$/)]);
});

test('a token has the claims of the auth service and the time it was asked for', async () => {
  const secret = 's'.repeat(40);
  const { stdout } = await run('token --role lab_technician --subject someone --email t@lab.example --expires 30m', {
    JWT_SECRET_KEY: secret,
  });
  const { payload } = await jwtVerify(stdout.trim(), new TextEncoder().encode(secret), {
    issuer: 'auth-service',
    audience: 'lab-management-system',
    algorithms: ['HS256'],
  });
  expect(payload).toMatchObject({ sub: 'someone', email: 't@lab.example', role: 'lab_technician', jti: expect.any(String) });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(1_800);
});

test('a token without more words is a guest’s; in production there is none', async () => {
  expect(decodeJwt(String((await ask('token', {}))['token']))).toMatchObject({ role: 'guest', email: 'guest@lab.example' });
  expect((await run('token', { ENVIRONMENT: 'production', JWT_SECRET_KEY: 's'.repeat(40) })).code).toBe(1);
});

import { expect, inject, test } from 'vitest';
import { openOrganizations } from '#gateway/organizations/open-organizations.ts';
import { systemClock } from '#kit/clock.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { bearer, claims, hmac, incoming, testIdentity, token } from '#test/harness/identity.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { memoryLog } from '#test/harness/memory-log.ts';
import { startEmbedded } from '#test/harness/organization-stores.ts';
import { chance, pick } from '#test/harness/random.ts';

const mongoUri = inject('mongoUri');
const [acme, helix] = developmentOrganizations;

const unknownKey = `lg_live_${'Canary'.repeat(6).slice(0, 32)}`;
const userToken = token(claims({ name: 'canary-in-a-claim' }));
const forgedToken = token(claims(), undefined, hmac('a secret that is not theirs, of more than 32 characters'));

/** What may stand in no line of any level. */
const credentials = [acme.key, helix.key, unknownKey, userToken, forgedToken, 'canary-in-a-cookie'];
/** What may stand in no line that is written by default. */
const inputs = ['canary-in-a-variable', 'canary-in-a-text', 'canaryField', 'canary-in-a-claim'];

const senders: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'x-api-key': acme.key },
  { 'x-api-key': helix.key },
  { 'x-api-key': unknownKey },
  { 'x-api-key': `${acme.key}x` },
  { 'x-api-key': acme.key, authorization: `Bearer ${userToken}` },
  bearer(userToken),
  bearer(forgedToken),
  bearer(helix.key),
  { authorization: `Basic ${helix.key}` },
];

const operations: readonly object[] = [
  { query: '{ samples(first: 2) { nodes { name storagePosition { notes } } } }' },
  { query: 'query ($of: String) { samples(filter: { search: $of }) { totalCount } }', variables: { of: 'canary-in-a-variable' } },
  { query: 'query ($of: Int) { samples(first: $of) { totalCount } }', variables: { of: 'canary-in-a-variable' } },
  { query: 'query ($id: ID!) { sample(id: $id) { name } }', variables: { id: 'canary-in-a-variable' } },
  { query: '{ sample(barcode: "canary-in-a-text") { name } }' },
  { query: '{ sample(barcode: "canary-in-a-text" { name } }' },
  { query: '{ canaryField }' },
  { query: '# canary-in-a-text', variables: 'canary-in-a-variable' },
  {
    query: 'mutation ($input: CreateSampleInput!) { createSample(input: $input) { id } }',
    variables: { input: { name: 'canary-in-a-variable', sampleType: 'DNA' } },
  },
  {
    query: 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
    variables: { input: { email: 'canary-in-a-variable', password: 'canary-in-a-variable' } },
  },
];

test('G5 no credential and nothing of a request is in the log, whatever goes wrong', async () => {
  const random = seededRandom(1);
  const { logger, lines } = memoryLog();
  const onError = (error: unknown): void => logger.error({ err: error }, 'organizations');
  await using place = await startEmbedded();
  await using organizations = await openOrganizations({
    settings: readOrganizationSettings(place.environment),
    clock: systemClock,
    seeds: developmentOrganizations,
    onError,
  });
  await using identity = await testIdentity({ partnerOf: organizations.keyring.authenticate, onFailure: onError });
  // Bugs are what is told with everything there is, so some requests meet one.
  const identify = (request: Parameters<typeof identity.identify>[0]) =>
    chance(random, 10) ? Promise.reject(new TypeError('a bug')) : identity.identify(request);
  await using laboratory = await startLaboratory({ logger, identify });
  for (let number = 0; number < 400; number++) {
    laboratory.faults(
      'samples',
      chance(random, 30) ? { kind: pick(random, ['wrongTypes', 'secret', 'reset', 'malformed']) } : [],
    );
    const path = chance(random, 5) ? `/graphql?api_key=${pick(random, [acme.key, unknownKey])}` : '/graphql';
    await laboratory.gateway.send({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: 'session=canary-in-a-cookie', ...pick(random, senders) },
      body: JSON.stringify(pick(random, operations)),
    });
  }
  const written = lines.filter((line) => JSON.parse(line).level >= 30);
  expect(written.length).toBeGreaterThan(20);
  for (const word of credentials) expect(lines.filter((line) => line.includes(word))).toEqual([]);
  for (const word of inputs) expect(written.filter((line) => line.includes(word))).toEqual([]);
});

test.skipIf(mongoUri === undefined)('G5 a MongoDB that is away is told of without its credentials', async () => {
  const { logger, lines } = memoryLog();
  await using proxy = await startFaultProxy({ port: Number(new URL(mongoUri ?? '').port) });
  proxy.set({ kind: 'reset' });
  const uri = `mongodb://gateway:canary-in-an-address@127.0.0.1:${proxy.port}/?serverSelectionTimeoutMS=200&appName=canary-in-an-address`;
  {
    await using organizations = await openOrganizations({
      settings: readOrganizationSettings({ MONGODB_URI: uri }),
      clock: systemClock,
      seeds: [],
      onError: (error) => logger.error({ err: error }, 'organizations'),
    });
    await using identity = await testIdentity({ partnerOf: organizations.keyring.authenticate });
    const asked = identity.identify(incoming({ 'x-api-key': acme.key }));
    await expect(asked).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
    organizations.audit.record({ eventType: 'authentication', severity: 'info' });
  }
  expect(lines.length).toBeGreaterThan(0);
  for (const word of ['canary', acme.key]) expect(lines.filter((line) => line.includes(word))).toEqual([]);
});

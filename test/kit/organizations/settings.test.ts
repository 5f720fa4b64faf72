import { expect, inject, test } from 'vitest';
import { openStore } from '#kit/organizations/open-store.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { strongSecrets } from '#test/harness/secrets.ts';

const pepper = strongSecrets.API_KEY_SALT;

test('nothing set means a file, the pepper of development and the organization lab', () => {
  expect(readOrganizationSettings({ MONGODB_URI: '', DATA_DIR: undefined })).toEqual({
    place: { kind: 'embedded', file: '.data/organizations.sqlite' },
    peppers: { current: expect.any(String) },
    production: false,
    laboratory: 'lab',
  });
});

test('DE-37 MongoDB, also by the name of its service, wins over a folder', () => {
  const { place } = readOrganizationSettings({
    MONGODB_URI: 'mongodb+srv://db.example/',
    MONGODB_DATABASE: 'lab',
    DATA_DIR: '/data',
  });
  expect(place).toEqual({ kind: 'mongodb', uri: 'mongodb+srv://db.example/', database: 'lab' });
});

test('what cannot be read is named, and its value is not told', () => {
  expect(() => readOrganizationSettings({ MONGODB_URI: 'postgres://me:word@db' })).toThrow(/^MONGODB_URI: begins with mongodb/);
  expect(() => readOrganizationSettings({ MONGODB_URI: 'postgres://me:word@db' })).not.toThrow(/word/);
});

const refused: readonly (readonly [string, Record<string, string>, string])[] = [
  ['no store', { API_KEY_SALT: pepper }, 'MONGODB_URI'],
  ['no pepper', { DATA_DIR: '/nowhere' }, 'API_KEY_SALT'],
  ['a short pepper', { DATA_DIR: '/nowhere', API_KEY_SALT: 'pepper-1' }, 'API_KEY_SALT'],
  [
    'a short pepper before',
    { DATA_DIR: '/nowhere', API_KEY_SALT: pepper, API_KEY_SALT_PREVIOUS: 'pepper-0' },
    'API_KEY_SALT_PREVIOUS',
  ],
];

test.for(refused)('production with %s is refused by the name of the variable alone', async ([, environment, variable]) => {
  const settings = readOrganizationSettings({ ENVIRONMENT: 'production', ...environment });
  await expect(openStore(settings)).rejects.toThrow(new RegExp(`^${variable}: `));
  await expect(openStore(settings)).rejects.not.toThrow(/pepper-/);
});

test('staging needs a store as well, but takes the pepper of development', async () => {
  await expect(openStore(readOrganizationSettings({ ENVIRONMENT: 'staging' }))).rejects.toThrow('MONGODB_URI');
});

const mongoUri = inject('mongoUri');

test('a MongoDB that is not there is told of within the time that the URI gives', async () => {
  await using store = await openStore(
    readOrganizationSettings({ MONGODB_URI: 'mongodb://me:word@127.0.0.1:1/?serverSelectionTimeoutMS=700' }),
  );
  const started = performance.now();
  const error = await store.ping().catch((reason: Error) => reason);
  expect(String(error)).toContain('ECONNREFUSED');
  expect(String(error)).not.toContain('word');
  expect(performance.now() - started).toBeLessThan(2_000);
});

test.skipIf(mongoUri === undefined)('a store whose URI names no database is the gateway’s own', async () => {
  const { MongoClient } = await import('mongodb');
  await using store = await openStore(readOrganizationSettings({ MONGODB_URI: mongoUri ?? '' }));
  await store.addUsage([{ organizationId: 'x', apiKeyId: '', day: '2026-11-20', requests: 1, points: 1 }]);
  await using client = new MongoClient(mongoUri ?? '');
  expect(await client.db('lab_gateway').collection('usage_daily').countDocuments({ organization_id: 'x' })).toBe(1);
  await client.db('lab_gateway').dropDatabase();
});

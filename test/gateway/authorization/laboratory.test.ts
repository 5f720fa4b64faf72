import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Caller } from '#kit/caller.ts';
import { partnerScopes, stranger } from '#kit/caller.ts';
import { administrator, partner, person } from '#test/harness/callers.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

const callers: Readonly<Record<string, Caller>> = {
  stranger,
  administrator,
  guest: person('guest'),
  reader: partner('acme-genomics', ['samples:read']),
  writer: partner('acme-genomics', ['samples:write']),
  partner: partner('acme-genomics', partnerScopes),
};

let laboratory: LaboratoryUnderTest;

beforeAll(async () => {
  laboratory = await startLaboratory({ identify: async ({ headers }) => callers[String(headers['x-caller'])] ?? stranger });
});

beforeEach(() => {
  laboratory.calls.length = 0;
});

afterAll(() => laboratory[Symbol.asyncDispose]());

async function ask(caller: string, query: string) {
  const { status, body } = await laboratory.gateway.query(query, undefined, { 'x-caller': caller });
  return {
    status,
    data: body.data,
    told: (body.errors ?? []).map(({ path, extensions }) => [path?.join('.'), extensions['code']]),
  };
}

const services = (): readonly string[] => [...new Set(laboratory.calls.map(({ service }) => service))].sort();

const sampleId = '5a000000-0000-4000-8000-000000000001';

test('who may not read storage gets the sample without its place, and the storage service is not called', async () => {
  const query = `{ sample(id: "${sampleId}") { name storagePosition { positionIdentifier } } }`;
  const { data, told, status } = await ask('reader', query);
  expect(status).toBe(200);
  expect(data).toEqual({ sample: { name: expect.any(String), storagePosition: null } });
  expect(told).toEqual([['sample.storagePosition', 'FORBIDDEN']]);
  expect(services()).toEqual(['samples']);
  expect((await ask('guest', query)).told).toEqual([]);
  expect(services()).toEqual(['samples', 'storage']);
});

test('every join of a sample is refused by its own scope', async () => {
  const { data, told } = await ask(
    'reader',
    '{ samples(first: 2) { nodes { id template { name } lineage { truncated } ragSubmission { id } sequencingJobs { id } } } }',
  );
  const joins = ['template', 'lineage', 'ragSubmission', 'sequencingJobs'];
  const node = { id: expect.any(String), ...Object.fromEntries(joins.map((name) => [name, null])) };
  expect(data).toEqual({ samples: { nodes: [node, node] } });
  expect(told).toEqual(joins.map((name) => [`samples.nodes.${name}`, 'FORBIDDEN']));
  expect(services()).toEqual(['samples']);
});

test('who may write but not read is refused before anything is written', async () => {
  const { data, told } = await ask('writer', 'mutation { createSample(input: { name: "x", sampleType: DNA }) { id } }');
  expect(data).toEqual({ createSample: null });
  expect(told).toEqual([['createSample', 'FORBIDDEN']]);
  expect(laboratory.calls).toEqual([]);
});

test('strangers may sign in and see whom they signed in as, and nothing else', async () => {
  const { data, told } = await ask(
    'stranger',
    `mutation { login(input: { email: "admin@lab.example", password: "sandbox" }) { sessionId user { email role } } }`,
  );
  expect(data).toEqual({
    login: { sessionId: expect.any(String), user: { email: 'admin@lab.example', role: 'LAB_ADMINISTRATOR' } },
  });
  expect(told).toEqual([]);
  laboratory.calls.length = 0;
  const all = await ask('stranger', '{ samples { totalCount } me { id } graphs { name } users { id } }');
  expect(all.data).toBeUndefined();
  expect(new Set(all.told.map(([, code]) => code))).toEqual(new Set(['UNAUTHENTICATED']));
  expect(laboratory.calls).toEqual([]);
});

test('what concerns people is for people, and for administrators what concerns others', async () => {
  expect((await ask('partner', '{ me { id } users { id } }')).told).toEqual([
    ['me', 'FORBIDDEN'],
    ['users', 'FORBIDDEN'],
  ]);
  expect((await ask('guest', 'mutation { deleteUser(id: "05e70000-0000-4000-8000-000000000009") }')).told).toEqual([
    ['deleteUser', 'FORBIDDEN'],
  ]);
  expect(laboratory.calls).toEqual([]);
});

test('every partner sees who it is, and the keys of its organization only with the scope for it', async () => {
  const query = '{ viewer { subject organization { id apiKeys { prefix } } } organizations { id } }';
  const reader = await ask('reader', query);
  expect(reader.data).toEqual({
    viewer: { subject: 'key-of-acme-genomics', organization: { id: 'acme-genomics', apiKeys: null } },
    organizations: null,
  });
  expect(reader.told).toEqual([
    ['viewer.organization.apiKeys', 'FORBIDDEN'],
    ['organizations', 'FORBIDDEN'],
  ]);
  const { data, told } = await ask('partner', query);
  expect(data).toMatchObject({ viewer: { organization: { apiKeys: [{ prefix: 'lg_test_Acme' }] } } });
  expect(told).toEqual([['organizations', 'FORBIDDEN']]);
  const administrated = await ask('administrator', '{ organizations { id } }');
  expect(administrated.data).toEqual({ organizations: [{ id: 'acme-genomics' }, { id: 'helix-labs' }] });
  expect((await ask('stranger', '{ viewer { subject } }')).status).toBe(401);
});

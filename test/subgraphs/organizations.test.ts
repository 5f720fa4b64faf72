import { describe, expect, test } from 'vitest';
import { partnerScopes, stranger } from '#kit/caller.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { administrator, partner, person } from '#test/harness/callers.ts';
import { storeKinds } from '#test/harness/organization-stores.ts';
import { keyOf } from '#test/harness/organizations.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import type { Story } from './organization-story.ts';
import {
  codesOf,
  create,
  issuedIn,
  makeOrganization,
  revoke,
  rotate,
  setPlan,
  setStatus,
  tell,
  tells,
} from './organization-story.ts';

const acme = partner('acme-genomics', partnerScopes);
const limited = partner('acme-genomics', ['admin:keys', 'samples:read']);
const client = { address: '192.0.2.7', userAgent: 'office/1.0' };
const day = '2026-11-21';

const ways = ['askLocally', 'askServed'] as const;

const listKeys = '{ viewer { organization { apiKeys { id name status } } } }';

describe.each(storeKinds)('over the $name store', ({ isMissing, start }) => {
  const holds = (sentence: string, story: (parts: Story) => Promise<void>): void =>
    test.skipIf(isMissing)(sentence, async () => {
      await using place = await start();
      await tell(place.environment, story);
    });

  holds('the viewer is told who asks, with keys and usage of the own organization, and no hash', async ({ subgraph, store }) => {
    await store.addKey(keyOf({ allowedAddresses: ['10.0.0.0/8'], lastUsedAt: new Date('2026-11-21T11:00:00Z') }));
    await store.addKey(keyOf({ id: 'key_helix', keyHash: 'another', organizationId: 'helix-labs' }));
    const row = { organizationId: 'acme-genomics', apiKeyId: 'key_one', day, requests: 2, points: 30 };
    await store.addUsage([row, { ...row, apiKeyId: '', requests: 1, points: 5 }, { ...row, day: '2026-11-19', points: 7 }]);
    await store.addUsage([
      { ...row, organizationId: 'helix-labs' },
      { ...row, day: '2026-11-18' },
    ]);
    const answer = await subgraph.ask(
      `{ viewer { kind subject roles scopes organization {
        id name plan status createdAt
        apiKeys { id organizationId name prefix scopes environment status createdAt expiresAt lastUsedAt usageCount allowedAddresses }
        usage(days: 3) { day requests points keys { apiKeyId requests points } }
      } } }`,
      {},
      { caller: limited },
    );
    expect(answer).toEqual({
      data: {
        viewer: {
          kind: 'PARTNER',
          subject: 'key-of-acme-genomics',
          roles: [],
          scopes: ['admin:keys', 'samples:read'],
          organization: {
            id: 'acme-genomics',
            name: 'Acme Genomics',
            plan: 'default',
            status: 'ACTIVE',
            createdAt: '2026-11-20T10:00:00.123Z',
            apiKeys: [
              {
                id: 'key_one',
                organizationId: 'acme-genomics',
                name: 'default',
                prefix: 'lg_live_AbCd',
                scopes: ['samples:read'],
                environment: 'LIVE',
                status: 'ACTIVE',
                createdAt: '2026-11-20T11:00:00.456Z',
                expiresAt: null,
                lastUsedAt: '2026-11-21T11:00:00.000Z',
                usageCount: 0,
                allowedAddresses: ['10.0.0.0/8'],
              },
            ],
            usage: [
              { day: '2026-11-19', requests: 2, points: 7, keys: [{ apiKeyId: 'key_one', requests: 2, points: 7 }] },
              {
                day,
                requests: 3,
                points: 35,
                keys: [
                  { apiKeyId: null, requests: 1, points: 5 },
                  { apiKeyId: 'key_one', requests: 2, points: 30 },
                ],
              },
            ],
          },
        },
      },
    });
  });

  holds('a key is made as asked for, its secret is in the answer and nowhere else', async ({ subgraph, store, events }) => {
    for (const [index, way] of ways.entries()) {
      const input = {
        name: `ci ${way}`,
        scopes: ['read_only', 'samples:read', 'read_only'],
        environment: 'TEST',
        expiresAt: '2026-12-21T00:00:00Z',
        allowedAddresses: ['192.0.2.0/24', '2001:db8::1'],
      };
      const answer = await subgraph[way](create, { input }, { caller: acme, client });
      const { key, secret } = issuedIn(answer, 'createApiKey');
      expect(secret).toMatch(/^lg_test_[A-Za-z0-9]{32}$/);
      expect(key).toEqual({
        ...input,
        id: expect.stringMatching(/^key_/),
        organizationId: 'acme-genomics',
        prefix: secret.slice(0, 12),
        scopes: ['read_only', 'samples:read'],
        status: 'ACTIVE',
        createdAt: '2026-11-21T12:00:00.000Z',
        expiresAt: '2026-12-21T00:00:00.000Z',
        lastUsedAt: null,
        usageCount: 0,
        replacedBy: null,
        overlapUntil: null,
      });
      const { peppers } = readOrganizationSettings({});
      expect(await store.keyByHash(keyHasher(peppers)(secret))).toMatchObject({ id: key['id'] });
      expect(await store.keys('acme-genomics')).toHaveLength(index + 1);
      expect(JSON.stringify([await store.keys('acme-genomics'), await events()])).not.toContain(secret.slice(12));
    }
  });

  holds('a key is rotated and revoked by its own organization', async ({ subgraph, store, clock }) => {
    for (const way of ways) {
      const first = keyOf({ id: `key_${way}`, keyHash: way });
      await store.addKey(first);
      const answer = await subgraph[way](rotate, { id: first.id, hours: 2 }, { caller: acme });
      const { key, secret } = issuedIn(answer, 'rotateApiKey');
      expect(key).toEqual({ id: key.id, name: first.name, scopes: first.scopes, status: 'ACTIVE' });
      expect(secret).toMatch(/^lg_live_/);
      expect(await store.key(first.id)).toMatchObject({
        replacedBy: key.id,
        overlapUntil: new Date(clock.now() + 2 * 3_600_000),
        isActive: true,
      });
      const ended = await subgraph[way](revoke, { id: first.id }, { caller: acme });
      expect(ended).toEqual({ data: { revokeApiKey: { id: first.id, status: 'REVOKED' } } });
      expect(codesOf(await subgraph[way](revoke, { id: first.id }, { caller: acme }))).toEqual(['BAD_USER_INPUT']);
      expect(codesOf(await subgraph[way](rotate, { id: first.id }, { caller: acme }))).toEqual(['BAD_USER_INPUT']);
    }
  });

  holds('an administrator of the laboratory makes, lists and changes organizations', async ({ subgraph, store }) => {
    const made = await subgraph.askLocally(makeOrganization, { input: { id: 'nova', name: 'Nova Bio', plan: 'premium' } });
    expect(made).toEqual({
      data: {
        createOrganization: {
          id: 'nova',
          name: 'Nova Bio',
          plan: 'premium',
          status: 'ACTIVE',
          createdAt: '2026-11-21T12:00:00.000Z',
          apiKeys: [],
        },
      },
    });
    expect(codesOf(await subgraph.askLocally(makeOrganization, { input: { id: 'nova', name: 'x' } }))).toEqual([
      'BAD_USER_INPUT',
    ]);
    const changed = await subgraph.askLocally(setPlan, { id: 'nova', plan: 'enterprise' });
    expect(changed).toEqual({ data: { setOrganizationPlan: { id: 'nova', plan: 'enterprise' } } });
    for (const status of ['SUSPENDED', 'ACTIVE', 'DELETED'])
      expect(await subgraph.askServed(setStatus, { id: 'nova', status })).toEqual({
        data: { setOrganizationStatus: { status } },
      });
    expect(codesOf(await subgraph.askServed(setStatus, { id: 'nova', status: 'ACTIVE' }))).toEqual(['NOT_FOUND']);
    expect(await store.organization('nova')).toMatchObject({ plan: 'enterprise', status: 'deleted' });
    expect(
      await subgraph.ask(
        '{ organizations { id status } organization(id: "helix-labs") { name plan } none: organization(id: "x") { id } }',
      ),
    ).toEqual({
      data: {
        organizations: [
          { id: 'acme-genomics', status: 'ACTIVE' },
          { id: 'helix-labs', status: 'ACTIVE' },
          { id: 'nova', status: 'DELETED' },
        ],
        organization: { name: 'Helix', plan: 'default' },
        none: null,
      },
    });
  });

  holds('every write stands in the audit log, with who, from where and how long', async ({ subgraph, events }) => {
    const made = await subgraph.askServed(create, { input: { name: 'ci', scopes: ['samples:read'] } }, { caller: acme, client });
    const { key } = issuedIn(made, 'createApiKey');
    await subgraph.askLocally(rotate, { id: key.id }, { caller: acme, client });
    await subgraph.askServed(revoke, { id: key.id }, { caller: acme, client });
    await subgraph.askServed(makeOrganization, { input: { id: 'nova', name: 'Nova' } }, { client });
    await subgraph.askServed(setPlan, { id: 'nova', plan: 'premium' }, { client });
    await subgraph.askServed(setStatus, { id: 'nova', status: 'SUSPENDED' }, { client });
    const told = await events();
    expect(told.map(({ endpoint }) => endpoint).sort()).toEqual(
      ['key.create', 'key.revoke', 'key.rotate', 'organization.change', 'organization.change', 'organization.create'].sort(),
    );
    for (const event of told) {
      expect(event).toMatchObject({
        eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        timestamp: new Date('2026-11-21T12:00:00Z'),
        eventType: 'configuration_change',
        severity: 'info',
        sourceIp: client.address,
        userAgent: client.userAgent,
        method: 'POST',
        statusCode: 200,
        processingTimeMs: 0,
        requestId: expect.stringMatching(/^[\w.-]{8,}$/),
        complianceTags: [],
      });
      const isOfKey = event.endpoint?.startsWith('key.') ?? false;
      expect(event.actor).toBe(isOfKey ? `key:${acme.subject}` : `user:${administrator.subject}`);
      expect(event.organizationId).toBe(isOfKey ? 'acme-genomics' : 'nova');
      expect(event.apiKeyId).toBe(isOfKey ? key.id : undefined);
    }
  });
});

tells('overlaps, days, ids and names of organizations have bounds', async ({ subgraph, store }) => {
  await store.addKey(keyOf());
  const refused: readonly (readonly [string, object])[] = [
    [rotate, { id: 'key_one', hours: -1 }],
    [rotate, { id: 'key_one', hours: 721 }],
    [rotate, { id: 'x'.repeat(65) }],
    [revoke, { id: '' }],
    [makeOrganization, { input: { id: 'Nova Bio', name: 'x' } }],
    [makeOrganization, { input: { id: 'nova', name: '' } }],
    [makeOrganization, { input: { id: 'nova', name: 'x', plan: 'Gold!' } }],
    [setPlan, { id: 'acme-genomics', plan: '../x' }],
  ];
  for (const [text, variables] of refused)
    expect([text, codesOf(await subgraph.ask(text, { ...variables }))]).toEqual([text, ['BAD_USER_INPUT']]);
  for (const days of [0, 367]) {
    const answer = await subgraph.ask(`{ viewer { organization { usage(days: ${days}) { day } } } }`, {}, { caller: acme });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
  }
  expect(await store.keys('acme-genomics')).toEqual([keyOf()]);
});

const all = '{ viewer { subject } organization(id: "acme-genomics") { id } organizations { id } }';
const administration = [
  [create, { input: { name: 'x', scopes: ['samples:read'] } }],
  [rotate, { id: 'key_one' }],
  [revoke, { id: 'key_one' }],
  [makeOrganization, { input: { id: 'nova', name: 'x' } }],
  [setPlan, { id: 'acme-genomics', plan: 'premium' }],
  [setStatus, { id: 'acme-genomics', status: 'DELETED' }],
] as const;

tells('strangers see and change nothing, and nobody administrates without the scope for it', async ({ subgraph, store }) => {
  await store.addKey(keyOf());
  expect(codesOf(await subgraph.ask(all, {}, { caller: stranger }))).toEqual(Array(3).fill('UNAUTHENTICATED'));
  const reader = partner('acme-genomics', ['samples:read']);
  for (const caller of [reader, person('principal_investigator')]) {
    const answer = await subgraph.ask(all, {}, { caller });
    expect(answer.data).toEqual({ viewer: { subject: caller.subject }, organization: null, organizations: null });
    expect(codesOf(answer)).toEqual(['FORBIDDEN', 'FORBIDDEN']);
  }
  expect(codesOf(await subgraph.ask(listKeys, {}, { caller: reader }))).toEqual(['FORBIDDEN']);
  for (const [text, variables] of administration) {
    expect(codesOf(await subgraph.ask(text, variables, { caller: stranger }))).toEqual(['UNAUTHENTICATED']);
    expect(codesOf(await subgraph.ask(text, variables, { caller: reader }))).toEqual(['FORBIDDEN']);
  }
  for (const [text, variables] of administration.slice(3))
    expect(codesOf(await subgraph.ask(text, variables, { caller: acme }))).toEqual(['FORBIDDEN']);
  expect(await store.keys('acme-genomics')).toEqual([keyOf()]);
  expect(await store.organizations()).toHaveLength(2);
});

tells('people of the laboratory, of which there is no record, have no organization to show', async ({ subgraph }) => {
  expect(await subgraph.ask('{ viewer { kind roles organization { id } } }')).toEqual({
    data: { viewer: { kind: 'USER', roles: ['LAB_ADMINISTRATOR'], organization: null } },
  });
});

test.skipIf(storeKinds[1]?.isMissing)(
  'while the store is away the error says so, and after a write that nobody knows what became of it',
  async () => {
    const told: unknown[] = [];
    await using subgraph = await startSubgraph('organizations', {
      organizations: { MONGODB_URI: 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200' },
      onUnexpectedError: (error) => void told.push(error),
    });
    const read = await subgraph.askLocally('{ viewer { subject organization { id } } }', {}, { caller: acme });
    expect(read.data).toEqual({ viewer: { subject: acme.subject, organization: null } });
    expect(read.errors?.[0]).toMatchObject({
      extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'organizations', retryable: true },
    });
    const written = await subgraph.askLocally(setPlan, { id: 'acme-genomics', plan: 'premium' });
    expect(written.errors?.[0]).toMatchObject({ extensions: { code: 'UPSTREAM_UNAVAILABLE' } });
    const made = await subgraph.askLocally(makeOrganization, { input: { id: 'nova', name: 'x' } });
    expect(made.errors?.[0]).toMatchObject({
      extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: false, outcome: 'UNKNOWN' },
    });
    expect(JSON.stringify([read, written, made])).not.toMatch(/127\.0\.0\.1|mongo/i);
    expect(told).toHaveLength(3);
  },
);

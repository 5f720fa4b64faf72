import { expect, test } from 'vitest';
import type { Caller } from '#kit/caller.ts';
import { partnerScopes } from '#kit/caller.ts';
import type { ApiKey } from '#kit/organizations/records.ts';
import { partner } from '#test/harness/callers.ts';
import { startEmbedded } from '#test/harness/organization-stores.ts';
import { keyOf } from '#test/harness/organizations.ts';
import { codesOf, create, messageOf, revoke, rotate, tell, tells } from './organization-story.ts';

const acme = partner('acme-genomics', partnerScopes);
const limited = partner('acme-genomics', ['admin:keys', 'samples:read']);
const client = { address: '192.0.2.7', userAgent: 'office/1.0' };
const dayMs = 86_400_000;

tells(
  'a foreign key and one that is not there are answered alike, and the attempt is written down',
  async ({ subgraph, store, events }) => {
    const foreign = keyOf({ id: 'key_helix', organizationId: 'helix-labs' });
    await store.addKey(foreign);
    for (const mutation of [rotate, revoke]) {
      const answers = await Promise.all(
        ['key_helix', 'key_nobody'].map(async (id) =>
          JSON.stringify(await subgraph.askLocally(mutation, { id }, { caller: acme, client })).replaceAll(id, 'ID'),
        ),
      );
      expect(answers[0]).toContain('NOT_FOUND');
      expect(answers[1]).toBe(answers[0]);
    }
    expect(await store.key('key_helix')).toEqual(foreign);
    const told = await events();
    expect(told).toHaveLength(4);
    expect(told[0]).toMatchObject({
      eventType: 'authorization',
      severity: 'warning',
      actor: `key:${acme.subject}`,
      organizationId: 'acme-genomics',
      sourceIp: client.address,
      statusCode: 404,
      requestId: 'test-request',
      errorDetails: expect.stringMatching(/^There is no key key_/),
    });
  },
);

tells('a partner makes keys for itself alone, an administrator of the laboratory for anybody', async ({ subgraph, store }) => {
  const inputFor = (organizationId: string) => ({ input: { organizationId, name: 'x', scopes: ['samples:read'] } });
  expect(codesOf(await subgraph.ask(create, inputFor('helix-labs'), { caller: acme }))).toEqual(['NOT_FOUND']);
  expect(codesOf(await subgraph.ask(create, inputFor('nobody'), { caller: acme }))).toEqual(['NOT_FOUND']);
  expect(await store.keys('helix-labs')).toEqual([]);
  const { data, errors } = await subgraph.askLocally(create, inputFor('helix-labs'));
  expect(errors).toBeUndefined();
  expect(data?.['createApiKey']).toMatchObject({ key: { organizationId: 'helix-labs' } });
  const [key] = await store.keys('helix-labs');
  expect(codesOf(await subgraph.askLocally(revoke, { id: key?.id }))).toEqual([]);
  // The laboratory itself has no record in this store.
  expect(codesOf(await subgraph.ask(create, { input: { name: 'x', scopes: ['samples:read'] } }))).toEqual(['NOT_FOUND']);
});

const escalations: readonly (readonly [string, Caller, readonly string[], readonly string[]])[] = [
  ['a scope', limited, ['samples:write'], ['samples:write']],
  ['one of two scopes', limited, ['samples:read', 'storage:read'], ['storage:read']],
  ['a bundle', limited, ['read_only'], ['storage:read', 'schema:read']],
  [
    'all there is',
    { ...acme, scopes: partnerScopes.filter((scope) => scope !== 'graphs:read') },
    ['full_access'],
    ['graphs:read'],
  ],
];

test.for(escalations)(
  'nobody comes by %s through a key, made or rotated, that they do not hold',
  async ([, caller, scopes, beyond]) => {
    await using place = await startEmbedded();
    await tell(place.environment, async ({ subgraph, store, events }) => {
      const mighty: ApiKey = keyOf({ scopes });
      await store.addKey(mighty);
      const made = await subgraph.askLocally(create, { input: { name: 'x', scopes } }, { caller });
      const rotated = await subgraph.askServed(rotate, { id: mighty.id }, { caller });
      for (const answer of [made, rotated]) {
        expect(codesOf(answer)).toEqual(['FORBIDDEN']);
        for (const scope of beyond) expect(messageOf(answer)).toContain(scope);
        expect(JSON.stringify(answer)).not.toMatch(/lg_(live|test)_/);
      }
      expect(await store.keys('acme-genomics')).toEqual([mighty]);
      expect((await events()).map(({ eventType, statusCode }) => [eventType, statusCode])).toEqual([
        ['authorization', 403],
        ['authorization', 403],
      ]);
      // To end it gives nobody anything.
      expect(codesOf(await subgraph.askLocally(revoke, { id: mighty.id }, { caller }))).toEqual([]);
    });
  },
);

const outOfBounds: readonly (readonly [string, object, string])[] = [
  ['an empty name', { name: '' }, 'input.name'],
  ['a name of 101 characters', { name: 'x'.repeat(101) }, 'input.name'],
  ['a name with a line break', { name: 'a\nb' }, 'input.name'],
  ['no scopes', { scopes: [] }, 'input.scopes'],
  ['a scope that there is not', { scopes: ['samples:burn'] }, 'input.scopes.0'],
  ['a scope that no partner may have', { scopes: ['admin:organizations'] }, 'input.scopes.0'],
  ['an end in the past', { expiresAt: '2026-11-21T12:00:00Z' }, 'input.expiresAt'],
  ['an end on no day', { expiresAt: '2027-02-31T99:00:00Z' }, 'input.expiresAt'],
  ['a range that is none', { allowedAddresses: ['10.0.0.0/33'] }, 'input.allowedAddresses.0'],
  ['a host in place of an address', { allowedAddresses: ['lab.example'] }, 'input.allowedAddresses.0'],
  ['no address at all', { allowedAddresses: [] }, 'input.allowedAddresses'],
  ['51 addresses', { allowedAddresses: Array(51).fill('192.0.2.1') }, 'input.allowedAddresses'],
];

test.for(outOfBounds)('a key with %s is not made', async ([, changes, field]) => {
  await using place = await startEmbedded();
  await tell(place.environment, async ({ subgraph, store }) => {
    const answer = await subgraph.ask(create, { input: { name: 'x', scopes: ['samples:read'], ...changes } }, { caller: acme });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(messageOf(answer)).toContain(`${field}: `);
    expect(await store.keys('acme-genomics')).toEqual([]);
  });
});

tells('an organization has a hundred usable keys at most', async ({ subgraph, store, clock }) => {
  for (let index = 0; index < 100; index++)
    await store.addKey(
      keyOf({ id: `key_${index}`, keyHash: `${index}`, expiresAt: new Date(clock.now() + (index === 0 ? dayMs : 9 * dayMs)) }),
    );
  const input = { name: 'x', scopes: ['samples:read'] };
  for (const answer of [
    await subgraph.ask(create, { input }, { caller: acme }),
    await subgraph.ask(rotate, { id: 'key_1' }, { caller: acme }),
  ]) {
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(messageOf(answer)).toContain('100 keys');
  }
  clock.advance(dayMs);
  expect(codesOf(await subgraph.askLocally(create, { input }, { caller: acme }))).toEqual([]);
});

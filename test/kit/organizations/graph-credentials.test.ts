import { expect, test } from 'vitest';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import { graphCredentials } from '#kit/organizations/graph-credentials.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { organizationOf } from '#test/harness/organizations.ts';

test('each organization has its own credential, and one without has none', async () => {
  await using store = openEmbeddedStore(':memory:');
  await store.addOrganization(organizationOf({ id: 'acme-genomics', graphCredential: 'rg_of_acme' }));
  await store.addOrganization(organizationOf({ id: 'helix-labs' }));
  await store.addOrganization(organizationOf({ id: 'gone-labs', graphCredential: 'rg_of_gone', status: 'suspended' }));
  const credentialOf = graphCredentials({ store, clock: handClock() });
  const known = await Promise.all(['acme-genomics', 'helix-labs', 'gone-labs', 'nobody'].map(credentialOf));
  expect(known).toEqual(['rg_of_acme', undefined, undefined, undefined]);
});

test('a changed credential is known after 30 s at the latest, and is read once until then', async () => {
  const clock = handClock();
  await using store = openEmbeddedStore(':memory:');
  await store.addOrganization(organizationOf({ graphCredential: 'old' }));
  let reads = 0;
  const counting = {
    organization: (id: string) => {
      reads += 1;
      return store.organization(id);
    },
  };
  const credentialOf = graphCredentials({ store: counting, clock });
  expect(await Promise.all([credentialOf('acme-genomics'), credentialOf('acme-genomics')])).toEqual(['old', 'old']);
  await store.updateOrganization('acme-genomics', { graphCredential: 'new' });
  clock.advance(29_999);
  expect([await credentialOf('acme-genomics'), reads]).toEqual(['old', 1]);
  clock.advance(1);
  expect([await credentialOf('acme-genomics'), reads]).toEqual(['new', 2]);
});

test('a store that is away is no reason to use another credential, and is asked again', async () => {
  const clock = handClock();
  await using store = openEmbeddedStore(':memory:');
  await store.addOrganization(organizationOf({ graphCredential: 'rg_of_acme' }));
  let isAway = true;
  const organization = async (id: string) => (isAway ? Promise.reject(new Error('away')) : store.organization(id));
  const credentialOf = graphCredentials({ store: { organization }, clock });
  await expect(credentialOf('acme-genomics')).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
  isAway = false;
  expect(await credentialOf('acme-genomics')).toBe('rg_of_acme');
});

import { expect, inject, test } from 'vitest';
import { openOrganizations } from '#gateway/organizations/open-organizations.ts';
import { systemClock } from '#kit/clock.ts';
import { announcer } from '#kit/organizations/announce.ts';
import { keyAdministration } from '#kit/organizations/key-administration.ts';
import { keyHasher, newSecret } from '#kit/organizations/keys.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import type { FaultProxy, Mode } from '#test/harness/fault-proxy.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { testIdentity } from '#test/harness/identity.ts';
import { memoryLog } from '#test/harness/memory-log.ts';
import { storeKinds } from '#test/harness/organization-stores.ts';
import { organizationOf } from '#test/harness/organizations.ts';
import { startVictim } from '#test/harness/victim.ts';

const mongoUri = inject('mongoUri');
const mongo = storeKinds.find(({ name }) => name === 'MongoDB');
const query = '{ book(id: 1) { title } }';

/** A gateway whose partners are kept in MongoDB behind a proxy; its keyring lives by a clock that the test moves. */
async function startPartners() {
  await using opening = new AsyncDisposableStack();
  const place = opening.use(await (mongo as NonNullable<typeof mongo>).start());
  const proxy: FaultProxy = opening.use(await startFaultProxy({ port: Number(new URL(mongoUri ?? '').port) }));
  const environment = {
    ...place.environment,
    MONGODB_URI: `${proxy.url('mongodb')}/?directConnection=true&socketTimeoutMS=1500`,
  };
  const settings = readOrganizationSettings(environment);
  const clock = handClock(Date.now());
  const { logger, lines } = memoryLog();
  const onError = (error: unknown): void => logger.error({ err: error }, 'organizations');
  const organizations = opening.use(await openOrganizations({ settings, clock, seeds: [], onError }));
  const { store, bus, keyring } = organizations;
  const identity = opening.use(await testIdentity({ partnerOf: keyring.authenticate }));
  const books = opening.use(await startForeign(bookshop.books));
  const gateway = opening.use(await testGateway({ sdl: composeForeign([books]), identify: identity.identify, logger }));
  await store.addOrganization(organizationOf());
  const announce = announcer({ store, bus, clock: systemClock, origin: {} });
  const keys = keyAdministration({ store, hasher: keyHasher(settings.peppers), announce, clock: systemClock });
  const issue = () => keys.create({ organizationId: 'acme-genomics', name: 'x', scopes: ['read_only'], environment: 'live' });
  const opened = opening.move();
  return {
    proxy,
    clock,
    lines,
    url: `${gateway.url}/graphql`,
    issue,
    revoke: keys.revoke,
    /** Status, code of the refusal, and when to come back. */
    async ask(secret: string) {
      const { status, body, headers } = await gateway.query(query, {}, { 'x-api-key': secret });
      return { status, code: body.errors?.[0]?.extensions['code'], retryAfter: headers.get('retry-after') };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const answered = { status: 200, code: undefined, retryAfter: null };
const refused = { status: 401, code: 'UNAUTHENTICATED', retryAfter: null };
const unsure = { status: 503, code: 'AUTH_UNAVAILABLE', retryAfter: '2' };

/** One after the other; what refuses connections leaves open ones alone, so they are reset before. */
const deaths: readonly (readonly [string, readonly Mode[]])[] = [
  ['is killed', [{ kind: 'reset' }, { kind: 'refuse' }]],
  ['takes what it is sent and says nothing', [{ kind: 'blackHole' }]],
  ['resets every connection', [{ kind: 'reset' }]],
];

test.skipIf(mongo?.isMissing).each(deaths)(
  'B21 MongoDB %s in the middle of a run: known keys go on for their grace, no other is let in, and then all is well',
  async (_, death) => {
    await using partners = await startPartners();
    const [{ secret: known }, { secret: unmet }, revoked] = [
      await partners.issue(),
      await partners.issue(),
      await partners.issue(),
    ];
    expect(await partners.ask(known)).toEqual(answered);
    expect(await partners.ask(revoked.secret)).toEqual(answered);
    await partners.revoke(revoked.key.id);
    expect(await partners.ask(revoked.secret)).toEqual(refused);
    await using victim = await startVictim({ url: partners.url, query, headers: { 'x-api-key': known } });

    for (const mode of death) partners.proxy.set(mode);
    expect(await partners.ask(revoked.secret)).toEqual(refused);
    expect(await partners.ask(known)).toEqual(answered);
    // What was read holds for 5 s, and that a key is unknown for 2 s.
    for (const seconds of [6, 20, 30]) {
      partners.clock.advance(seconds * 1_000);
      expect(await partners.ask(known)).toEqual(answered);
      expect(await partners.ask(unmet)).toEqual(unsure);
      expect(await partners.ask(newSecret('live'))).toEqual(unsure);
      expect(await partners.ask(revoked.secret)).toEqual(unsure);
    }
    await expect.poll(victim.asked, { timeout: 10_000 }).toBeGreaterThan(5);
    expect(await victim.stop()).toMatchObject({ wrong: [], errors: [] });
    partners.clock.advance(15_000);
    expect(await partners.ask(known)).toEqual(unsure);

    partners.proxy.set({ kind: 'pass' });
    const recovered = async () => {
      partners.clock.advance(2_000);
      return [await partners.ask(unmet), await partners.ask(known), await partners.ask(revoked.secret)];
    };
    await expect.poll(recovered, { timeout: 20_000, interval: 200 }).toEqual([answered, answered, refused]);
    expect(await partners.ask(newSecret('live'))).toEqual(refused);
    for (const secret of [known, unmet, revoked.secret]) expect(partners.lines.join('')).not.toContain(secret.slice(12));
  },
);

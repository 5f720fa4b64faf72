import { expect, test } from 'vitest';
import { openRefusalLog } from '#gateway/organizations/refusal-log.ts';
import { stranger } from '#kit/caller.ts';
import { ExpectedError, unauthenticated } from '#kit/errors.ts';
import type { NewAuditEvent } from '#kit/organizations/audit-event.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { bearer, claims, hmac, incoming, key, testIdentity, token } from '#test/harness/identity.ts';

const address = '192.0.2.1';

/** A log over a list, which watches whatever finds out who is calling. */
function start() {
  const events: NewAuditEvent[] = [];
  const clock = handClock();
  const log = openRefusalLog({ audit: { record: (event) => void events.push(event) }, clock, everyMs: 1_000_000 });
  return { events, clock, log, [Symbol.asyncDispose]: log[Symbol.asyncDispose] };
}

const requestOf = (headers: Record<string, string>, url = '/graphql') =>
  ({ ...incoming(headers, url), id: 'request-0001', method: 'POST', address }) as never;

const refused = async (): Promise<never> => {
  throw unauthenticated();
};

const secrets = [key('A'), key('Z'), token(claims(), undefined, hmac('another secret with more than 32 characters'))];
const expired = token(claims({ sub: 'person-7', exp: Math.floor(Date.now() / 1_000) - 600 }));

const refusals: readonly (readonly [string, Record<string, string>, string, object])[] = [
  ['an unknown key', { 'x-api-key': key('Z') }, '/graphql', { statusCode: 401, actor: 'key:lg_test_ZZZZ' }],
  ['an unknown key as bearer', bearer(key('Z')), '/graphql', { statusCode: 401, actor: 'key:lg_test_ZZZZ' }],
  ['a token of the past', bearer(expired), '/graphql', { actor: 'user:person-7', errorDetails: 'ERR_JWT_EXPIRED' }],
  ['a forged token', bearer(secrets[2] ?? ''), '/graphql', { statusCode: 401 }],
  ['half a token', bearer('eyJhbGciOiJIUzI1NiJ9.canary'), '/graphql', { statusCode: 401 }],
  ['two credentials', { 'x-api-key': key('A'), ...bearer(expired) }, '/graphql', { statusCode: 400, actor: 'key:lg_test_AAAA' }],
  [
    'a key in the URL',
    {},
    `/graphql?api_key=${key('A')}`,
    { statusCode: 400, endpoint: '/graphql', errorDetails: expect.stringContaining('must not stand in the URL') },
  ],
];

test.for(refusals)(
  'SE-29: %s makes one event with address and subject, and without the credential',
  async ([, headers, url, said]) => {
    await using given = start();
    await using identity = await testIdentity();
    const identify = given.log.watching(identity.identify);
    await expect(identify(requestOf({ ...headers, 'user-agent': `probe ${'x'.repeat(500)}` }, url))).rejects.toBeInstanceOf(
      ExpectedError,
    );
    expect(given.events).toEqual([
      expect.objectContaining({
        eventType: 'authentication',
        severity: 'warning',
        sourceIp: address,
        endpoint: '/graphql',
        method: 'POST',
        requestId: 'request-0001',
        errorDetails: expect.stringMatching(/./),
        ...said,
      }),
    ]);
    expect(given.events[0]?.userAgent).toHaveLength(256);
    const told = JSON.stringify(given.events);
    for (const secret of [...secrets, expired, 'canary']) expect(told).not.toContain(secret);
  },
);

test('whoever is believed, comes without a credential, or cannot be checked at the moment makes no event', async () => {
  await using given = start();
  await using identity = await testIdentity();
  const identify = given.log.watching(identity.identify);
  expect(await identify(requestOf({ 'x-api-key': key('A') }))).toMatchObject({ organization: 'acme-genomics' });
  expect(await identify(requestOf({}))).toBe(stranger);
  const away = given.log.watching(async () => {
    throw new ExpectedError('AUTH_UNAVAILABLE', 'away');
  });
  await expect(away(requestOf({ 'x-api-key': key('A') }))).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
  const broken = given.log.watching(async () => {
    throw new Error('a bug');
  });
  await expect(broken(requestOf({}))).rejects.toThrow('a bug');
  expect(given.events).toEqual([]);
});

async function attempt({ log }: ReturnType<typeof start>, times: number, from: (index: number) => string): Promise<void> {
  const identify = log.watching(refused);
  for (let index = 0; index < times; index++)
    await identify({ ...(requestOf({}) as object), address: from(index) } as never).catch(() => undefined);
}

test('of one address ten refusals a minute have an event of their own, and the rest are counted', async () => {
  const given = start();
  await attempt(given, 25, () => address);
  expect(given.events).toHaveLength(10);
  await attempt(given, 3, () => '192.0.2.2');
  expect(given.events).toHaveLength(13);
  given.clock.advance(60_000);
  await attempt(given, 2, () => address);
  expect(given.events).toHaveLength(15);
  await given.log[Symbol.asyncDispose]();
  expect(given.events.slice(15)).toEqual([
    {
      eventType: 'authentication',
      severity: 'warning',
      sourceIp: address,
      errorDetails: '15 more refusals have no event of their own.',
    },
  ]);
});

test('many addresses together have a thousand events a minute', async () => {
  await using given = start();
  await attempt(given, 1_500, (index) => `10.0.${index >> 8}.${index & 255}`);
  expect(given.events).toHaveLength(1_000);
});

import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { bearer, claims, curve, es256, incoming, movedClock, rs256, rsa, testIdentity, token } from '#test/harness/identity.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const newer = generateKeyPairSync('rsa', { modulusLength: 2048 });

type Pair = { readonly publicKey: (typeof rsa)['publicKey'] };

const jwk = (kid: string, { publicKey }: Pair = rsa, changes: object = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  ...changes,
});
const keySet = (...keys: readonly object[]): string => JSON.stringify({ keys });

type Answer = { status?: number; type?: string; body?: string; headers?: Record<string, string>; hang?: boolean };

/** An issuer whose answer a test changes, and an identity that believes its keys, by a clock that a test moves. */
async function startIssuer(first: Answer) {
  await using opening = new AsyncDisposableStack();
  const state = { answer: first };
  const upstream = opening.use(
    await startUpstream((_: IncomingMessage, response: ServerResponse) => {
      const { status = 200, type = 'application/json', body = '', headers = {}, hang } = state.answer;
      if (hang !== true) response.writeHead(status, { 'content-type': type, ...headers }).end(body);
    }),
  );
  const clock = movedClock();
  const failures: unknown[] = [];
  const identity = opening.use(
    await testIdentity({
      clock,
      keys: { kind: 'jwks', url: `${upstream.url}/jwks.json?tenant=1` },
      rules: { algorithms: ['RS256', 'ES256'] },
      // Nothing is remembered, so that every request asks for its key.
      keepMs: 0,
      onFailure: (error) => failures.push(error),
    }),
  );
  const opened = opening.move();
  const identify = (kid: string, signer = rs256(), alg = 'RS256') =>
    identity.identify(incoming(bearer(token(claims({}, clock), { alg, kid }, signer))));
  return { ...identity, identify, clock, upstream, state, failures, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const minute = 60;
const hour = 60 * minute;
const unauthenticated = { code: 'UNAUTHENTICATED' };
const unavailable = { code: 'AUTH_UNAVAILABLE', extensions: { retryAfter: 5 } };
const known = { kind: 'user', subject: claims().sub };

test('the keys of an issuer are fetched once and verify RS256 and ES256', async () => {
  await using issuer = await startIssuer({ body: keySet(jwk('one'), jwk('two', curve)) });
  expect(await issuer.identify('one')).toMatchObject(known);
  expect(await issuer.identify('two', es256(), 'ES256')).toMatchObject(known);
  expect(issuer.ready()).toBe(true);
  expect(issuer.upstream.seen).toEqual(['GET /jwks.json?tenant=1']);
});

const broken: readonly (readonly [string, Answer])[] = [
  ['500', { status: 500, body: keySet(jwk('one')) }],
  ['HTML', { type: 'text/html', body: '<html>sign in</html>' }],
  ['HTML said to be JSON', { body: '<html>sign in</html>' }],
  ['a redirect', { status: 302, headers: { location: '/other' }, body: keySet(jwk('one')) }],
  ['an empty set', { body: keySet() }],
  ['no set', { body: '{"keys":{}}' }],
  ['more than 64 KB', { body: keySet(jwk('one'), { note: 'x'.repeat(70_000) }) }],
  ['only keys for encryption', { body: keySet(jwk('one', rsa, { use: 'enc' })) }],
  ['only a shared secret', { body: keySet({ kty: 'oct', k: 'AAAA', kid: 'one', alg: 'HS256' }) }],
  ['only a private key', { body: keySet({ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'one' }) }],
  ['only a key that is cut', { body: keySet({ kty: 'RSA', kid: 'one', e: 'AQAB' }) }],
];

test.for(broken)('B19: a start with %s is not ready, refuses for the moment, and mends itself', async ([, answer]) => {
  await using issuer = await startIssuer(answer);
  await expect(issuer.identify('one')).rejects.toMatchObject(unavailable);
  expect([issuer.ready(), issuer.failures.length]).toEqual([false, 1]);
  issuer.state.answer = { body: keySet(jwk('one')) };
  await expect(issuer.identify('one')).rejects.toMatchObject(unavailable);
  expect(issuer.upstream.seen).toHaveLength(1);
  issuer.clock.forward(5);
  expect(await issuer.identify('one')).toMatchObject(known);
  expect(issuer.ready()).toBe(true);
});

test('B19: a start without the issuer becomes ready by itself, without a request', async () => {
  await using issuer = await startIssuer({ status: 503 });
  await expect.poll(() => issuer.failures.length).toBe(1);
  issuer.state.answer = { body: keySet(jwk('one')) };
  issuer.clock.forward(6);
  await expect.poll(() => issuer.ready(), { timeout: 5_000 }).toBe(true);
});

test.for(broken)('B19: with %s later the last good keys go on for 24 hours and no longer', async ([, answer]) => {
  await using issuer = await startIssuer({ body: keySet(jwk('one')) });
  await issuer.identify('one');
  issuer.state.answer = answer;
  issuer.clock.forward(23 * hour);
  expect(await issuer.identify('one')).toMatchObject(known);
  await expect(issuer.identify('two')).rejects.toMatchObject(unauthenticated);
  expect([issuer.failures.length > 0, issuer.ready()]).toEqual([true, true]);
  issuer.clock.forward(hour + 1);
  expect(issuer.ready()).toBe(false);
  await expect(issuer.identify('one')).rejects.toMatchObject(unavailable);
});

test('B19: an issuer that cannot be reached leaves the last good keys', async () => {
  await using issuer = await startIssuer({ body: keySet(jwk('one')) });
  await issuer.identify('one');
  await issuer.upstream[Symbol.asyncDispose]();
  issuer.clock.forward(hour);
  expect(await issuer.identify('one')).toMatchObject(known);
  await expect.poll(() => issuer.failures.length, { timeout: 5_000 }).toBeGreaterThan(0);
  expect(issuer.ready()).toBe(true);
});

test('B19: an issuer that hangs is given up after 2 s', async () => {
  await using issuer = await startIssuer({ hang: true });
  const began = Date.now();
  await expect(issuer.identify('one')).rejects.toMatchObject(unavailable);
  expect(Date.now() - began).toBeLessThan(4_000);
});

test('B19, SE-25: a new key is fetched when the first token with it comes, an old one ends with the next set', async () => {
  await using issuer = await startIssuer({ body: keySet(jwk('one')) });
  expect(await issuer.identify('one')).toMatchObject(known);
  issuer.state.answer = { body: keySet(jwk('one'), jwk('two', newer)) };
  issuer.clock.forward(31);
  expect(await issuer.identify('two', rs256(newer))).toMatchObject(known);
  expect(await issuer.identify('one')).toMatchObject(known);
  issuer.state.answer = { body: keySet(jwk('two', newer)) };
  issuer.clock.forward(11 * minute);
  await expect.poll(() => issuer.upstream.seen.length, { timeout: 5_000 }).toBe(3);
  await expect.poll(() => issuer.identify('one').catch(({ code }) => code)).toBe('UNAUTHENTICATED');
  expect(await issuer.identify('two', rs256(newer))).toMatchObject(known);
});

test('B5: however many unknown key ids come, the issuer is asked once in 30 s', async () => {
  await using issuer = await startIssuer({ body: keySet(jwk('one')) });
  await issuer.identify('one');
  issuer.clock.forward(31);
  const guesses = Array.from({ length: 50 }, (_, index) => issuer.identify(`guess-${index}`).catch(({ code }) => code));
  expect(new Set(await Promise.all(guesses))).toEqual(new Set(['UNAUTHENTICATED']));
  issuer.clock.forward(29);
  await issuer.identify('guess').catch(() => undefined);
  expect(issuer.upstream.seen).toHaveLength(2);
  issuer.clock.forward(2);
  await issuer.identify('guess').catch(() => undefined);
  expect(issuer.upstream.seen).toHaveLength(3);
});

test('a key under another id, or of another issuer, verifies nothing', async () => {
  await using issuer = await startIssuer({ body: keySet(jwk('one'), jwk('two', newer)) });
  await expect(issuer.identify('two', rs256(rsa))).rejects.toMatchObject(unauthenticated);
  await expect(issuer.identify('one', es256(), 'ES256')).rejects.toMatchObject(unauthenticated);
});

test('B19: the gateway says at /ready that it cannot check credentials yet, and answers 503 with Retry-After', async () => {
  await using issuer = await startIssuer({ status: 503 });
  await using books = await startForeign(bookshop.books);
  const { ready } = issuer;
  await using gateway = await testGateway({ sdl: composeForeign([books]), identify: () => issuer.identify('one'), ready });
  expect(await gateway.send({ path: '/ready' })).toMatchObject({ status: 503, body: { status: 'not ready' } });
  const refused = await gateway.query('{ book(id: 1) { title } }');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(refused.body.errors).toMatchObject([{ extensions: { code: 'AUTH_UNAVAILABLE', retryAfter: 5 } }]);
  expect(refused.text).not.toMatch(/127\.0\.0\.1|jwks/);
  issuer.state.answer = { body: keySet(jwk('one')) };
  issuer.clock.forward(6);
  expect((await gateway.query('{ book(id: 1) { title } }')).status).toBe(200);
  expect(await gateway.send({ path: '/ready' })).toMatchObject({ status: 200, body: { status: 'ready' } });
});

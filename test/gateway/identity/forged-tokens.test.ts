import { CompactEncrypt, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import {
  bearer,
  claims as claimsAt,
  es256,
  hmac,
  movedClock,
  rs256,
  rsa,
  secret,
  token as signed,
  testIdentity,
} from '#test/harness/identity.ts';
import type { UpstreamUnderTest } from '#test/harness/upstream.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

/** Time stands still, so that seconds can be counted exactly. */
const clock = movedClock();
const now = Math.floor(clock.now() / 1_000);
const claims = (changes: object = {}) => claimsAt(changes, clock);
const token = (payload: object | string = claims(), ...rest: [(object | string)?, ((input: string) => Buffer)?]) =>
  signed(payload, ...rest);

/** One gateway believes a shared secret, the other the keys of an issuer. */
let books: ForeignSubgraph;
let issuer: UpstreamUnderTest;
const gateways = new Map<'secret' | 'issuer', GatewayUnderTest>();
const opened = new AsyncDisposableStack();

const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
const jwks = JSON.stringify({ keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig' }] });

beforeAll(async () => {
  books = opened.use(await startForeign(bookshop.books));
  issuer = opened.use(await startUpstream(always(200, jwks)));
  const sdl = composeForeign([books]);
  const bySecret = opened.use(await testIdentity({ clock }));
  const byIssuer = opened.use(
    await testIdentity({ clock, keys: { kind: 'jwks', url: `${issuer.url}/keys` }, rules: { algorithms: ['RS256', 'ES256'] } }),
  );
  gateways.set('secret', opened.use(await testGateway({ sdl, identify: bySecret.identify })));
  gateways.set('issuer', opened.use(await testGateway({ sdl, identify: byIssuer.identify })));
});

afterAll(() => opened.disposeAsync());

const ask = async (which: 'secret' | 'issuer', given: string) => {
  const gateway = gateways.get(which);
  if (gateway === undefined) throw new Error('There is no such gateway.');
  return gateway.query('{ book(id: 1) { title } }', {}, { ...bearer(given), 'x-request-id': 'constant-id' });
};

const byKey = (kid: string | undefined, changes: object = {}): string =>
  token(claims(changes), { alg: 'RS256', typ: 'JWT', ...(kid !== undefined && { kid }) }, rs256());

const refusal = {
  errors: [
    {
      message: 'This needs a valid credential: a token as `Authorization: Bearer ...`, or an API key as `X-API-Key: ...`.',
      extensions: { code: 'UNAUTHENTICATED', requestId: 'constant-id' },
    },
  ],
};

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same bytes for a forgiving decoder: two bits at the end that mean nothing are other ones. */
function withStrayBits(given: string): string {
  const last = alphabet.indexOf(given.at(-1) ?? '');
  return given.slice(0, -1) + alphabet[last ^ 1];
}

const [head = '', body = '', signature = ''] = token().split('.');
const encrypted = () =>
  new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(Buffer.alloc(32, secret));

type Forged = readonly [row: string, what: string, token: () => string | Promise<string>];

const none = (alg: string): string => token(claims(), { alg, typ: 'JWT' }, () => Buffer.alloc(0));

const bySecret: readonly Forged[] = [
  ['B2', 'alg none', () => none('none')],
  ['B2', 'alg None', () => none('None')],
  ['B2', 'alg nOnE', () => none('nOnE')],
  ['B2', 'alg none with a signature', () => token(claims(), { alg: 'none' })],
  ['B2', 'an empty signature', () => `${head}.${body}.`],
  ['B2', 'no signature', () => `${head}.${body}`],
  ['B2', 'alg HS512, which is not accepted here', () => token(claims(), { alg: 'HS512' })],
  ['B2', 'no alg', () => token(claims(), { typ: 'JWT' })],
  ['B3', 'RS256 where a secret is shared', () => token(claims(), { alg: 'RS256' }, rs256())],
  ['-', 'another secret', () => token(claims(), undefined, hmac('another secret of more than 32 characters'))],
  ['-', 'an empty secret', () => token(claims(), undefined, hmac(''))],
  [
    '-',
    'a payload changed after signing',
    () => `${head}.${Buffer.from(JSON.stringify(claims({ sub: 'x' }))).toString('base64url')}.${signature}`,
  ],
  ['B5', 'kid that is a path', () => token(claims(), { alg: 'HS256', kid: '../../../dev/null' }, hmac(''))],
  ['B5', 'kid of 10 KB', () => token(claims(), { alg: 'HS256', kid: 'k'.repeat(10_000) })],
  ['B5', 'kid of 257 characters', () => token(claims(), { alg: 'HS256', kid: 'k'.repeat(257) })],
  ['B5', 'kid that is a list', () => token(claims(), { alg: 'HS256', kid: ['one'] })],
  ['B5', 'a key of its own in the header', () => token(claims(), { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } })],
  ['B5', 'an address of keys in the header', () => token(claims(), { alg: 'HS256', jku: 'http://127.0.0.1/keys' })],
  ['B6', 'exp past by 61 s', () => token(claims({ exp: now - 61 }))],
  ['B6', 'no exp', () => token(claims({ exp: undefined }))],
  ['B6', 'exp as text', () => token(claims({ exp: String(now + 60) }))],
  ['B6', 'exp null', () => token(claims({ exp: null }))],
  ['B6', 'exp beyond every number', () => token(JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999'))],
  ['B7', 'nbf in 61 s', () => token(claims({ nbf: now + 61 }))],
  ['B7', 'iat in 61 s', () => token(claims({ iat: now + 61 }))],
  ['B7', 'nbf as text', () => token(claims({ nbf: 'now' }))],
  ['B7', 'iat as text', () => token(claims({ iat: 'now' }))],
  ['B9', 'an unknown typ', () => token(claims(), { alg: 'HS256', typ: 'dpop+jwt' })],
  ['B9', 'crit', () => token(claims(), { alg: 'HS256', crit: ['exp'], exp: 1 })],
  ['B9', 'crit with b64', () => token(claims(), { alg: 'HS256', crit: ['b64'], b64: true })],
  ['B9', 'an encrypted token', encrypted],
  ['B9', 'a nested token', () => token(token(), { alg: 'HS256', cty: 'JWT' })],
  ['B9', 'a nested token without cty', () => token(token())],
  ['B9', 'five segments', () => `${token()}.a.b`],
  ['B9', 'a header that is a list', () => token(claims(), '["HS256"]')],
  ['B9', 'a header that is not JSON', () => token(claims(), '{"alg":"HS256"')],
  ['B9', 'a header that is not UTF-8', () => `${Buffer.from([0xff, 0xfe]).toString('base64url')}.${body}.${signature}`],
  ['B9', 'a payload that is a list', () => token('[]')],
  ['B9', 'a payload that is null', () => token('null')],
  ['B10', 'padding', () => `${head}.${body}.${signature}=`],
  ['B10', 'a blank', () => `${head}.${body} .${signature}`],
  ['B10', 'a line end, escaped', () => `${head}.${body}%0A.${signature}`],
  ['B10', 'plain base64', () => `${head}.${body}.${signature.slice(0, -1)}+`],
  ['B10', 'stray bits at the end', () => withStrayBits(token())],
  ['B11', '9 KB', () => token(claims({ note: 'x'.repeat(9_000) }))],
  ['AU-06', 'another issuer', () => token(claims({ iss: 'tracseq-gateway' }))],
  ['AU-06', 'no issuer', () => token(claims({ iss: undefined }))],
  ['AU-06', 'another audience', () => token(claims({ aud: 'tracseq-api' }))],
  ['AU-06', 'no audience', () => token(claims({ aud: undefined }))],
  ['-', 'no sub', () => token(claims({ sub: undefined }))],
  ['-', 'an empty sub', () => token(claims({ sub: '' }))],
  ['-', 'a sub that is a number', () => token(claims({ sub: 7 }))],
  ['-', 'a sub with a line end', () => token(claims({ sub: 'a\nb' }))],
  ['-', 'an unknown role', () => token(claims({ role: 'root' }))],
  ['-', 'a role in capitals', () => token(claims({ role: 'LAB_ADMINISTRATOR' }))],
  ['-', 'no role', () => token(claims({ role: undefined }))],
  ['-', 'no role in roles', () => token(claims({ role: undefined, roles: [] }))],
  ['-', 'a known and an unknown role', () => token(claims({ role: undefined, roles: ['guest', 'root'] }))],
  ['-', 'an organization with a colon', () => token(claims({ org: 'acme:genomics' }))],
  ['-', 'an empty organization', () => token(claims({ org: '' }))],
  ['-', 'text', () => 'hello'],
  ['-', 'dots', () => '..'],
];

test.for(bySecret)('%s: %s is refused', async ([, , forged]) => {
  const answer = await ask('secret', await forged());
  expect([answer.status, answer.headers.get('www-authenticate'), answer.body]).toEqual([401, 'Bearer', refusal]);
});

const byIssuer: readonly Forged[] = [
  ['B3', 'HS256 with the public key as PEM', () => token(claims(), { alg: 'HS256', kid: 'one' }, hmac(publicPem))],
  [
    'B3',
    'HS256 with the public key as DER',
    () => token(claims(), { alg: 'HS256', kid: 'one' }, hmac(rsa.publicKey.export({ type: 'spki', format: 'der' }))),
  ],
  ['B3', 'HS256 with the key set', () => token(claims(), { alg: 'HS256', kid: 'one' }, hmac(jwks))],
  ['B3', 'ES256 with the id of an RSA key', () => token(claims(), { alg: 'ES256', kid: 'one' }, es256())],
  ['B2', 'alg none', () => token(claims(), { alg: 'none', kid: 'one' }, () => Buffer.alloc(0))],
  ['B5', 'kid that is a path', () => byKey('../../etc/passwd')],
  ['B5', 'kid that is SQL', () => byKey("one' OR '1'='1")],
  ['B5', 'an unknown kid', () => byKey('two')],
  ['B5', 'kid of Object.prototype', () => byKey('constructor')],
  ['B5', 'kid in capitals', () => byKey('ONE')],
  ['B5', 'no kid', () => byKey(undefined)],
  ['B6', 'exp past by 61 s', () => byKey('one', { exp: now - 61 })],
];

test.for(byIssuer)('%s: %s is refused where an issuer has keys', async ([, , forged]) => {
  const answer = await ask('issuer', await forged());
  expect([answer.status, answer.body]).toEqual([401, refusal]);
});

const accepted: readonly (readonly ['secret' | 'issuer', string, () => string])[] = [
  ['secret', 'a token as the auth service writes it', () => token()],
  ['secret', 'exp past by 59 s', () => token(claims({ exp: now - 59 }))],
  ['secret', 'nbf and iat in 60 s', () => token(claims({ nbf: now + 60, iat: now + 60 }))],
  ['secret', 'typ at+jwt', () => token(claims(), { alg: 'HS256', typ: 'at+jwt' })],
  ['secret', 'no typ', () => token(claims(), { alg: 'HS256' })],
  ['secret', 'several audiences', () => token(claims({ aud: ['other', 'lab-management-system'] }))],
  ['secret', 'several roles', () => token(claims({ role: undefined, roles: ['guest', 'data_analyst'] }))],
  ['issuer', 'a token with a known key', () => byKey('one')],
];

test.for(accepted)('by %s, %s is accepted', async ([which, , good]) => {
  const answer = await ask(which, good());
  expect([answer.status, answer.body]).toEqual([200, { data: { book: { title: 'Book 1' } } }]);
});

test('B10: the library that verifies would itself take stray bits, so the check of the shape is what refuses them', async () => {
  await expect(jwtVerify(withStrayBits(token()), Buffer.from(secret))).resolves.toBeDefined();
});

test('B11: a token of 1 MB ends at the header limit', async () => {
  const answer = await ask('secret', `${head}.${'A'.repeat(1_000_000)}.${signature}`).catch(() => undefined);
  // Node may cut the connection while the client still writes.
  expect([431, undefined]).toContain(answer?.status);
  expect((await ask('secret', token())).status).toBe(200);
});

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { memoryBlocks } from '#gateway/http/blocks.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { strongSecrets } from '#test/harness/secrets.ts';
import { connectRaw } from '#test/harness/socket.ts';

let books: ForeignSubgraph;
let running: GatewayUnderTest | undefined;

beforeAll(async () => {
  books = await startForeign(bookshop.books);
});
afterEach(async () => {
  await running?.[Symbol.asyncDispose]();
  running = undefined;
});
afterAll(() => books[Symbol.asyncDispose]());

/** One gateway for one test, closed after it. */
const start = async (env: Record<string, string> = {}, parts: Partial<Parameters<typeof testGateway>[0]> = {}) => {
  running = await testGateway({ sdl: composeForeign([books]), env, ...parts });
  return running;
};

/** Status of a query from one client address, as a proxy on this machine would tell it. */
const statusFor = async (gateway: GatewayUnderTest, forwardedFor: string): Promise<number> =>
  (await gateway.query('{ __typename }', {}, { 'x-forwarded-for': forwardedFor })).status;

describe('RL-03 the address of a client', () => {
  /** Serves the one address alone, so that the status tells what was understood. */
  const only = (address: string, env: Record<string, string>) => start({ IP_ALLOW: address, ...env });

  test('is the peer when no proxy is trusted, whatever X-Forwarded-For says', async () => {
    const gateway = await only('127.0.0.1', {});
    expect(await statusFor(gateway, '203.0.113.9')).toBe(200);
  });

  test('is what a trusted proxy tells, in any spelling', async () => {
    const gateway = await only('203.0.113.9', { TRUSTED_PROXIES: 'loopback' });
    for (const told of ['203.0.113.9', '::ffff:203.0.113.9', '203.0.113.9:4711', '198.51.100.1, 203.0.113.9'])
      expect([told, await statusFor(gateway, told)]).toEqual([told, 200]);
    for (const told of ['203.0.113.10', '203.0.113.9, 198.51.100.1', '203.0.113.9, nonsense', ''])
      expect([told, await statusFor(gateway, told)]).toEqual([told, 403]);
  });

  test('is found behind several trusted proxies, and not before the first that is not', async () => {
    const gateway = await only('203.0.113.9', { TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' });
    expect(await statusFor(gateway, '203.0.113.9, 10.0.0.7')).toBe(200);
    expect(await statusFor(gateway, '203.0.113.9, 192.168.0.7')).toBe(403);
  });

  test('is the peer when the peer is no trusted proxy', async () => {
    const gateway = await only('203.0.113.9', { TRUSTED_PROXIES: '10.0.0.0/8' });
    expect(await statusFor(gateway, '203.0.113.9')).toBe(403);
  });

  test('has one spelling for who identifies the caller', async () => {
    const seen: string[] = [];
    const gateway = await start(
      { TRUSTED_PROXIES: 'loopback' },
      {
        identify: async ({ address }) => {
          seen.push(address);
          throw new Error('enough');
        },
      },
    );
    await statusFor(gateway, '2001:DB8:0::1');
    expect(seen).toEqual(['2001:db8::1']);
  });
});

describe('address lists', () => {
  const behindProxy = { TRUSTED_PROXIES: 'loopback' };

  test('SE-08 a denied address gets 403 everywhere but on the probes, an allowed one elsewhere does not help it', async () => {
    const gateway = await start({ ...behindProxy, IP_DENY: '203.0.113.0/24', IP_ALLOW: '203.0.0.0/16' });
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    for (const path of ['/graphql', '/api/v1/public/graphql', '/nothing', '/livex', '/LIVE', '/live/../graphql']) {
      const { status, body, headers: answered } = await gateway.send({ path, headers });
      expect([path, status, body.errors?.[0]?.extensions]).toEqual([
        path,
        403,
        { code: 'FORBIDDEN', requestId: answered.get('x-request-id') },
      ]);
    }
    for (const path of ['/live', '/ready', '/live/']) expect((await gateway.send({ path, headers })).status).toBe(200);
    expect(await statusFor(gateway, '203.0.0.1')).toBe(200);
    expect(await statusFor(gateway, '198.51.100.1')).toBe(403);
  });

  test('RL-17 the refusal comes before the body, and the connection ends with it', async () => {
    const gateway = await start({ IP_DENY: 'loopback' });
    using client = await connectRaw(gateway.url);
    client.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{');
    expect(await client.ended).toMatch(/^HTTP\/1\.1 403 .*connection: close.*"code":"FORBIDDEN"/s);
  });

  test('SE-09 a feed file is swapped in whole; a broken line is told by its number and the old addresses stay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
    const file = join(folder, 'feed.txt');
    const replace = async (text: string): Promise<void> => {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    };
    const lines: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line) => lines.push(JSON.parse(line).err.message) });
    await replace('# known attackers\n203.0.113.0/24 # a network\n\n198.51.100.1 ; an address\r\n');
    const gateway = await start({ ...behindProxy, IP_FEED_PATH: file, IP_FEED_POLL_MS: '20' }, { logger });
    expect([await statusFor(gateway, '203.0.113.9'), await statusFor(gateway, '198.51.100.1')]).toEqual([403, 403]);
    expect(await statusFor(gateway, '192.0.2.1')).toBe(200);

    await replace('192.0.2.1\nnot-an-address\n');
    await expect.poll(() => lines).toEqual(['line 2 is neither an IP address nor a range']);
    expect([await statusFor(gateway, '203.0.113.9'), await statusFor(gateway, '192.0.2.1')]).toEqual([403, 200]);

    await replace('192.0.2.1\n');
    await expect.poll(() => statusFor(gateway, '192.0.2.1')).toBe(403);
    expect(await statusFor(gateway, '203.0.113.9')).toBe(200);

    await rm(file);
    await expect.poll(() => lines.length).toBe(2);
    expect(await statusFor(gateway, '192.0.2.1')).toBe(403);
    await rm(folder, { recursive: true });
  });

  test('a feed that is broken or missing at the start stops it by name', async () => {
    await expect(start({ IP_FEED_PATH: '/nowhere/feed.txt' })).rejects.toThrow(/^IP_FEED_PATH: ENOENT/);
    const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
    await writeFile(join(folder, 'feed.txt'), '10.0.0.1\n10.0.0.0/99\n');
    await expect(start({ IP_FEED_PATH: join(folder, 'feed.txt') })).rejects.toThrow('IP_FEED_PATH: line 2 is neither');
    await rm(folder, { recursive: true });
  });

  test('RL-16 a block holds until its time is over or it is lifted', async () => {
    let now = 1_000;
    const blocks = memoryBlocks({ clock: { now: () => now } });
    const gateway = await start(behindProxy, { blocks });
    await blocks.block({ address: '::ffff:203.0.113.9', reason: 'too many requests', until: 2_000 });
    await blocks.block({ address: '2001:DB8::1', reason: 'guesses keys', until: 9_000 });
    expect([await statusFor(gateway, '203.0.113.9'), await statusFor(gateway, '2001:db8::1')]).toEqual([403, 403]);
    expect(await blocks.list()).toHaveLength(2);
    now = 2_000;
    expect(await statusFor(gateway, '203.0.113.9')).toBe(200);
    expect(await blocks.list()).toEqual([{ address: '2001:db8::1', reason: 'guesses keys', until: 9_000 }]);
    expect([await blocks.lift('2001:db8:0::1'), await blocks.lift('2001:db8::1')]).toEqual([true, false]);
    expect(await statusFor(gateway, '2001:db8::1')).toBe(200);
    await expect(blocks.block({ address: 'somebody', reason: '', until: 1 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('no flood of blocks grows the list beyond its bound; those that end last stay', async () => {
    const blocks = memoryBlocks({ clock: { now: () => 0 }, max: 100 });
    await blocks.block({ address: '203.0.113.9', reason: 'for long', until: 1_000_000 });
    for (let host = 0; host < 1_000; host++)
      await blocks.block({ address: `10.0.${host >> 8}.${host & 255}`, reason: 'flood', until: 1_000 + host });
    expect((await blocks.list()).length).toBeLessThanOrEqual(100);
    expect(blocks.find('203.0.113.9')).toBeDefined();
    expect(blocks.find('10.0.3.231')).toBeDefined();
  });

  test.each([
    ['TRUSTED_PROXIES', 'loopback, 10.0.0.0/99'],
    ['TRUSTED_PROXIES', 'proxy.example.org'],
    ['IP_ALLOW', '10.0.0'],
    ['IP_DENY', '2001:db8::/200'],
  ])('%s=%s stops the start and is named', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`^${name}: ".*" is neither an IP address nor a range`));
  });
});

describe('CORS', () => {
  const origin = 'https://app.example.org';
  const preflight = (gateway: GatewayUnderTest, from: string) =>
    gateway.send({
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' },
    });
  const corsHeaders = (headers: Headers): readonly string[] =>
    [...headers.keys()].filter((name) => name.startsWith('access-control-'));

  test('a listed origin may read answers, refusals included, and its preflight is answered and kept', async () => {
    const gateway = await start({ CORS_ORIGINS: `https://other.example.org, ${origin}/` });
    const answered = await preflight(gateway, origin);
    expect([answered.status, answered.text]).toEqual([204, '']);
    expect(Object.fromEntries([...answered.headers].filter(([name]) => name.startsWith('access-control-')))).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': expect.stringMatching(
        /Authorization.*X-API-Key.*Apollo-Require-Preflight.*X-Apollo-Operation-Name.*Traceparent/,
      ),
      'access-control-expose-headers': expect.stringMatching(
        /X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, X-RateLimit/,
      ),
      'access-control-max-age': '7200',
    });
    expect(answered.headers.get('vary')).toBe('Origin');
    for (const query of ['{ __typename }', '{ nothing }', '{ __typename'])
      expect((await gateway.query(query, {}, { origin })).headers.get('access-control-allow-origin')).toBe(origin);
    const missing = await gateway.send({ path: '/nothing', headers: { origin } });
    expect([missing.status, missing.headers.get('access-control-allow-origin')]).toEqual([404, origin]);
  });

  test('SE-10 another origin gets no CORS header, on a preflight as little as on an answer', async () => {
    const gateway = await start({ CORS_ORIGINS: origin });
    for (const from of ['https://evil.example.org', 'null', `${origin}.evil.example.org`, 'http://app.example.org']) {
      const refused = await preflight(gateway, from);
      expect([refused.status, corsHeaders(refused.headers)]).toEqual([405, []]);
      const answered = await gateway.query('{ __typename }', {}, { origin: from });
      expect([answered.status, corsHeaders(answered.headers), answered.headers.get('vary')]).toEqual([200, [], 'Origin']);
    }
  });

  test('a refusal for want of a credential can be read by a listed origin, and its preflight needs none', async () => {
    const { ExpectedError } = await import('#kit/errors.ts');
    const gateway = await start(
      { CORS_ORIGINS: origin },
      { identify: () => Promise.reject(new ExpectedError('UNAUTHENTICATED', 'Who is asking?')) },
    );
    expect((await preflight(gateway, origin)).status).toBe(204);
    const refused = await gateway.query('{ __typename }', {}, { origin });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, origin]);
  });

  test('any origin, in development only, gets no credentials', async () => {
    const gateway = await start({ CORS_ORIGINS: '*', ENVIRONMENT: 'development' });
    const answered = await gateway.query('{ __typename }', {}, { origin });
    expect(corsHeaders(answered.headers)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
    expect(answered.headers.get('access-control-allow-origin')).toBe('*');
  });

  test.each([
    [{ CORS_ORIGINS: '*', ENVIRONMENT: 'test' }, 'CORS_ORIGINS'],
    [{ CORS_ORIGINS: `${origin},*`, ENVIRONMENT: 'test' }, 'CORS_ORIGINS'],
    [{ CORS_ORIGINS: '*', CORS_CREDENTIALS: 'true' }, 'CORS_CREDENTIALS'],
    [{ CORS_ORIGINS: 'app.example.org' }, 'CORS_ORIGINS'],
    [{ CORS_ORIGINS: `${origin}/page` }, 'CORS_ORIGINS'],
    [{ CORS_ORIGINS: 'null' }, 'CORS_ORIGINS'],
    [{ CORS_ORIGINS: origin, CORS_CREDENTIALS: 'yes' }, 'CORS_CREDENTIALS'],
  ])('%j stops the start and %s is named', (env: Record<string, string>, named) => {
    expect(() => readConfig(env)).toThrow(new RegExp(`^${named}: `));
  });

  test('credentials of listed origins can be switched off', async () => {
    const gateway = await start({ CORS_ORIGINS: origin, CORS_CREDENTIALS: 'false' });
    expect((await preflight(gateway, origin)).headers.has('access-control-allow-credentials')).toBe(false);
  });
});

describe('headers of every answer', () => {
  const standing = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-xss-protection': '1; mode=block',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'permissions-policy': 'geolocation=(), microphone=(), camera=()',
    'cache-control': 'no-store',
  };
  const answers: readonly (readonly [string, RequestInit & { path?: string }])[] = [
    ['data', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}' }],
    ['a parse failure', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{"}' }],
    ['a cut body', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }],
    ['a wrong media type', { method: 'POST', body: '{' }],
    ['a wrong method', { method: 'PUT' }],
    ['an unknown path', { path: '/nothing' }],
    ['a path that cannot be decoded', { path: '/%zz' }],
    ['a probe', { path: '/live' }],
  ];

  test.each(answers)('SE-12 %s', async (_, init) => {
    const gateway = await start();
    const { headers } = await gateway.send(init);
    expect(Object.fromEntries(headers)).toMatchObject({ ...standing, 'x-request-id': expect.any(String) });
    for (const name of ['strict-transport-security', 'x-powered-by', 'server', 'via']) expect(headers.has(name)).toBe(false);
  });

  test('SE-13 production asks browsers to come by HTTPS for a year', async () => {
    const gateway = await start({ ENVIRONMENT: 'production', ...strongSecrets });
    const { headers } = await gateway.send({ path: '/live' });
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
  });

  test('the page of development has a policy of its own', async () => {
    const gateway = await start({}, { page: () => '<html></html>' });
    const { headers } = await gateway.send({ headers: { accept: 'text/html' } });
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'unsafe-inline'.*connect-src 'self'/);
    expect(headers.get('x-frame-options')).toBe('DENY');
  });
});

describe('SE-11 what a page of another origin can send without a preflight runs nothing', () => {
  const mutation = JSON.stringify({ query: 'mutation { rename(id: "1", title: "x") { id } }' });
  const search = new URLSearchParams({ query: '{ books(first: 1) { id } }' }).toString();
  const simple: readonly (readonly [string, RequestInit & { path?: string }, number])[] = [
    ['text/plain', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: mutation }, 415],
    ['a form', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: mutation }, 415],
    ['multipart', { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: mutation }, 400],
    ['no content type', { method: 'POST', body: new Blob([mutation]) }, 415],
    [
      'JSON as a parameter of plain text',
      { method: 'POST', headers: { 'content-type': 'text/plain;a=application/json' }, body: mutation },
      415,
    ],
    ['a query by GET', { path: `/graphql?${search}` }, 400],
    ['a query by GET as plain text', { path: `/graphql?${search}`, headers: { 'content-type': 'text/plain' } }, 400],
    ['a query by GET as something else', { path: `/graphql?${search}`, headers: { 'content-type': 'message/http' } }, 415],
  ];

  test.each(simple)('%s', async (_, init, status) => {
    const gateway = await start();
    const before = books.seen.length;
    const answered = await gateway.send(init);
    expect([answered.status, answered.body.data]).toEqual([status, undefined]);
    expect(books.seen.length).toBe(before);
  });
});

describe('B18 headers that go on to subgraphs', () => {
  const ask = async (gateway: GatewayUnderTest, headers: string): Promise<Record<string, unknown>> => {
    using client = await connectRaw(gateway.url);
    const body = '{"query":"{ books(first: 1) { id } }"}';
    client.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`,
    );
    await client.received(/"books"/);
    return books.seen.at(-1) ?? {};
  };

  test('are those of the list, by their exact names', async () => {
    const gateway = await start({ FORWARD_HEADERS: 'x-tenant' });
    const sent = await ask(
      gateway,
      'connection: x-tenant\r\nx_tenant: forged\r\nx-org-id: forged\r\nx-gateway-identity: forged\r\nX-Tenant: north  \r\n',
    );
    expect(sent['x-tenant']).toBe('north');
    expect(JSON.stringify(sent)).not.toContain('forged');
  });

  test.each(['x_tenant', 'connection', 'Transfer-Encoding', 'host', 'X-Gateway-Identity', 'x-a: b'])(
    'FORWARD_HEADERS=%s stops the start',
    (name) => {
      expect(() => readConfig({ FORWARD_HEADERS: `x-tenant,${name}` })).toThrow(/^FORWARD_HEADERS: /);
    },
  );
});

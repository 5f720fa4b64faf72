import { expect, test } from 'vitest';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import { sandboxJwtSecret } from '#ops/sandbox/data/secrets.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { bearer, claims, hmac, incoming, movedClock, secret, testIdentity, token } from '#test/harness/identity.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const unauthenticated = { code: 'UNAUTHENTICATED' };
const unavailable = { code: 'AUTH_UNAVAILABLE', extensions: { retryAfter: 5 } };

const authAt = (url: string) => ({
  settings: { ...readUpstreamSettings('auth', { AUTH_SERVICE_CIRCUIT_BREAKER: 'false' }), url },
});

/** The sandbox's auth service, and an identity that asks it, by one clock. */
async function startSessions() {
  await using opening = new AsyncDisposableStack();
  const clock = movedClock();
  const asked: string[] = [];
  const onCall = ({ path }: { path: string }) => path === '/validate/token' && asked.push(path);
  const sandbox = opening.use(await startSandbox({ services: ['auth'], ports: 'any', clock, onCall }));
  const url = sandbox.urls.get('auth') ?? '';
  const identity = opening.use(
    await testIdentity({ clock, keys: { kind: 'secrets', secrets: [sandboxJwtSecret] }, auth: authAt(url) }),
  );
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
    return (await fetch(url + path, init)).json() as Promise<{ data: { access_token: string; session_id: string } }>;
  };
  const opened = opening.move();
  return {
    clock,
    asked,
    sandbox,
    identify: (given: string) => identity.identify(incoming(bearer(given))),
    async login(email = 'admin@lab.example') {
      const { data } = await post('/auth/login', { email, password: 'sandbox' });
      return {
        token: data.access_token,
        logout: () => post('/auth/logout', { session_id: data.session_id }, bearer(data.access_token)),
      };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

test('a login of the sandbox is a person of the laboratory, with the role of the account', async () => {
  await using sessions = await startSessions();
  const admin = await sessions.identify((await sessions.login()).token);
  expect(admin).toMatchObject({ kind: 'user', organization: 'lab', plan: 'enterprise', roles: ['lab_administrator'] });
  expect(admin.tenant).toBeUndefined();
  expect(admin.scopes).toContain('users:admin');
  const guest = await sessions.identify((await sessions.login('guest@lab.example')).token);
  expect(guest).toMatchObject({ roles: ['guest'], scopes: expect.not.arrayContaining(['queries:execute']) });
});

test('the auth service is asked once in 30 s, however many requests come at once; each gets the same caller', async () => {
  await using sessions = await startSessions();
  const { token: given } = await sessions.login();
  const callers = await Promise.all(Array.from({ length: 50 }, () => sessions.identify(given)));
  expect(new Set(callers).size).toBe(1);
  sessions.clock.forward(29);
  expect(await sessions.identify(given)).toBe(callers[0]);
  expect(sessions.asked).toHaveLength(1);
  sessions.clock.forward(1);
  expect(await sessions.identify(given)).toEqual(callers[0]);
  expect(sessions.asked).toHaveLength(2);
});

test('after a logout a token is refused within 30 s, and then without asking for each request', async () => {
  await using sessions = await startSessions();
  const { token: given, logout } = await sessions.login();
  await sessions.identify(given);
  await logout();
  sessions.clock.forward(30);
  for (let request = 0; request < 5; request++) await expect(sessions.identify(given)).rejects.toMatchObject(unauthenticated);
  expect(sessions.asked).toHaveLength(2);
  sessions.clock.forward(2);
  await expect(sessions.identify(given)).rejects.toMatchObject(unauthenticated);
  expect(sessions.asked).toHaveLength(3);
});

test('a token that verifies but that the auth service never gave out is refused', async () => {
  await using sessions = await startSessions();
  const made = token(claims({}, sessions.clock), undefined, hmac(sandboxJwtSecret));
  await expect(sessions.identify(made)).rejects.toMatchObject(unauthenticated);
});

test('a token that does not verify costs the auth service no call', async () => {
  await using sessions = await startSessions();
  await expect(sessions.identify(token(claims({}, sessions.clock)))).rejects.toMatchObject(unauthenticated);
  expect(sessions.asked).toEqual([]);
});

test('a kept token still ends at its time', async () => {
  await using sessions = await startSessions();
  const { token: given } = await sessions.login();
  sessions.clock.forward(3_600 + 50);
  // The service itself has no leeway, so this asks the gateway's own clock alone.
  await sessions.sandbox.stop('auth');
  await expect(sessions.identify(given)).rejects.toMatchObject(unavailable);
  sessions.clock.forward(11);
  await expect(sessions.identify(given)).rejects.toMatchObject(unauthenticated);
});

test('while the auth service is away who was known goes on for 60 s, and who was not is told to come back', async () => {
  await using sessions = await startSessions();
  const [known, unknown] = [await sessions.login(), await sessions.login('tech@lab.example')];
  const caller = await sessions.identify(known.token);
  await sessions.sandbox.stop('auth');
  sessions.clock.forward(31);
  expect(await sessions.identify(known.token)).toEqual(caller);
  await expect(sessions.identify(unknown.token)).rejects.toMatchObject(unavailable);
  sessions.clock.forward(58);
  expect(await sessions.identify(known.token)).toEqual(caller);
  sessions.clock.forward(1);
  await expect(sessions.identify(known.token)).rejects.toMatchObject(unavailable);
});

test('while the auth service is away it is asked every 5 s and not for every request', async () => {
  const clock = movedClock();
  const state = { away: false };
  await using service = await startUpstream((request, response) =>
    state.away ? always(503, '')(request, response) : always(200, '{"success":true,"data":{"valid":true}}')(request, response),
  );
  await using identity = await testIdentity({ clock, auth: authAt(service.url) });
  const request = incoming(bearer(token(claims({}, clock))));
  await identity.identify(request);
  state.away = true;
  clock.forward(30);
  for (let asked = 0; asked < 10; asked++) await identity.identify(request);
  expect(service.seen).toHaveLength(2);
  clock.forward(5);
  await identity.identify(request);
  expect(service.seen).toHaveLength(3);
});

const answers: readonly (readonly [string, number, string, object])[] = [
  ['401 JWT_ERROR', 401, '{"error":{"code":"JWT_ERROR"}}', unauthenticated],
  ['404 SESSION_NOT_FOUND', 404, '{"error":{"code":"SESSION_NOT_FOUND"}}', unauthenticated],
  ['valid: false', 200, '{"success":true,"data":{"valid":false}}', unauthenticated],
  ['404 of something else', 404, 'not found', unavailable],
  ['401 for the gateway itself', 401, '{"error":{"code":"AUTHENTICATION_FAILED"}}', unavailable],
  ['500', 500, '', unavailable],
  ['200 without a word on validity', 200, '{"success":true}', unavailable],
  ['valid as text', 200, '{"data":{"valid":"true"}}', unavailable],
  ['HTML', 200, '<html>', unavailable],
  ['a redirect', 302, '', unavailable],
];

test.for(answers)('the answer %s of the auth service', async ([, status, body, expected]) => {
  await using service = await startUpstream(always(status, body));
  await using identity = await testIdentity({ auth: authAt(service.url) });
  await expect(identity.identify(incoming(bearer(token())))).rejects.toMatchObject(expected);
  expect(service.seen).toEqual(['POST /validate/token']);
});

test('an auth service that hangs is given up after 2 s', async () => {
  await using service = await startUpstream(() => undefined);
  await using identity = await testIdentity({ auth: authAt(service.url) });
  const began = Date.now();
  await expect(identity.identify(incoming(bearer(token())))).rejects.toMatchObject(unavailable);
  expect(Date.now() - began).toBeLessThan(4_000);
});

test('SE-25: the secret before goes on beside the new one, and ends with its variable', async () => {
  const old = 'the secret before this one, of more than 32 characters';
  const given = { before: incoming(bearer(token(claims(), undefined, hmac(old)))), after: incoming(bearer(token())) };
  await using overlap = await testIdentity({ keys: { kind: 'secrets', secrets: [secret, old] } });
  expect(await overlap.identify(given.before)).toMatchObject({ kind: 'user' });
  expect(await overlap.identify(given.after)).toMatchObject({ kind: 'user' });
  await using later = await testIdentity({ keys: { kind: 'secrets', secrets: [secret] } });
  await expect(later.identify(given.before)).rejects.toMatchObject(unauthenticated);
});

test('people of another organization see its data alone and have no say over the laboratory', async () => {
  await using identity = await testIdentity();
  const caller = await identity.identify(incoming(bearer(token(claims({ org: 'acme-genomics' })))));
  expect(caller).toMatchObject({ kind: 'user', organization: 'acme-genomics', tenant: 'acme-genomics', plan: 'premium' });
  expect(caller.scopes).toContain('samples:delete');
  expect(caller.scopes).not.toContain('users:admin');
  const own = await identity.identify(incoming(bearer(token(claims({ org: 'lab' })))));
  expect([own.organization, own.tenant, own.plan]).toEqual(['lab', undefined, 'enterprise']);
});

import type { ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { userId } from '#ops/sandbox/data/facts.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import type { UpstreamUnderTest } from '#test/harness/upstream.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const tech = userId(2);
const loginWith = `mutation ($input: LoginInput!) {
  login(input: $input) { accessToken refreshToken expiresAt sessionId user { id email role displayName } }
}`;
const refresh = 'mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken refreshToken sessionId } }';
const register = 'mutation ($input: RegisterInput!, $key: String) { register(input: $input, idempotencyKey: $key) }';
const reset = 'mutation ($token: String!, $to: String!) { resetPassword(token: $token, newPassword: $to) }';
const verify = 'mutation { verifyEmail(token: "letter") }';
const revoke = 'mutation ($id: ID!) { revokeSession(id: $id) }';
const enable = 'mutation ($id: ID!, $enabled: Boolean!) { setUserEnabled(id: $id, enabled: $enabled) }';
const remove = 'mutation ($id: ID!) { deleteUser(id: $id) }';
const techLogin = { email: 'tech@lab.example', password: 'sandbox' };
const newcomer = { email: 'new@lab.example', password: 'Passw0rd', firstName: 'New', lastName: 'Comer' };

type Session = { readonly authorization: string; readonly session: string; readonly refreshToken: string };

/** Signs in past the subgraph and leaves no trace in `calls`. */
async function signedIn({ upstream, calls }: SubgraphUnderTest, name: string): Promise<Session> {
  const { data } = await post<{ data: Record<'access_token' | 'session_id' | 'refresh_token', string> }>(
    `${upstream}/auth/login`,
    { email: `${name}@lab.example`, password: 'sandbox', remember_me: true },
  );
  calls.length = 0;
  return { authorization: `Bearer ${data.access_token}`, session: data.session_id, refreshToken: data.refresh_token };
}

async function post<Body>(url: string, body: object): Promise<Body> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Body;
}

const statusOf = async ({ upstream }: SubgraphUnderTest, path: string, authorization: string): Promise<number> =>
  (await fetch(upstream + path, { headers: { authorization } })).status;
const loginStatus = async ({ upstream }: SubgraphUnderTest, email: string, password: string): Promise<number> => {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${upstream}/auth/login`, { method: 'POST', headers, body: JSON.stringify({ email, password }) })).status;
};
const pathsOf = ({ calls }: SubgraphUnderTest): string[] => calls.map(({ method, path }) => `${method} ${path}`);
const answerOf = <Value>({ data }: ExecutionResult, field: string): Value => data?.[field] as Value;
const payload = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');

test('a login gives a token that holds, and the person it is for', async () => {
  await using auth = await startSubgraph('auth');
  const answer = await auth.askLocally(loginWith, { input: techLogin });
  expect(answer.errors).toBeUndefined();
  const { accessToken, ...login } = answerOf<{ accessToken: string }>(answer, 'login');
  expect(login).toMatchObject({
    refreshToken: null,
    user: { id: tech, email: 'tech@lab.example', role: 'LAB_TECHNICIAN', displayName: expect.any(String) },
  });
  expect(pathsOf(auth)).toEqual(['POST /auth/login', 'GET /auth/me']);
  expect(await statusOf(auth, '/auth/me', `Bearer ${accessToken}`)).toBe(200);
});

test('a login costs one call when the person is not asked for', async () => {
  await using auth = await startSubgraph('auth');
  await auth.askLocally('mutation ($input: LoginInput!) { login(input: $input) { sessionId } }', { input: techLogin });
  expect(pathsOf(auth)).toEqual(['POST /auth/login']);
});

test('an unknown address and a wrong password look exactly alike', async () => {
  await using auth = await startSubgraph('auth');
  const unknown = await auth.ask(loginWith, { input: { ...techLogin, email: 'nobody@lab.example' } });
  const wrong = await auth.ask(loginWith, { input: { ...techLogin, password: 'wrong' } });
  expect(wrong).toEqual(unknown);
  expect(wrong).toEqual({
    errors: [{ message: 'E-mail or password is wrong.', path: ['login'], extensions: { code: 'UNAUTHENTICATED' } }],
    data: { login: null },
  });
});

test('an account that is locked is FORBIDDEN', async () => {
  await using auth = await startSubgraph('auth');
  const attempt = (password: string) => auth.askLocally(loginWith, { input: { ...techLogin, password } });
  for (let failure = 0; failure < 5; failure += 1) await attempt('wrong');
  const { errors } = await attempt('sandbox');
  expect(errors).toMatchObject([{ message: 'The account is locked for a while.', extensions: { code: 'FORBIDDEN' } }]);
});

test.for([
  [loginWith, { input: { ...techLogin, email: 'nobody' } }, 'input.email: must be an e-mail address.'],
  [loginWith, { input: { ...techLogin, password: '' } }, 'input.password: must have 1 to 1024 characters.'],
  [refresh, { token: '' }, 'refreshToken: must have 1 to 1024 characters.'],
  [register, { input: { ...newcomer, email: '@' } }, 'input.email: must have 3 to 255 characters.'],
  [register, { input: { ...newcomer, firstName: '' } }, 'input.firstName: must have 1 to 255 characters.'],
  [register, { input: { ...newcomer, lastName: 'x'.repeat(256) } }, 'input.lastName: must have 1 to 255 characters.'],
  ['mutation { requestPasswordReset(email: "nobody") }', {}, 'email: must be an e-mail address.'],
  [reset, { token: '', to: 'Passw0rd' }, 'token: must have 1 to 1024 characters.'],
] as const)('what is out of its bounds is refused without a call (%#)', async ([text, given, message]) => {
  await using auth = await startSubgraph('auth');
  const { errors } = await auth.ask(text, given);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(auth.calls).toEqual([]);
});

test.for(['Passw0r', 'passw0rd', 'PASSW0RD', 'Password'])('%s is no password, neither first nor new', async (password) => {
  await using auth = await startSubgraph('auth');
  const first = await auth.ask(register, { input: { ...newcomer, password } });
  const next = await auth.ask(reset, { token: 'letter', to: password });
  const rule = 'must have 8 to 1024 characters, among them a capital letter, a small letter and a digit.';
  expect(first.errors).toMatchObject([{ message: `input.password: ${rule}`, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(next.errors).toMatchObject([{ message: `newPassword: ${rule}`, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(auth.calls).toEqual([]);
});

test('a refreshed session takes the place of the old one', async () => {
  await using auth = await startSubgraph('auth');
  const old = await signedIn(auth, 'tech');
  const answer = await auth.askLocally(refresh, { token: old.refreshToken });
  expect(answer.errors).toBeUndefined();
  const { accessToken } = answerOf<{ accessToken: string }>(answer, 'refreshSession');
  expect(await statusOf(auth, '/auth/me', `Bearer ${accessToken}`)).toBe(200);
  expect(await statusOf(auth, '/auth/me', old.authorization)).toBe(404);
  const { errors } = await auth.askLocally(refresh, { token: old.refreshToken });
  expect(errors).toMatchObject([{ message: 'The token is not valid any more.', extensions: { code: 'UNAUTHENTICATED' } }]);
});

test('whoever registers can sign in', async () => {
  await using auth = await startSubgraph('auth');
  const answer = await auth.askLocally(register, { input: newcomer });
  expect(answer.errors).toBeUndefined();
  expect(pathsOf(auth)).toEqual(['POST /auth/register']);
  const { data } = await post<{ data: object }>(`${auth.upstream}/auth/login`, newcomer);
  expect(data).toMatchObject({ user_id: answerOf(answer, 'register'), role: 'guest' });
});

test('an address that is already used is refused in our own words', async () => {
  await using auth = await startSubgraph('auth');
  const { data, errors } = await auth.ask(register, { input: { ...newcomer, email: 'tech@lab.example' } });
  expect(data).toEqual({ register: null });
  expect(errors).toMatchObject([{ message: 'input.email: is already used.', extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('an address that only the service finds wrong is refused in our own words', async () => {
  await using auth = await startSubgraph('auth');
  const { errors } = await auth.ask(register, { input: { ...newcomer, email: 'new@lab' } });
  expect(errors).toMatchObject([{ message: 'The auth service refuses these values.', extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('the same idempotency key twice makes one account and answers alike', async () => {
  await using auth = await startSubgraph('auth');
  const first = await auth.askLocally(register, { input: newcomer, key: 'attempt-1' });
  expect(first.errors).toBeUndefined();
  expect(await auth.askLocally(register, { input: newcomer, key: 'attempt-1' })).toEqual(first);
  expect(pathsOf(auth)).toEqual(['POST /auth/register']);
});

test('a letter is asked for without telling whether there is such an account', async () => {
  await using auth = await startSubgraph('auth');
  const ask = (email: string) => auth.ask('mutation ($to: String!) { requestPasswordReset(email: $to) }', { to: email });
  expect(await ask('nobody@lab.example')).toEqual({ data: { requestPasswordReset: true } });
  expect(await ask('tech@lab.example')).toEqual({ data: { requestPasswordReset: true } });
});

test('a password that was set anew holds from then on, once per letter', async () => {
  await using auth = await startSubgraph('auth');
  const before = await signedIn(auth, 'tech');
  await auth.askLocally('mutation { requestPasswordReset(email: "tech@lab.example") }');
  const outbox = await fetch(`${auth.upstream}/sandbox/outbox`);
  const { last_reset: letter } = (await outbox.json()) as { last_reset: { token: string } };
  const given = { token: letter.token, to: 'N3wPassword' };
  expect(await auth.askLocally(reset, given)).toEqual({ data: { resetPassword: true } });
  expect(await loginStatus(auth, 'tech@lab.example', 'N3wPassword')).toBe(200);
  expect(await statusOf(auth, '/auth/me', before.authorization)).toBe(404);
  const { errors } = await auth.askLocally(reset, given);
  expect(errors).toMatchObject([{ message: 'token: is not valid, or not any more.', extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('what the auth service has switched off is told so', async () => {
  await using auth = await startSubgraph('auth');
  const { data, errors } = await auth.ask(verify);
  expect(data).toEqual({ verifyEmail: null });
  expect(errors).toMatchObject([
    { message: 'The auth service has this switched off.', extensions: { code: 'UPSTREAM_REJECTED', retryable: false } },
  ]);
});

test('an address is confirmed where the auth service can', async () => {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"message":"ok"}');
  });
  await using auth = await startSubgraph('auth', { url: upstream.url });
  expect(await auth.askLocally(verify)).toEqual({ data: { verifyEmail: true } });
  expect(upstream.seen).toEqual(['POST /auth/verify-email']);
});

test('a logout ends the session of the token and no other', async () => {
  await using auth = await startSubgraph('auth');
  const [one, other] = [await signedIn(auth, 'tech'), await signedIn(auth, 'tech')];
  expect(await auth.askLocally('mutation { logout }', {}, one)).toEqual({ data: { logout: true } });
  expect(pathsOf(auth)).toEqual(['POST /auth/logout']);
  expect(await statusOf(auth, '/auth/me', one.authorization)).toBe(404);
  expect(await statusOf(auth, '/auth/me', other.authorization)).toBe(200);
});

test.for(['nonsense', 'a.b.c', `a.${payload({})}.c`, `a.${payload({ jti: '../admin' })}.c`, `a.${payload([])}.c`])(
  'a token without a session to read, such as %s, cannot log out',
  async (token) => {
    await using auth = await startSubgraph('auth');
    const { errors } = await auth.ask('mutation { logout }', {}, { authorization: `Bearer ${token}` });
    expect(errors).toMatchObject([{ message: 'The token is not valid any more.', extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(auth.calls).toEqual([]);
  },
);

test('a token that was made up ends nothing', async () => {
  await using auth = await startSubgraph('auth');
  const { session, authorization } = await signedIn(auth, 'tech');
  const forged = { authorization: `Bearer ${payload({ alg: 'none' })}.${payload({ jti: session })}.x` };
  const { errors } = await auth.askLocally('mutation { logout }', {}, forged);
  expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(await statusOf(auth, '/auth/me', authorization)).toBe(200);
});

test('a person ends their own sessions', async () => {
  await using auth = await startSubgraph('auth');
  const [one, other] = [await signedIn(auth, 'tech'), await signedIn(auth, 'tech')];
  expect(await auth.askLocally(revoke, { id: other.session }, one)).toEqual({ data: { revokeSession: true } });
  expect(await statusOf(auth, '/auth/me', other.authorization)).toBe(404);
});

test('a session of somebody else is NOT_FOUND and stays', async () => {
  await using auth = await startSubgraph('auth');
  const [one, stranger] = [await signedIn(auth, 'tech'), await signedIn(auth, 'guest')];
  const { errors } = await auth.ask(revoke, { id: stranger.session }, one);
  expect(errors).toMatchObject([{ message: 'The caller has no such session.', extensions: { code: 'NOT_FOUND' } }]);
  expect(await statusOf(auth, '/auth/me', stranger.authorization)).toBe(200);
});

test('an administrator switches an account off and on', async () => {
  await using auth = await startSubgraph('auth');
  const admin = await signedIn(auth, 'admin');
  const before = await signedIn(auth, 'tech');
  const set = (enabled: boolean) => auth.askLocally(enable, { id: tech, enabled }, admin);
  expect(await set(false)).toEqual({ data: { setUserEnabled: true } });
  expect(await statusOf(auth, '/auth/me', before.authorization)).toBe(404);
  const refused = await auth.askLocally(loginWith, { input: techLogin });
  expect(refused.errors).toMatchObject([{ message: 'The account is switched off.', extensions: { code: 'FORBIDDEN' } }]);
  expect(await set(true)).toEqual({ data: { setUserEnabled: true } });
  expect(await loginStatus(auth, 'tech@lab.example', 'sandbox')).toBe(200);
});

test('an administrator deletes an account', async () => {
  await using auth = await startSubgraph('auth');
  const admin = await signedIn(auth, 'admin');
  expect(await auth.askLocally(remove, { id: tech }, admin)).toEqual({ data: { deleteUser: true } });
  expect(await statusOf(auth, `/admin/users/${tech}`, admin.authorization)).toBe(404);
});

test('an administrator sees the sign-ins of everybody', async () => {
  await using auth = await startSubgraph('auth');
  const { session } = await signedIn(auth, 'tech');
  const admin = await signedIn(auth, 'admin');
  const answer = await auth.askLocally(
    '{ adminSessions { id user { id displayName } ipAddress createdAt lastUsedAt expiresAt revoked } }',
    {},
    admin,
  );
  expect(answer.errors).toBeUndefined();
  const sessions = answerOf<{ id: string }[]>(answer, 'adminSessions');
  expect(sessions.find(({ id }) => id === session)).toMatchObject({ user: { id: tech }, revoked: false });
});

test.for([
  [enable, { id: unknownId, enabled: false }],
  [remove, { id: unknownId }],
] as const)('an account that is not there is NOT_FOUND (%#)', async ([text, given]) => {
  await using auth = await startSubgraph('auth');
  const { errors } = await auth.ask(text, given, await signedIn(auth, 'admin'));
  expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
});

test.for([revoke, 'mutation ($id: ID!) { setUserEnabled(id: $id, enabled: true) }', remove])(
  'what is no UUID is refused without a call (%#)',
  async (text) => {
    await using auth = await startSubgraph('auth');
    const { errors } = await auth.ask(text, { id: '../me' }, await signedIn(auth, 'admin'));
    expect(errors).toMatchObject([{ message: 'id: must be a UUID.', extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(auth.calls).toEqual([]);
  },
);

test.for([
  `mutation { setUserEnabled(id: "${userId(3)}", enabled: false) }`,
  `mutation { deleteUser(id: "${userId(3)}") }`,
  '{ adminSessions { id } }',
])('%s is for administrators', async (text) => {
  await using auth = await startSubgraph('auth');
  const { errors } = await auth.ask(text, {}, await signedIn(auth, 'tech'));
  expect(errors).toMatchObject([{ message: 'This is not allowed for the caller.', extensions: { code: 'FORBIDDEN' } }]);
});

test.for([
  'mutation { logout }',
  `mutation { revokeSession(id: "${unknownId}") }`,
  `mutation { setUserEnabled(id: "${tech}", enabled: false) }`,
  `mutation { deleteUser(id: "${tech}") }`,
  '{ adminSessions { id } }',
])('%s needs a token', async (text) => {
  await using auth = await startSubgraph('auth');
  const { data, errors } = await auth.ask(text, {}, { caller: stranger });
  expect(Object.values(data ?? {})).toEqual([null]);
  expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(auth.calls).toEqual([]);
});

const session = unknownId;
const caller = { authorization: `Bearer a.${payload({ jti: session })}.c` };
const moment = '2026-11-01T00:00:00Z';
const person = (status: string): object => ({
  id: tech,
  email: 'tech@lab.example',
  first_name: 'T',
  last_name: 'E',
  role: 'lab_technician',
  status,
  email_verified: true,
  created_at: moment,
});
const other = { id: userId(9), created_at: moment, last_used_at: moment, expires_at: moment };

/** What a GET answers; undefined is the 404 of a token that is void, null that of an account that is not there. */
type Shown = object | null | undefined;

/** Fails every write; `after` is shown from then on, `before` until then. */
function failing(before: Shown, after: Shown): Promise<UpstreamUnderTest> {
  let isWritten = false;
  return startUpstream((request, response) => {
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method !== 'GET') {
      isWritten = true;
      return answer(500, { error: { code: 'DATABASE_ERROR' } });
    }
    const shown = isWritten ? after : before;
    if (shown == null) return answer(404, { error: { code: shown === null ? 'USER_NOT_FOUND' : 'SESSION_NOT_FOUND' } });
    return answer(200, { data: shown });
  });
}

test.for([
  ['refreshSession', refresh, { token: 'letter' }, null, null, 'UNKNOWN'],
  ['register', register, { input: newcomer }, null, null, 'UNKNOWN'],
  ['resetPassword', reset, { token: 'letter', to: 'Passw0rd' }, null, null, 'UNKNOWN'],
  ['verifyEmail', verify, {}, null, null, 'UNKNOWN'],
  ['logout', 'mutation { logout }', {}, person('active'), undefined, 'COMMITTED'],
  ['logout', 'mutation { logout }', {}, person('active'), person('active'), 'UNKNOWN'],
  ['revokeSession', revoke, { id: other.id }, [other], [], 'COMMITTED'],
  ['revokeSession', revoke, { id: other.id }, [other], [other], 'UNKNOWN'],
  ['revokeSession', revoke, { id: session }, [{ ...other, id: session }], undefined, 'COMMITTED'],
  ['setUserEnabled', enable, { id: tech, enabled: false }, person('active'), person('inactive'), 'COMMITTED'],
  ['setUserEnabled', enable, { id: tech, enabled: true }, person('inactive'), person('active'), 'COMMITTED'],
  ['setUserEnabled', enable, { id: tech, enabled: true }, person('inactive'), person('inactive'), 'UNKNOWN'],
  ['deleteUser', remove, { id: tech }, person('active'), null, 'COMMITTED'],
  ['deleteUser', remove, { id: tech }, person('active'), person('active'), 'UNKNOWN'],
] as const)(
  '%s that fails is written once and its outcome read again (%#)',
  async ([name, text, given, before, after, outcome]) => {
    await using upstream = await failing(before, after);
    await using auth = await startSubgraph('auth', { url: upstream.url });
    const { data, errors } = await auth.askLocally(text, given, caller);
    expect(data).toEqual({ [name]: null });
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: false, outcome } }]);
    expect(upstream.seen.filter((line) => !line.startsWith('GET'))).toHaveLength(1);
  },
);

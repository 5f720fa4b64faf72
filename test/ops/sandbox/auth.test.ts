import { decodeJwt, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { counts, epoch, userId } from '#ops/sandbox/data/facts.ts';
import { sandboxJwtSecret } from '#ops/sandbox/data/secrets.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

type Login = {
  readonly user_id: string;
  readonly access_token: string;
  readonly refresh_token: string | null;
  readonly expires_at: string;
  readonly session_id: string;
};
type Item = { readonly id: string } & Readonly<Record<string, unknown>>;
type List = { readonly data: readonly Item[] };
type Outbox = { readonly last_reset: { readonly token: string; readonly email: string } | null };

const hourMs = 3_600_000;
const unknownId = '99999999-0000-4000-8000-000000000000';
const strong = 'Strong-Enough-1';

async function startAuth() {
  const clock = { time: epoch, now: () => clock.time };
  const sandbox = await startSandbox({ services: ['auth'], ports: 'any', clock });
  const url = `${sandbox.urls.get('auth')}`;
  const post = (path: string, body: unknown, token?: string) => call(url + path, { method: 'POST', body, ...bearer(token) });
  return {
    url,
    clock,
    post,
    get: <Body = unknown>(path: string, token?: string) => call<Body>(url + path, bearer(token)),
    remove: (path: string, token?: string) => call(url + path, { method: 'DELETE', ...bearer(token) }),
    login: async (account: string, options: object = {}) => {
      const body = { email: `${account}@lab.example`, password: 'sandbox', ...options };
      return (await call<{ data: Login }>(`${url}/auth/login`, { method: 'POST', body })).body.data;
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

const bearer = (token: string | undefined) => (token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

test('a login answers with a token that carries the claims of the contract', async () => {
  await using auth = await startAuth();
  const login = await auth.login('tech');
  expect(login).toMatchObject({ user_id: userId(2), email: 'tech@lab.example', role: 'lab_technician', refresh_token: null });
  const key = new TextEncoder().encode(sandboxJwtSecret);
  const options = { issuer: 'auth-service', audience: 'lab-management-system', currentDate: new Date(epoch) };
  const { payload } = await jwtVerify(login.access_token, key, options);
  expect(payload).toEqual({
    sub: userId(2),
    email: 'tech@lab.example',
    role: 'lab_technician',
    iat: epoch / 1_000,
    exp: (epoch + hourMs) / 1_000,
    iss: 'auth-service',
    aud: 'lab-management-system',
    jti: login.session_id,
  });
  expect(Date.parse(login.expires_at)).toBe(epoch + hourMs);
});

test('a login tells an unknown address from a wrong password and from a closed account', async () => {
  await using auth = await startAuth();
  const login = (email: string, password = 'sandbox') => auth.post('/auth/login', { email, password });
  expect(await login('nobody@lab.example')).toMatchObject(refused(404, 'USER_NOT_FOUND'));
  expect(await login('tech@lab.example', 'wrong')).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
  expect(await login('guest.eleven@lab.example')).toMatchObject(refused(403, 'ACCOUNT_DISABLED'));
  expect(await login('analyst.twelve@lab.example')).toMatchObject(refused(403, 'ACCOUNT_DISABLED'));
  expect(await login('no address')).toMatchObject(refused(400, 'VALIDATION_ERROR'));
  expect((await login('TECH@lab.example')).status).toBe(200);
});

test('an error has a code, a message and a time with an offset', async () => {
  await using auth = await startAuth();
  const { body } = await auth.get('/auth/me');
  expect(body).toEqual({
    error: {
      code: 'AUTHENTICATION_FAILED',
      message: 'Missing or invalid Authorization header',
      timestamp: '2026-11-01T08:00:00.000+00:00',
    },
  });
});

test('the fifth wrong password locks the account for a quarter of an hour', async () => {
  await using auth = await startAuth();
  const wrong = { email: 'guest@lab.example', password: 'wrong' };
  for (let tries = 0; tries < 5; tries += 1) expect((await auth.post('/auth/login', wrong)).status).toBe(401);
  const right = { ...wrong, password: 'sandbox' };
  expect(await auth.post('/auth/login', right)).toMatchObject(refused(403, 'ACCOUNT_LOCKED'));
  auth.clock.time += 16 * 60_000;
  expect((await auth.post('/auth/login', right)).status).toBe(200);
});

test('a caller sees their own account', async () => {
  await using auth = await startAuth();
  const { access_token: token } = await auth.login('tech');
  expect((await auth.get('/auth/me', token)).body).toEqual({
    success: true,
    data: {
      id: userId(2),
      email: 'tech@lab.example',
      first_name: 'Technician',
      last_name: 'Two',
      role: 'lab_technician',
      status: 'active',
      email_verified: true,
      last_login_at: '2026-11-01T08:00:00.000Z',
      created_at: expect.stringMatching(/Z$/),
      department: 'Bioinformatics',
      position: 'lab technician',
      lab_affiliation: null,
    },
  });
});

test('a token that is garbled, foreign or out of time is a JWT error', async () => {
  await using auth = await startAuth();
  const { access_token: token } = await auth.login('tech');
  expect(await auth.get('/auth/me', 'garbled')).toMatchObject(refused(401, 'JWT_ERROR'));
  expect(await auth.get('/auth/me', `${token.slice(0, -4)}AAAA`)).toMatchObject(refused(401, 'JWT_ERROR'));
  auth.clock.time += hourMs + 1_000;
  expect(await auth.get('/auth/me', token)).toMatchObject(refused(401, 'JWT_ERROR'));
});

test('a token is dead after logout, although its signature holds', async () => {
  await using auth = await startAuth();
  const { access_token: token, session_id: session } = await auth.login('tech');
  expect((await auth.post('/auth/logout', {}, token)).status).toBe(422);
  expect((await auth.post('/auth/logout', { session_id: session }, token)).body).toMatchObject({ success: true });
  expect(await auth.get('/auth/me', token)).toMatchObject(refused(404, 'SESSION_NOT_FOUND'));
});

test('a caller lists and ends their own sessions, not those of others', async () => {
  await using auth = await startAuth();
  const [first, second, other] = [await auth.login('tech'), await auth.login('tech'), await auth.login('guest')];
  const sessions = async () => (await auth.get<List>('/auth/sessions', first.access_token)).body.data;
  expect((await sessions()).map(({ id }) => id).toSorted()).toEqual([first.session_id, second.session_id].toSorted());
  const fields = ['id', 'device_info', 'ip_address', 'created_at', 'last_used_at', 'expires_at'];
  expect(Object.keys((await sessions())[0] ?? {})).toEqual(fields);
  const end = (id: string) => auth.remove(`/auth/sessions/${id}`, first.access_token);
  expect(await end(other.session_id)).toMatchObject(refused(404, 'SESSION_NOT_FOUND'));
  expect((await end(second.session_id)).status).toBe(200);
  expect((await auth.get('/auth/me', second.access_token)).status).toBe(404);
  expect(await sessions()).toHaveLength(1);
});

test('a refresh token is given on request, works once and dies with its session', async () => {
  await using auth = await startAuth();
  const first = await auth.login('tech', { remember_me: true });
  const refresh = (token: string | null) =>
    call<{ data: Login }>(`${auth.url}/auth/refresh`, { method: 'POST', body: { refresh_token: token } });
  const second = (await refresh(first.refresh_token)).body.data;
  expect(second.session_id).not.toBe(first.session_id);
  expect((await auth.get('/auth/me', second.access_token)).status).toBe(200);
  expect((await auth.get('/auth/me', first.access_token)).status).toBe(404);
  expect(await refresh(first.refresh_token)).toMatchObject(refused(404, 'SESSION_NOT_FOUND'));
  auth.clock.time += hourMs;
  expect(await refresh(second.refresh_token)).toMatchObject(refused(401, 'SESSION_EXPIRED'));
});

test('a new account is a guest and drops what it says about itself', async () => {
  await using auth = await startAuth();
  const person = { email: 'new@lab.example', password: strong, first_name: 'New', last_name: 'Person', department: 'Any' };
  const registered = await call<{ user_id: string }>(`${auth.url}/auth/register`, { method: 'POST', body: person });
  expect(registered).toMatchObject({ status: 200, body: { success: true, message: expect.any(String) } });
  const { access_token: token } = await auth.login('new', { password: strong });
  expect((await auth.get('/auth/me', token)).body).toMatchObject({
    data: { id: registered.body.user_id, role: 'guest', email_verified: false, department: null },
  });
  expect(await auth.post('/auth/register', person)).toMatchObject(refused(409, 'USER_ALREADY_EXISTS'));
});

test.for(['Short-1', 'no-upper-case-1', 'NO-LOWER-CASE-1', 'No-Digit-At-All'])('the password %s is refused', async (password) => {
  await using auth = await startAuth();
  const person = { email: 'new@lab.example', password, first_name: 'New', last_name: 'Person' };
  expect(await auth.post('/auth/register', person)).toMatchObject(refused(400, 'VALIDATION_ERROR'));
});

test('a forgotten password is reset with the token from the outbox, which ends all sessions', async () => {
  await using auth = await startAuth();
  const { access_token: token } = await auth.login('tech');
  const unknown = await auth.post('/auth/forgot-password', { email: 'nobody@lab.example' });
  expect((await auth.get<Outbox>('/sandbox/outbox')).body.last_reset).toBeNull();
  const known = await auth.post('/auth/forgot-password', { email: 'tech@lab.example' });
  expect(known.body).toEqual(unknown.body);
  const { last_reset: reset } = (await auth.get<Outbox>('/sandbox/outbox')).body;
  expect(reset?.email).toBe('tech@lab.example');
  const resetTo = (password: string) => auth.post('/auth/reset-password', { token: reset?.token, new_password: password });
  expect(await resetTo('weak')).toMatchObject(refused(400, 'VALIDATION_ERROR'));
  expect((await resetTo(strong)).body).toMatchObject({ success: true });
  expect((await auth.get('/auth/me', token)).status).toBe(404);
  expect(await resetTo(strong)).toMatchObject(refused(401, 'TOKEN_INVALID'));
  expect(await auth.login('tech', { password: strong })).toMatchObject({ user_id: userId(2) });
});

test('a reset token is good for an hour', async () => {
  await using auth = await startAuth();
  await auth.post('/auth/forgot-password', { email: 'tech@lab.example' });
  const { last_reset: reset } = (await auth.get<Outbox>('/sandbox/outbox')).body;
  auth.clock.time += hourMs;
  const late = await auth.post('/auth/reset-password', { token: reset?.token, new_password: strong });
  expect(late).toMatchObject(refused(401, 'TOKEN_EXPIRED'));
});

test('the verification of addresses is switched off', async () => {
  await using auth = await startAuth();
  expect(await auth.post('/auth/verify-email', { token: 'any' })).toMatchObject(refused(501, 'FEATURE_DISABLED'));
});

test('a token can be checked by its owner and by another service', async () => {
  await using auth = await startAuth();
  const { access_token: token, session_id: session, expires_at: expiresAt } = await auth.login('tech');
  const service = { headers: { authorization: 'Service service_gateway' } };
  const validate = (body: unknown) => call(`${auth.url}/validate/token`, { method: 'POST', body, ...service });
  expect((await validate({ token })).body).toEqual({
    success: true,
    data: {
      valid: true,
      user_id: userId(2),
      email: 'tech@lab.example',
      role: 'lab_technician',
      session_id: session,
      expires_at: expiresAt,
    },
  });
  expect((await auth.post('/validate/token', { token }, token)).status).toBe(200);
  expect(await auth.post('/validate/token', { token })).toMatchObject(refused(401, 'AUTHENTICATION_FAILED'));
  expect(await validate({ token: 'garbled' })).toMatchObject(refused(401, 'JWT_ERROR'));
  await auth.post('/auth/logout', { session_id: session }, token);
  const gone = { valid: false, user_id: null, email: null, role: null, session_id: null, expires_at: null };
  expect((await validate({ token })).body).toEqual({ success: true, data: gone });
});

test('a permission is a role or a stronger one', async () => {
  await using auth = await startAuth();
  const { access_token: token, session_id: session } = await auth.login('tech');
  const ask = async (role: string) => {
    const headers = { authorization: 'Service service_gateway' };
    return call(`${auth.url}/validate/permissions`, { method: 'POST', body: { token, required_role: role }, headers });
  };
  const user = { id: userId(2), email: 'tech@lab.example', role: 'lab_technician' };
  expect((await ask('guest')).body).toEqual({ success: true, data: { authorized: true, user, reason: null } });
  expect((await ask('lab_technician')).body).toMatchObject({ data: { authorized: true } });
  const tooWeak = { authorized: false, user, reason: expect.any(String) };
  expect((await ask('principal_investigator')).body).toEqual({ success: true, data: tooWeak });
  expect((await ask('LabTechnician')).status).toBe(422);
  await auth.post('/auth/logout', { session_id: session }, token);
  expect((await ask('guest')).body).toMatchObject({ data: { authorized: false, user: null } });
});

test('an administrator sees all accounts, others see none', async () => {
  await using auth = await startAuth();
  const [admin, tech] = [await auth.login('admin'), await auth.login('tech')];
  const { body } = await auth.get<List>('/admin/users', admin.access_token);
  expect(body.data).toHaveLength(counts.users);
  expect(body.data[0]?.id).toBe(userId(counts.users));
  expect(new Set(body.data.map(({ role }) => role)).size).toBe(6);
  expect(Object.keys(body.data[0] ?? {})).toEqual(expect.arrayContaining(['failed_login_attempts', 'locked_until']));
  expect(JSON.stringify(body)).not.toContain('password');
  const one = await auth.get(`/admin/users/${userId(3)}`, admin.access_token);
  expect(one.body).toMatchObject({ data: { email: 'guest@lab.example', updated_at: expect.any(String) } });
  expect(await auth.get(`/admin/users/${unknownId}`, admin.access_token)).toMatchObject(refused(404, 'USER_NOT_FOUND'));
  for (const path of ['/admin/users', `/admin/users/${userId(2)}`, '/admin/sessions', '/admin/audit-log']) {
    expect(await auth.get(path, tech.access_token)).toMatchObject(refused(403, 'AUTHORIZATION_FAILED'));
    expect(await auth.get(path)).toMatchObject(refused(401, 'AUTHENTICATION_FAILED'));
  }
});

test('an administrator closes, opens and removes an account', async () => {
  await using auth = await startAuth();
  const [{ access_token: admin }, guest] = [await auth.login('admin'), await auth.login('guest')];
  const one = `/admin/users/${userId(3)}`;
  expect((await auth.post(`${one}/disable`, undefined, admin)).status).toBe(200);
  expect((await auth.get('/auth/me', guest.access_token)).status).toBe(404);
  expect((await auth.get(one, admin)).body).toMatchObject({ data: { status: 'inactive' } });
  expect((await auth.post(`${one}/enable`, undefined, admin)).status).toBe(200);
  expect(await auth.login('guest')).toMatchObject({ user_id: userId(3) });
  expect((await auth.remove(one, admin)).status).toBe(200);
  expect(await auth.get(one, admin)).toMatchObject(refused(404, 'USER_NOT_FOUND'));
  expect((await auth.get<List>('/admin/users', admin)).body.data).toHaveLength(counts.users - 1);
});

test('an administrator sees every session and what happened, the newest first', async () => {
  await using auth = await startAuth();
  const { access_token: admin, session_id: session } = await auth.login('admin');
  await auth.post('/auth/login', { email: 'guest@lab.example', password: 'wrong' });
  const sessions = await auth.get<List>('/admin/sessions', admin);
  expect(sessions.body.data).toMatchObject([
    { id: session, user_id: userId(1), user_email: 'admin@lab.example', user_name: 'Administrator One', revoked: false },
  ]);
  const log = await auth.get<List>('/admin/audit-log', admin);
  expect(log.body.data.slice(0, 2)).toMatchObject([
    { event_type: 'login_failed', user_id: userId(3), severity: 'warning', details: {} },
    { event_type: 'login', user_email: 'admin@lab.example', severity: 'info', ip_address: '127.0.0.1' },
  ]);
  const fields = 'id event_id event_type user_id user_email ip_address user_agent details severity timestamp'.split(' ');
  expect(Object.keys(log.body.data[0] ?? {})).toEqual(fields);
});

test('health answers in three forms', async () => {
  await using auth = await startAuth();
  await auth.login('tech');
  expect((await auth.get('/health')).body).toEqual({
    status: 'healthy',
    timestamp: '2026-11-01T08:00:00.000Z',
    service: 'auth-service',
    version: '0.1.0',
  });
  expect((await auth.get('/health/ready')).body).toMatchObject({ status: 'ready', checks: { database: 'healthy' } });
  expect((await auth.get('/health/metrics')).body).toMatchObject({
    metrics: { active_sessions: 1, total_users: counts.users, failed_logins_last_hour: 0 },
    database: { connected: true },
  });
});

test('two logins in the same second give two tokens', async () => {
  await using auth = await startAuth();
  const [first, second] = [await auth.login('tech'), await auth.login('tech')];
  expect(decodeJwt(first.access_token).jti).not.toBe(decodeJwt(second.access_token).jti);
});

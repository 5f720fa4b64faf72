import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseBody } from '#ops/sandbox/parse.ts';
import type { Directory } from './directory.ts';
import { record } from './directory.ts';
import type { Login } from './open-session.ts';
import { openSession } from './open-session.ts';
import { isPassword } from './passwords.ts';
import { refusal } from './refusal.ts';
import type { User } from './users.ts';

const LoginBody = z.object({ email: z.string(), password: z.string(), remember_me: z.boolean().nullish() });

const RefreshBody = z.object({ refresh_token: z.string() });

const maxFailures = 5;
const lockMs = 15 * 60_000;

export function loginRoutes(app: FastifyInstance, directory: Directory): void {
  app.post('/auth/login', async (request) => ({ success: true, data: await login(directory, request) }));
  app.post('/auth/refresh', async (request) => ({ success: true, data: await refresh(directory, request) }));
}

/** An unknown address is a 404 and a wrong password a 401: the real service tells them apart too. */
async function login(directory: Directory, request: FastifyRequest): Promise<Login> {
  const { email, password, remember_me: isRemembered } = parseBody(LoginBody, request);
  if (!email.includes('@')) throw refusal('VALIDATION_ERROR', 'Invalid email format');
  const user = directory.users.findByEmail(email);
  if (!user) throw refusal('USER_NOT_FOUND', 'User not found');
  requireUsable(user, directory.now());
  if (!(await isPassword(password, user.password_hash))) {
    noteFailure(directory, request, user);
    throw refusal('INVALID_CREDENTIALS', 'Invalid credentials');
  }
  directory.users.loggedIn(user.id, directory.now());
  record(directory, request, { type: 'login', user });
  return openSession(directory, request, { user, isRemembered: isRemembered ?? false });
}

/** The old session ends and with it the old refresh token. */
async function refresh(directory: Directory, request: FastifyRequest): Promise<Login> {
  const { refresh_token: token } = parseBody(RefreshBody, request);
  const session = directory.sessions.findByRefreshToken(token);
  if (!session || session.revoked === 1) throw refusal('SESSION_NOT_FOUND', 'Session not found');
  if (session.expires_at <= directory.now()) throw refusal('SESSION_EXPIRED', 'Session expired');
  const user = directory.users.find(session.user_id);
  if (!user) throw refusal('USER_NOT_FOUND', 'User not found');
  requireUsable(user, directory.now());
  directory.sessions.revoke(session.id);
  record(directory, request, { type: 'token_refreshed', user });
  return openSession(directory, request, { user, isRemembered: true });
}

function requireUsable({ status, locked_until: lockedUntil }: User, now: string): void {
  if (lockedUntil !== null && lockedUntil > now) throw refusal('ACCOUNT_LOCKED', 'Account is locked');
  if (status !== 'active') throw refusal('ACCOUNT_DISABLED', 'Account is disabled');
}

/** The fifth wrong password in a row locks the account for a quarter of an hour. */
function noteFailure(directory: Directory, request: FastifyRequest, user: User): void {
  const isLast = user.failed_login_attempts + 1 >= maxFailures;
  directory.users.failedLogin(user.id, isLast ? new Date(directory.clock.now() + lockMs).toISOString() : null);
  record(directory, request, { type: 'login_failed', user, severity: 'warning' });
}

import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseBody } from '#ops/sandbox/parse.ts';
import type { Directory } from './directory.ts';
import { record } from './directory.ts';
import { hashPassword, requireStrongPassword } from './passwords.ts';
import { refusal } from './refusal.ts';
import type { User } from './users.ts';

/** Department, position and affiliation are taken and dropped, as in the real service. */
const RegisterBody = z.object({
  email: z.string(),
  password: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  department: z.string().nullish(),
  position: z.string().nullish(),
  lab_affiliation: z.string().nullish(),
});

const ForgotBody = z.object({ email: z.string() });

const ResetBody = z.object({ token: z.string(), new_password: z.string() });

const VerifyBody = z.object({ token: z.string() });

const resetLifetimeMs = 3_600_000;

export function accountRoutes(app: FastifyInstance, directory: Directory): void {
  app.post('/auth/register', async (request) => register(directory, request));
  app.post('/auth/forgot-password', async (request) => forgotPassword(directory, request));
  app.post('/auth/reset-password', async (request) => resetPassword(directory, request));
  app.post('/auth/verify-email', async (request) => {
    parseBody(VerifyBody, request);
    throw refusal('FEATURE_DISABLED', 'Email verification is disabled');
  });
  // Not part of the contract: the sandbox sends no mail, so a developer fetches the last reset token here.
  app.get('/sandbox/outbox', async () => ({ last_reset: directory.resets.last() ?? null }));
}

async function register(directory: Directory, request: FastifyRequest) {
  const { email, password, first_name: firstName, last_name: lastName } = parseBody(RegisterBody, request);
  if (!z.email().safeParse(email).success) throw refusal('VALIDATION_ERROR', 'Invalid email format');
  if (firstName === '' || lastName === '') throw refusal('VALIDATION_ERROR', 'First and last name are required');
  requireStrongPassword(password);
  const hash = await hashPassword(password);
  if (directory.users.findByEmail(email)) throw refusal('USER_ALREADY_EXISTS', 'User already exists');
  const user = { ...newUser(directory.now()), email, first_name: firstName, last_name: lastName, password_hash: hash };
  directory.users.insert(user);
  record(directory, request, { type: 'user_registered', user });
  return { success: true, message: 'User registered successfully', user_id: user.id };
}

/** Nobody chooses their role: a new account is a guest. */
const newUser = (now: string) =>
  ({
    id: randomUUID(),
    role: 'guest',
    status: 'active',
    email_verified: 0,
    last_login_at: null,
    created_at: now,
    updated_at: now,
    department: null,
    position: null,
    lab_affiliation: null,
    failed_login_attempts: 0,
    locked_until: null,
  }) as const satisfies Partial<User>;

/** Says the same whether or not the address is known. */
function forgotPassword(directory: Directory, request: FastifyRequest) {
  const { email } = parseBody(ForgotBody, request);
  const user = directory.users.findByEmail(email);
  if (user) {
    const expiresAt = new Date(directory.clock.now() + resetLifetimeMs).toISOString();
    directory.resets.insert({ token: randomUUID(), user_id: user.id, email: user.email, expires_at: expiresAt });
    record(directory, request, { type: 'password_reset_requested', user });
  }
  return { success: true, message: 'If the email exists, a password reset link has been sent' };
}

async function resetPassword(directory: Directory, request: FastifyRequest) {
  const { token, new_password: password } = parseBody(ResetBody, request);
  const reset = directory.resets.find(token);
  if (!reset) throw refusal('TOKEN_INVALID', 'Invalid reset token');
  if (reset.expires_at <= directory.now()) throw refusal('TOKEN_EXPIRED', 'Reset token expired');
  requireStrongPassword(password);
  directory.users.setPassword(reset.user_id, await hashPassword(password), directory.now());
  directory.resets.removeAllOf(reset.user_id);
  directory.sessions.revokeAllOf(reset.user_id);
  const user = directory.users.find(reset.user_id);
  record(directory, request, { type: 'password_reset', ...(user && { user }) });
  return { success: true, message: 'Password reset successfully' };
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { uuidParam } from '#ops/sandbox/parse.ts';
import type { Directory } from './directory.ts';
import { record } from './directory.ts';
import { requireAdmin } from './gate.ts';
import { refusal } from './refusal.ts';
import type { OwnedSession } from './sessions.ts';
import type { User } from './users.ts';
import { profile } from './users.ts';

/** No list has pages: the newest hundred are all there is to see. */
const listLimit = 100;

export function adminRoutes(app: FastifyInstance, directory: Directory): void {
  userRoutes(app, directory);
  app.get('/admin/sessions', async (request) => {
    await requireAdmin(directory, request);
    return { success: true, data: directory.sessions.newest(listLimit).map(sessionForm) };
  });
  app.get('/admin/audit-log', async (request) => {
    await requireAdmin(directory, request);
    return { success: true, data: directory.audit.newest(listLimit) };
  });
}

function userRoutes(app: FastifyInstance, directory: Directory): void {
  app.get('/admin/users', async (request) => {
    await requireAdmin(directory, request);
    return { success: true, data: directory.users.newest(listLimit).map(userForm) };
  });
  app.get('/admin/users/:id', async (request) => {
    const user = await requestedUser(directory, request);
    return { success: true, data: { ...userForm(user), updated_at: user.updated_at } };
  });
  app.delete('/admin/users/:id', async (request) => {
    const user = await requestedUser(directory, request);
    directory.sessions.removeAllOf(user.id);
    directory.resets.removeAllOf(user.id);
    directory.users.remove(user.id);
    record(directory, request, { type: 'user_deleted', user, severity: 'warning' });
    return { success: true, message: 'User deleted successfully' };
  });
  app.post('/admin/users/:id/disable', async (request) => {
    const user = await requestedUser(directory, request);
    directory.users.setStatus(user.id, 'inactive', directory.now());
    directory.sessions.revokeAllOf(user.id);
    record(directory, request, { type: 'user_disabled', user, severity: 'warning' });
    return { success: true, message: 'User disabled successfully' };
  });
  app.post('/admin/users/:id/enable', async (request) => {
    const user = await requestedUser(directory, request);
    directory.users.setStatus(user.id, 'active', directory.now());
    record(directory, request, { type: 'user_enabled', user });
    return { success: true, message: 'User enabled successfully' };
  });
}

/** The user a path names, for an administrator's eyes. */
async function requestedUser(directory: Directory, request: FastifyRequest): Promise<User> {
  await requireAdmin(directory, request);
  const user = directory.users.find(uuidParam(request, 'id'));
  if (!user) throw refusal('USER_NOT_FOUND', 'User not found');
  return user;
}

const userForm = (user: User) => ({
  ...profile(user),
  failed_login_attempts: user.failed_login_attempts,
  locked_until: user.locked_until,
});

const sessionForm = (session: OwnedSession) => ({
  id: session.id,
  user_id: session.user_id,
  user_email: session.user_email,
  user_name: session.user_name,
  device_info: session.device_info,
  ip_address: session.ip_address,
  created_at: session.created_at,
  last_used_at: session.last_used_at,
  expires_at: session.expires_at,
  revoked: session.revoked === 1,
});

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { parseBody, uuid, uuidParam } from '#ops/sandbox/parse.ts';
import type { Directory } from './directory.ts';
import { record } from './directory.ts';
import { requireCaller } from './gate.ts';
import { refusal } from './refusal.ts';
import type { Session } from './sessions.ts';
import { profile } from './users.ts';

const LogoutBody = z.object({ session_id: uuid });

/** What a caller may see and end of their own. */
export function ownRoutes(app: FastifyInstance, directory: Directory): void {
  app.get('/auth/me', async (request) => {
    const { user } = await requireCaller(directory, request);
    return { success: true, data: profile(user) };
  });
  app.post('/auth/logout', async (request) => {
    const { user } = await requireCaller(directory, request);
    const { session_id: id } = parseBody(LogoutBody, request);
    // The contract does not ask whose session it is.
    directory.sessions.revoke(existing(directory.sessions.find(id)).id);
    record(directory, request, { type: 'logout', user });
    return { success: true, message: 'Logged out successfully' };
  });
  app.get('/auth/sessions', async (request) => {
    const { user } = await requireCaller(directory, request);
    return { success: true, data: directory.sessions.openOf(user.id, directory.now()).map(ownForm) };
  });
  app.delete('/auth/sessions/:session', async (request) => {
    const { user } = await requireCaller(directory, request);
    const session = existing(directory.sessions.find(uuidParam(request, 'session')));
    if (session.user_id !== user.id) throw refusal('SESSION_NOT_FOUND', 'Session not found');
    directory.sessions.revoke(session.id);
    record(directory, request, { type: 'session_revoked', user });
    return { success: true, message: 'Session revoked successfully' };
  });
}

function existing(session: Session | undefined): Session {
  if (!session) throw refusal('SESSION_NOT_FOUND', 'Session not found');
  return session;
}

const ownForm = (session: Session) => ({
  id: session.id,
  device_info: session.device_info,
  ip_address: session.ip_address,
  created_at: session.created_at,
  last_used_at: session.last_used_at,
  expires_at: session.expires_at,
});

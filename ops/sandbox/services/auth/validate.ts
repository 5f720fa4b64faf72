import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { userRoles } from '#ops/sandbox/data/users.ts';
import { parseBody } from '#ops/sandbox/parse.ts';
import type { Directory } from './directory.ts';
import { callerOf, requireCallerOrService } from './gate.ts';
import { hasRole } from './users.ts';

const TokenBody = z.object({ token: z.string() });

const PermissionsBody = z.object({ token: z.string(), required_role: z.enum(userRoles), resource: z.string().nullish() });

const invalid = { valid: false, user_id: null, email: null, role: null, session_id: null, expires_at: null } as const;

/** A token that is not ours or out of time is a 401; `valid: false` means that only its session is gone. */
export function validateRoutes(app: FastifyInstance, directory: Directory): void {
  app.post('/validate/token', async (request) => {
    await requireCallerOrService(directory, request);
    const caller = await callerOf(directory, parseBody(TokenBody, request).token);
    if (!caller) return { success: true, data: invalid };
    const { user, session } = caller;
    const facts = {
      user_id: user.id,
      email: user.email,
      role: user.role,
      session_id: session.id,
      expires_at: session.expires_at,
    };
    return { success: true, data: { valid: true, ...facts } };
  });
  app.post('/validate/permissions', async (request) => {
    await requireCallerOrService(directory, request);
    const { token, required_role: required } = parseBody(PermissionsBody, request);
    const caller = await callerOf(directory, token);
    if (!caller) return { success: true, data: { authorized: false, user: null, reason: 'Session not found' } };
    const { id, email, role } = caller.user;
    const isAuthorized = hasRole(caller.user, required);
    const reason = isAuthorized ? null : `Role ${role} is below ${required}`;
    return { success: true, data: { authorized: isAuthorized, user: { id, email, role }, reason } };
  });
}

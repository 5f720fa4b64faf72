import type { FastifyRequest } from 'fastify';
import type { Directory } from './directory.ts';
import { refusal } from './refusal.ts';
import type { Session } from './sessions.ts';
import { requireSigned } from './tokens.ts';
import type { User } from './users.ts';
import { hasRole } from './users.ts';

export type Caller = { readonly user: User; readonly session: Session };

/** Who the bearer token of a request belongs to. */
export async function requireCaller(directory: Directory, request: FastifyRequest): Promise<Caller> {
  const token = bearerToken(request);
  if (token === undefined) throw refusal('AUTHENTICATION_FAILED', 'Missing or invalid Authorization header');
  const caller = await callerOf(directory, token);
  if (!caller) throw refusal('SESSION_NOT_FOUND', 'Session not found');
  directory.sessions.touch(caller.session.id, directory.now());
  return caller;
}

export async function requireAdmin(directory: Directory, request: FastifyRequest): Promise<Caller> {
  const caller = await requireCaller(directory, request);
  if (!hasRole(caller.user, 'lab_administrator')) throw refusal('AUTHORIZATION_FAILED', 'Administrator role required');
  return caller;
}

/** Other services may ask about tokens without having one: `Authorization: Service service_<name>`. */
export async function requireCallerOrService(directory: Directory, request: FastifyRequest): Promise<void> {
  if (/^Service service_/.test(request.headers.authorization ?? '')) return;
  await requireCaller(directory, request);
}

/** Undefined when the token is ours and in time, but its session or its user is gone. */
export async function callerOf(directory: Directory, token: string): Promise<Caller | undefined> {
  await requireSigned(token, new Date(directory.clock.now()));
  const session = directory.sessions.findByToken(token);
  if (!session || session.revoked === 1) return undefined;
  const user = directory.users.find(session.user_id);
  return user && { user, session };
}

function bearerToken({ headers }: FastifyRequest): string | undefined {
  return /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
}

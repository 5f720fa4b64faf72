import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Directory } from './directory.ts';
import { hashOf } from './sessions.ts';
import { signToken } from './tokens.ts';
import type { User } from './users.ts';

export type Login = {
  readonly user_id: string;
  readonly email: string;
  readonly role: string;
  readonly access_token: string;
  readonly refresh_token: string | null;
  readonly expires_at: string;
  readonly session_id: string;
};

type Opening = { readonly user: User; readonly isRemembered: boolean };

const lifetimeMs = 3_600_000;

/** A session and the token for it. The refresh token lives as long as the session, by contract. */
export async function openSession(directory: Directory, request: FastifyRequest, opening: Opening): Promise<Login> {
  const { user, isRemembered } = opening;
  const issuedAtMs = directory.clock.now();
  const expiresAtMs = issuedAtMs + lifetimeMs;
  const sessionId = randomUUID();
  const token = await signToken(user, { sessionId, issuedAtMs, expiresAtMs });
  const refreshToken = isRemembered ? randomUUID() : null;
  const expiresAt = new Date(expiresAtMs).toISOString();
  directory.sessions.insert({
    id: sessionId,
    user_id: user.id,
    token_hash: hashOf(token),
    refresh_hash: refreshToken && hashOf(refreshToken),
    device_info: request.headers['user-agent'] ?? null,
    ip_address: request.ip,
    created_at: directory.now(),
    last_used_at: directory.now(),
    expires_at: expiresAt,
    revoked: 0,
  });
  return {
    user_id: user.id,
    email: user.email,
    role: user.role,
    access_token: token,
    refresh_token: refreshToken,
    expires_at: expiresAt,
    session_id: sessionId,
  };
}

import { errors, jwtVerify, SignJWT } from 'jose';
import { sandboxJwtSecret } from '#ops/sandbox/data/secrets.ts';
import { refusal } from './refusal.ts';
import type { User } from './users.ts';

const issuer = 'auth-service';
const audience = 'lab-management-system';
const key = new TextEncoder().encode(sandboxJwtSecret);

export type Issue = { readonly sessionId: string; readonly issuedAtMs: number; readonly expiresAtMs: number };

export function signToken({ id, email, role }: User, { sessionId, issuedAtMs, expiresAtMs }: Issue): Promise<string> {
  return new SignJWT({ email, role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(id)
    .setIssuedAt(Math.floor(issuedAtMs / 1_000))
    .setExpirationTime(Math.floor(expiresAtMs / 1_000))
    .setIssuer(issuer)
    .setAudience(audience)
    .setJti(sessionId)
    .sign(key);
}

/** Only says that the token is ours and in time; whether its session still stands is another question. */
export async function requireSigned(token: string, now: Date): Promise<void> {
  try {
    await jwtVerify(token, key, { algorithms: ['HS256'], issuer, audience, currentDate: now });
  } catch (error) {
    if (error instanceof errors.JOSEError) throw refusal('JWT_ERROR', `JWT error: ${error.message}`);
    throw error;
  }
}

import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '#kit/clock.ts';
import { labGraph } from '#ops/sandbox/data/graph-frames.ts';
import { sandboxGraphKey } from '#ops/sandbox/data/graph-key.ts';
import { sandboxPassword } from '#ops/sandbox/data/secrets.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';

/** Who calls; times are seconds since the Unix epoch. A key has no session, so it is seen for the first time at each call. */
type Caller = {
  readonly username: string;
  readonly namespace: string;
  readonly authenticatedAt: number;
  readonly expiresAt: number | null;
};

export type Tokens = {
  /** A token for any user name with the sandbox's password, else 401. */
  readonly logIn: (credentials: { readonly username: string; readonly password: string }) => Promise<string>;
  readonly callerOf: (authorization: string | undefined) => Promise<Caller>;
  /** Refuses a request without a valid token or key. */
  readonly guard: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
};

export const lifetimeSeconds = 3_600;
const leewaySeconds = 30;

/** Tokens are signed with a secret of this process, so they end with it. */
export function tokens(clock: Clock): Tokens {
  const secret = randomBytes(32);
  const seconds = () => Math.floor(clock.now() / 1_000);

  const callerOf: Tokens['callerOf'] = async (authorization) => {
    const [scheme = '', token = ''] = authorization?.split(' ') ?? [];
    if (scheme.toLowerCase() !== 'bearer' || token === '')
      throw refused('XGT_AUTHENTICATION_REQUIRED', 'Authentication required');
    return token.startsWith('rg_') ? callerOfKey(token, seconds()) : await callerOfToken(token, { secret, clock });
  };

  return {
    callerOf,

    async logIn({ username, password }) {
      if (password !== sandboxPassword) throw refused('AUTHENTICATION_FAILED', 'Invalid username or password');
      const issuedAt = seconds();
      return new SignJWT({ namespace: labGraph, auth_type: 'xgt_passthrough' })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(username)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(secret);
    },

    async guard(request, reply) {
      reply.header('www-authenticate', 'Bearer');
      await callerOf(request.headers.authorization);
      reply.removeHeader('www-authenticate');
    },
  };
}

function callerOfKey(key: string, now: number): Caller {
  if (key !== sandboxGraphKey) throw refused('invalid_api_key', 'Invalid API key');
  return { username: 'sandbox', namespace: labGraph, authenticatedAt: now, expiresAt: null };
}

type Verification = { readonly secret: Uint8Array; readonly clock: Clock };

async function callerOfToken(token: string, { secret, clock }: Verification): Promise<Caller> {
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ['HS256'],
      currentDate: new Date(clock.now()),
      clockTolerance: leewaySeconds,
      requiredClaims: ['sub', 'iat', 'exp'],
    });
    const { sub = '', iat = 0, exp = 0 } = payload;
    return { username: sub, namespace: labGraph, authenticatedAt: iat, expiresAt: exp };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refused('TOKEN_EXPIRED', 'Token has expired');
    throw refused('AUTHENTICATION_FAILED', 'Invalid token');
  }
}

function refused(code: string, message: string): ServiceFailure {
  return new ServiceFailure(401, message, { code });
}

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import { labGraph } from '#ops/sandbox/data/graph-frames.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import type { Engine } from './engine.ts';
import { bodyOf, formOf } from './input.ts';
import type { Tokens } from './tokens.ts';
import { lifetimeSeconds } from './tokens.ts';

const text = z.string().min(1);
const Basic = z.object({ auth_type: z.literal('basic').default('basic'), username: text, password: text });
const PasswordForm = z.object({ username: text, password: text });
const Pki = z.object({ client_cert: text, client_key: text });
const ProxyPki = z.object({ user_id: text, proxy_host: text, certificate_hash: text, proxy_signature: text });

const nobody = { valid: false, username: null, namespace: null, authenticated_at: null, expires_at: null };

type Parts = { readonly clock: Clock; readonly tokens: Tokens; readonly engine: Engine };

export function authRoutes(app: FastifyInstance, { clock, tokens, engine }: Parts): void {
  app.post('/api/v1/auth/xgt/basic', async (request) => {
    const { username, password } = bodyOf(Basic, request);
    return {
      ...bearer(await tokens.logIn({ username, password })),
      user_info: { username, namespace: labGraph, authenticated_at: clock.now() / 1_000 },
    };
  });

  app.post('/api/v1/auth/xgt/token', async (request) => bearer(await tokens.logIn(formOf(PasswordForm, request))));

  app.post('/api/v1/auth/xgt/pki', async (request) => {
    bodyOf(Pki, request);
    throw withoutCertificates();
  });

  app.post('/api/v1/auth/xgt/proxy-pki', async (request) => {
    bodyOf(ProxyPki, request);
    throw withoutCertificates();
  });

  app.post('/api/v1/auth/validate', async ({ headers }) => {
    try {
      const { username, namespace, authenticatedAt, expiresAt } = await tokens.callerOf(headers.authorization);
      return { valid: true, username, namespace, authenticated_at: authenticatedAt, expires_at: expiresAt, error: null };
    } catch (error) {
      if (!(error instanceof ServiceFailure)) throw error;
      return { ...nobody, error: error.message };
    }
  });

  app.get('/api/v1/auth/me', { onRequest: tokens.guard }, async ({ headers }) => {
    const { username, namespace, authenticatedAt } = await tokens.callerOf(headers.authorization);
    return { username, namespace, authenticated_at: new Date(authenticatedAt * 1_000).toISOString() };
  });

  app.post('/api/v1/auth/test-connection', { onRequest: tokens.guard }, async ({ headers }) => {
    const { username, namespace, expiresAt } = await tokens.callerOf(headers.authorization);
    const auth_type = expiresAt === null ? 'api_key' : 'basic';
    await engine.run({ query: 'RETURN 1', parameters: {} });
    return { success: true, username, namespace, server_info: { version: engine.version, namespace }, auth_type };
  });
}

function bearer(token: string) {
  return { access_token: token, token_type: 'bearer', expires_in: lifetimeSeconds };
}

function withoutCertificates(): ServiceFailure {
  return new ServiceFailure(501, 'The sandbox knows no certificates; log in with a password', { code: 'NOT_IMPLEMENTED' });
}

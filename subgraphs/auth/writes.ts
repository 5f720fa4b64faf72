import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { Credentials, Registration } from './bounds.ts';
import { asInput } from './refusals.ts';

const Login = z
  .object({
    access_token: z.string(),
    refresh_token: z.string().nullish(),
    expires_at: z.string(),
    session_id: z.string(),
  })
  .transform((row) => ({
    accessToken: row.access_token,
    refreshToken: row.refresh_token,
    expiresAt: row.expires_at,
    sessionId: row.session_id,
  }));

const OneLogin = z.object({ data: Login });
const Registered = z.object({ user_id: z.string() });

export type Login = Readonly<z.infer<typeof Login>>;

export type PasswordReset = { readonly token: string; readonly newPassword: string };

/** Something done with the token of the caller. */
type AsCaller = (id: string, authorization: string) => Promise<void>;

/** None of these is ever repeated by itself: the service may fail after it has committed. */
export type AuthWrites = {
  readonly login: (credentials: Credentials) => Promise<Login>;
  readonly refresh: (refreshToken: string) => Promise<Login>;
  /** The id of the new account. */
  readonly register: (registration: Registration) => Promise<string>;
  readonly forgotPassword: (email: string) => Promise<void>;
  readonly resetPassword: (reset: PasswordReset) => Promise<void>;
  readonly verifyEmail: (token: string) => Promise<void>;
  /** Ends the session of the token it is called with. */
  readonly logout: AsCaller;
  readonly revokeSession: AsCaller;
  /** For administrators, like the two after it. */
  readonly enableUser: AsCaller;
  readonly disableUser: AsCaller;
  readonly deleteUser: AsCaller;
};

export function authWrites(rest: RestClient): AuthWrites {
  const send: RestClient['send'] = (method, where, write) => asInput(rest.send(method, where, write));
  const tell = async (where: string, body: object): Promise<void> =>
    void (await send('POST', where, { answer: z.unknown(), body }));
  const asCaller =
    (method: 'POST' | 'DELETE', where: (id: string) => string): AsCaller =>
    async (id, authorization) =>
      void (await send(method, where(id), { answer: z.unknown(), authorization }));
  return {
    login: async ({ email, password, rememberMe }) => {
      const body = { email, password, remember_me: rememberMe ?? false };
      return (await send('POST', '/auth/login', { answer: OneLogin, body })).data;
    },
    refresh: async (refreshToken) =>
      (await send('POST', '/auth/refresh', { answer: OneLogin, body: { refresh_token: refreshToken } })).data,
    register: async ({ email, password, firstName, lastName }) => {
      const body = { email, password, first_name: firstName, last_name: lastName };
      return (await send('POST', '/auth/register', { answer: Registered, body })).user_id;
    },
    forgotPassword: (email) => tell('/auth/forgot-password', { email }),
    resetPassword: ({ token, newPassword }) => tell('/auth/reset-password', { token, new_password: newPassword }),
    verifyEmail: (token) => tell('/auth/verify-email', { token }),
    logout: async (id, authorization) =>
      void (await send('POST', '/auth/logout', { answer: z.unknown(), body: { session_id: id }, authorization })),
    revokeSession: asCaller('DELETE', (id) => path`/auth/sessions/${id}`),
    enableUser: asCaller('POST', (id) => path`/admin/users/${id}/enable`),
    disableUser: asCaller('POST', (id) => path`/admin/users/${id}/disable`),
    deleteUser: asCaller('DELETE', (id) => path`/admin/users/${id}`),
  };
}

import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';

/** Roles and states come in snake_case from this service alone (contract section 0.2). */
const UserRole = z
  .string()
  .toUpperCase()
  .pipe(z.enum(['GUEST', 'DATA_ANALYST', 'RESEARCH_SCIENTIST', 'LAB_TECHNICIAN', 'PRINCIPAL_INVESTIGATOR', 'LAB_ADMINISTRATOR']));
const UserStatus = z
  .string()
  .toUpperCase()
  .pipe(z.enum(['ACTIVE', 'INACTIVE', 'SUSPENDED', 'DELETED']));

const User = z
  .object({
    id: z.string(),
    email: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    role: UserRole,
    status: UserStatus,
    email_verified: z.boolean(),
    last_login_at: z.string().nullish(),
    created_at: z.string(),
    department: z.string().nullish(),
    position: z.string().nullish(),
    lab_affiliation: z.string().nullish(),
  })
  .transform((row) => ({
    id: row.id,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    displayName: `${row.first_name} ${row.last_name}`.trim() || null,
    role: row.role,
    status: row.status,
    emailVerified: row.email_verified,
    lastLoginAt: row.last_login_at,
    createdAt: row.created_at,
    department: row.department,
    position: row.position,
    labAffiliation: row.lab_affiliation,
  }));

const Session = z
  .object({
    id: z.string(),
    ip_address: z.string().nullish(),
    created_at: z.string(),
    last_used_at: z.string(),
    expires_at: z.string(),
  })
  .transform((row) => ({
    id: row.id,
    ipAddress: row.ip_address,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  }));

const OwnedSession = z
  .object({
    id: z.string(),
    user_id: z.string(),
    ip_address: z.string().nullish(),
    created_at: z.string(),
    last_used_at: z.string(),
    expires_at: z.string(),
    revoked: z.boolean(),
  })
  .transform((row) => ({
    id: row.id,
    userId: row.user_id,
    ipAddress: row.ip_address,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    revoked: row.revoked,
  }));

/** Characters that may stand in a header. */
const AccessToken = z.string().regex(/^[\x21-\x7e]+$/);

const Login = z
  .object({ access_token: AccessToken, expires_at: z.string() })
  .transform(({ access_token, expires_at }) => ({ authorization: `Bearer ${access_token}`, expiresAt: expires_at }));

const OneUser = z.object({ data: User });
const ManyUsers = z.object({ data: z.array(User) });
const ManySessions = z.object({ data: z.array(Session) });
const ManyOwnedSessions = z.object({ data: z.array(OwnedSession) });
const OneLogin = z.object({ data: Login });

export type User = Readonly<z.infer<typeof User>>;
export type Session = Readonly<z.infer<typeof Session>>;
export type OwnedSession = Readonly<z.infer<typeof OwnedSession>>;

/** A signed-in account: the `Authorization` header of its calls and when it ends. */
type Login = Readonly<z.infer<typeof Login>>;

export type Credentials = { readonly email: string; readonly password: string };

/** Every call but `login` takes the `Authorization` header it is made with. */
export type AuthClient = {
  readonly me: (authorization: string) => Promise<User>;
  readonly sessions: (authorization: string) => Promise<readonly Session[]>;
  /** The newest 100 of everybody. For administrators. */
  readonly allSessions: (authorization: string) => Promise<readonly OwnedSession[]>;
  /** The newest 100. For administrators. */
  readonly users: (authorization: string) => Promise<readonly User[]>;
  /** For administrators. */
  readonly user: (id: string, authorization: string) => Promise<User | null>;
  readonly login: (credentials: Credentials) => Promise<Login>;
};

export function authClient(rest: RestClient): AuthClient {
  return {
    me: async (authorization) => (await rest.get('/auth/me', { answer: OneUser, authorization })).data,
    sessions: async (authorization) => (await rest.get('/auth/sessions', { answer: ManySessions, authorization })).data,
    allSessions: async (authorization) => (await rest.get('/admin/sessions', { answer: ManyOwnedSessions, authorization })).data,
    users: async (authorization) => (await rest.get('/admin/users', { answer: ManyUsers, authorization })).data,
    async user(id, authorization) {
      return (await rest.find(path`/admin/users/${id}`, { answer: OneUser, authorization }))?.data ?? null;
    },
    login: async (credentials) => (await rest.send('POST', '/auth/login', { answer: OneLogin, body: credentials })).data,
  };
}

import type { DatabaseSync } from 'node:sqlite';
import { insertInto } from '#ops/sandbox/data/table.ts';
import type { SeedUser, UserRole, UserStatus } from '#ops/sandbox/data/users.ts';
import { userRoles } from '#ops/sandbox/data/users.ts';
import { prepare } from '#ops/sandbox/database.ts';

export type User = SeedUser & {
  readonly password_hash: string;
  readonly failed_login_attempts: number;
  readonly locked_until: string | null;
};

export type UserTable = {
  readonly find: (id: string) => User | undefined;
  /** In whatever case the address is written. */
  readonly findByEmail: (email: string) => User | undefined;
  readonly newest: (limit: number) => readonly User[];
  readonly insert: (user: User) => void;
  readonly setStatus: (id: string, status: UserStatus, at: string) => void;
  readonly setPassword: (id: string, hash: string, at: string) => void;
  readonly loggedIn: (id: string, at: string) => void;
  readonly failedLogin: (id: string, lockedUntil: string | null) => void;
  readonly remove: (id: string) => void;
  readonly count: () => number;
  readonly countLoggedInSince: (time: string) => number;
};

export const usersSchema = `
  CREATE TABLE users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, password_hash TEXT NOT NULL,
    first_name TEXT NOT NULL, last_name TEXT NOT NULL, role TEXT NOT NULL, status TEXT NOT NULL,
    email_verified INTEGER NOT NULL, last_login_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    department TEXT, position TEXT, lab_affiliation TEXT, failed_login_attempts INTEGER NOT NULL, locked_until TEXT
  ) WITHOUT ROWID;
`;

const columns = [
  'id',
  'email',
  'password_hash',
  'first_name',
  'last_name',
  'role',
  'status',
  'email_verified',
  'last_login_at',
  'created_at',
  'updated_at',
  'department',
  'position',
  'lab_affiliation',
  'failed_login_attempts',
  'locked_until',
] as const satisfies readonly (keyof User)[];

export function userTable(database: DatabaseSync): UserTable {
  const query = <Row>(sql: string) => prepare<Row>(database, sql);
  const byId = query<User>('SELECT * FROM users WHERE id = :id');
  const byEmail = query<User>('SELECT * FROM users WHERE email = :email');
  const newest = query<User>('SELECT * FROM users ORDER BY created_at DESC LIMIT :limit');
  const status = query('UPDATE users SET status = :status, updated_at = :at WHERE id = :id');
  const password = query('UPDATE users SET password_hash = :hash, updated_at = :at WHERE id = :id');
  const success = query('UPDATE users SET last_login_at = :at, failed_login_attempts = 0, locked_until = NULL WHERE id = :id');
  const failure = query(
    'UPDATE users SET failed_login_attempts = failed_login_attempts + 1, locked_until = :lockedUntil WHERE id = :id',
  );
  const remove = query('DELETE FROM users WHERE id = :id');
  const total = query<{ total: number }>('SELECT COUNT(*) AS total FROM users');
  const active = query<{ total: number }>('SELECT COUNT(*) AS total FROM users WHERE last_login_at >= :time');
  return {
    find: (id) => byId.one({ id }),
    findByEmail: (email) => byEmail.one({ email }),
    newest: (limit) => newest.all({ limit }),
    insert: insertInto(database, 'users', columns),
    setStatus: (id, value, at) => void status.run({ id, status: value, at }),
    setPassword: (id, hash, at) => void password.run({ id, hash, at }),
    loggedIn: (id, at) => void success.run({ id, at }),
    failedLogin: (id, lockedUntil) => void failure.run({ id, lockedUntil }),
    remove: (id) => void remove.run({ id }),
    count: () => total.one()?.total ?? 0,
    countLoggedInSince: (time) => active.one({ time })?.total ?? 0,
  };
}

/** What a user may know about themselves. */
export const profile = (user: User) => ({
  id: user.id,
  email: user.email,
  first_name: user.first_name,
  last_name: user.last_name,
  role: user.role,
  status: user.status,
  email_verified: user.email_verified === 1,
  last_login_at: user.last_login_at,
  created_at: user.created_at,
  department: user.department,
  position: user.position,
  lab_affiliation: user.lab_affiliation,
});

export const hasRole = (user: User, required: UserRole): boolean => userRoles.indexOf(user.role) >= userRoles.indexOf(required);

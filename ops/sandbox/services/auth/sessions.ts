import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { insertInto } from '#ops/sandbox/data/table.ts';
import { prepare } from '#ops/sandbox/database.ts';

/** A token is good as long as its row here is: the service remembers every token it gave out, as a hash. */
export type Session = {
  readonly id: string;
  readonly user_id: string;
  readonly token_hash: string;
  /** Null when the login did not ask to be remembered. */
  readonly refresh_hash: string | null;
  readonly device_info: string | null;
  readonly ip_address: string | null;
  readonly created_at: string;
  readonly last_used_at: string;
  readonly expires_at: string;
  readonly revoked: number;
};

export type OwnedSession = Session & { readonly user_email: string; readonly user_name: string };

export type SessionTable = {
  readonly find: (id: string) => Session | undefined;
  readonly findByToken: (token: string) => Session | undefined;
  readonly findByRefreshToken: (token: string) => Session | undefined;
  readonly openOf: (user: string, now: string) => readonly Session[];
  readonly newest: (limit: number) => readonly OwnedSession[];
  readonly insert: (session: Session) => void;
  readonly touch: (id: string, at: string) => void;
  readonly revoke: (id: string) => void;
  readonly revokeAllOf: (user: string) => void;
  readonly removeAllOf: (user: string) => void;
  readonly countOpen: (now: string) => number;
};

export const sessionsSchema = `
  CREATE TABLE sessions (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE, refresh_hash TEXT UNIQUE, device_info TEXT,
    ip_address TEXT, created_at TEXT NOT NULL, last_used_at TEXT NOT NULL, expires_at TEXT NOT NULL, revoked INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX sessions_by_user ON sessions (user_id);
  CREATE INDEX sessions_by_age ON sessions (created_at DESC);
`;

const columns = [
  'id',
  'user_id',
  'token_hash',
  'refresh_hash',
  'device_info',
  'ip_address',
  'created_at',
  'last_used_at',
  'expires_at',
  'revoked',
] as const satisfies readonly (keyof Session)[];

const open = 'revoked = 0 AND expires_at > :now';

export function sessionTable(database: DatabaseSync): SessionTable {
  const query = <Row>(sql: string) => prepare<Row>(database, sql);
  const byId = query<Session>('SELECT * FROM sessions WHERE id = :id');
  const byToken = query<Session>('SELECT * FROM sessions WHERE token_hash = :hash');
  const byRefreshToken = query<Session>('SELECT * FROM sessions WHERE refresh_hash = :hash');
  const openOf = query<Session>(`SELECT * FROM sessions WHERE user_id = :user AND ${open} ORDER BY created_at DESC`);
  const newest = query<OwnedSession>(
    `SELECT sessions.*, email AS user_email, first_name || ' ' || last_name AS user_name
     FROM sessions JOIN users ON users.id = sessions.user_id ORDER BY sessions.created_at DESC LIMIT :limit`,
  );
  const touch = query('UPDATE sessions SET last_used_at = :at WHERE id = :id');
  const revoke = query('UPDATE sessions SET revoked = 1 WHERE id = :id');
  const revokeAll = query('UPDATE sessions SET revoked = 1 WHERE user_id = :user');
  const removeAll = query('DELETE FROM sessions WHERE user_id = :user');
  const countOpen = query<{ total: number }>(`SELECT COUNT(*) AS total FROM sessions WHERE ${open}`);
  return {
    find: (id) => byId.one({ id }),
    findByToken: (token) => byToken.one({ hash: hashOf(token) }),
    findByRefreshToken: (token) => byRefreshToken.one({ hash: hashOf(token) }),
    openOf: (user, now) => openOf.all({ user, now }),
    newest: (limit) => newest.all({ limit }),
    insert: insertInto(database, 'sessions', columns),
    touch: (id, at) => void touch.run({ id, at }),
    revoke: (id) => void revoke.run({ id }),
    revokeAllOf: (user) => void revokeAll.run({ user }),
    removeAllOf: (user) => void removeAll.run({ user }),
    countOpen: (now) => countOpen.one({ now })?.total ?? 0,
  };
}

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

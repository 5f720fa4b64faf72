import type { DatabaseSync } from 'node:sqlite';
import { insertInto } from '#ops/sandbox/data/table.ts';
import { prepare } from '#ops/sandbox/database.ts';

/** The letter that would carry a reset token; nothing is sent, it lies in the outbox. */
type Reset = { readonly token: string; readonly user_id: string; readonly email: string; readonly expires_at: string };

export type ResetTable = {
  readonly find: (token: string) => Reset | undefined;
  readonly last: () => Reset | undefined;
  readonly insert: (reset: Reset) => void;
  readonly removeAllOf: (user: string) => void;
};

export const resetsSchema = `
  CREATE TABLE resets (
    number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, email TEXT NOT NULL, expires_at TEXT NOT NULL
  );
`;

export function resetTable(database: DatabaseSync): ResetTable {
  const byToken = prepare<Reset>(database, 'SELECT * FROM resets WHERE token = :token');
  const last = prepare<Reset>(database, 'SELECT * FROM resets ORDER BY number DESC LIMIT 1');
  const remove = prepare(database, 'DELETE FROM resets WHERE user_id = :user');
  return {
    find: (token) => byToken.one({ token }),
    last: () => last.one(),
    insert: insertInto(database, 'resets', ['token', 'user_id', 'email', 'expires_at']),
    removeAllOf: (user) => void remove.run({ user }),
  };
}

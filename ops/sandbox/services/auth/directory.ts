import type { DatabaseSync } from 'node:sqlite';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import { sandboxPassword } from '#ops/sandbox/data/secrets.ts';
import { transaction } from '#ops/sandbox/data/table.ts';
import { seedUsers } from '#ops/sandbox/data/users.ts';
import { openDatabase } from '#ops/sandbox/database.ts';
import type { AuditEvent, AuditLog } from './audit.ts';
import { auditLog, auditSchema } from './audit.ts';
import { hashPassword } from './passwords.ts';
import type { ResetTable } from './resets.ts';
import { resetsSchema, resetTable } from './resets.ts';
import type { SessionTable } from './sessions.ts';
import { sessionsSchema, sessionTable } from './sessions.ts';
import type { User, UserTable } from './users.ts';
import { usersSchema, userTable } from './users.ts';

/** All the routes of the service need: the tables and the time. */
export type Directory = Disposable & {
  readonly clock: Clock;
  /** The time as the tables keep it. */
  readonly now: () => string;
  readonly users: UserTable;
  readonly sessions: SessionTable;
  readonly resets: ResetTable;
  readonly audit: AuditLog;
};

export async function openDirectory(clock: Clock): Promise<Directory> {
  const database = openDatabase(`${usersSchema}${sessionsSchema}${resetsSchema}${auditSchema}`);
  const directory = {
    clock,
    now: () => new Date(clock.now()).toISOString(),
    users: userTable(database),
    sessions: sessionTable(database),
    resets: resetTable(database),
    audit: auditLog(database),
    [Symbol.dispose]: () => database.close(),
  };
  await seed(database, directory);
  return directory;
}

/** Every seeded account has the same password, so one hash serves all. */
async function seed(database: DatabaseSync, { users, audit }: Directory): Promise<void> {
  const hash = await hashPassword(sandboxPassword);
  transaction(database, () => {
    for (const person of seedUsers()) {
      users.insert({ ...person, password_hash: hash, failed_login_attempts: 0, locked_until: null });
      audit.add({ ...eventAbout(person), event_type: 'user_registered', timestamp: person.created_at });
    }
  });
}

type Happening = { readonly type: string; readonly user?: User; readonly severity?: AuditEvent['severity'] };

/** Writes down who did what from where. */
export function record(directory: Directory, request: FastifyRequest, { type, user, severity = 'info' }: Happening): void {
  directory.audit.add({
    ...eventAbout(user),
    event_type: type,
    ip_address: request.ip,
    user_agent: request.headers['user-agent'] ?? null,
    severity,
    timestamp: directory.now(),
  });
}

const eventAbout = (user: Pick<User, 'id' | 'email'> | undefined) => ({
  user_id: user?.id ?? null,
  user_email: user?.email ?? null,
  ip_address: null,
  user_agent: null,
  details: {},
  severity: 'info' as const,
});

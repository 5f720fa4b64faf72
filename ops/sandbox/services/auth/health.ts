import type { FastifyInstance } from 'fastify';
import type { Directory } from './directory.ts';

const identity = { service: 'auth-service', version: '0.1.0' } as const;

const hourMs = 3_600_000;

export function healthRoutes(app: FastifyInstance, directory: Directory): void {
  const { now } = directory;
  app.get('/health', async () => ({ status: 'healthy', timestamp: now(), ...identity }));
  app.get('/health/ready', async () => ({ status: 'ready', timestamp: now(), ...identity, checks: { database: 'healthy' } }));
  app.get('/health/metrics', async () => ({
    timestamp: now(),
    ...identity,
    metrics: metrics(directory),
    database: { connected: true, response_time_ms: 0, active_connections: 1, idle_connections: 0, max_connections: 1 },
  }));
}

function metrics({ clock, now, users, sessions, audit }: Directory) {
  const ago = (ms: number) => new Date(clock.now() - ms).toISOString();
  return {
    active_users_24h: users.countLoggedInSince(ago(24 * hourMs)),
    active_sessions: sessions.countOpen(now()),
    total_users: users.count(),
    failed_logins_last_hour: audit.countSince('login_failed', ago(hourMs)),
  };
}

import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import { installConventions } from '#ops/sandbox/failure.ts';
import type { SandboxService } from '#ops/sandbox/service.ts';
import { openSequencing } from './sequencing/database.ts';
import { jobRoutes } from './sequencing/jobs.ts';
import { sheetRoutes } from './sequencing/sheets.ts';
import { workflowRoutes } from './sequencing/workflows.ts';

/** Jobs with their state machine, sample sheets and workflows (contract section 1.5). */
export const sequencingService: SandboxService = {
  name: 'sequencing',
  port: 8084,
  open: async ({ clock, ownerOf }) => {
    const db = openSequencing(ownerOf);
    return {
      routes: (app) => {
        installConventions(app, {
          clock,
          textRejections: true,
          formatError: ({ message }, now) => ({ error: { message, timestamp: now.toISOString() } }),
        });
        jobRoutes(app, { db, clock });
        sheetRoutes(app, { db, clock });
        workflowRoutes(app, { db, clock });
        healthRoutes(app, { db, clock });
      },
      [Symbol.asyncDispose]: async () => db.close(),
    };
  },
};

function healthRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const byStatus = db.prepare('SELECT status, count(*) AS count FROM jobs GROUP BY status ORDER BY status');
  const card = (status: string) => ({ status, service: 'sequencing-service', timestamp: new Date(clock.now()).toISOString() });
  app.get('/health', async () => ({ ...card('healthy'), database: 'connected' }));
  app.get('/health/ready', async () => ({ ...card('ready'), checks: { database: 'ready' } }));
  app.get('/health/metrics', async () => ({
    service: 'sequencing-service',
    metrics: { jobs: Object.fromEntries(byStatus.all().map((row) => [String(row['status']), row['count']])) },
  }));
}

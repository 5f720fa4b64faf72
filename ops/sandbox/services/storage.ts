import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import { installConventions } from '#ops/sandbox/failure.ts';
import type { SandboxService } from '#ops/sandbox/service.ts';
import { capacityRoutes } from './storage/capacity.ts';
import { containerRoutes } from './storage/containers.ts';
import { openStorage } from './storage/database.ts';
import { locationRoutes } from './storage/locations.ts';
import { sampleRoutes } from './storage/samples.ts';

/** Freezers, racks, boxes and positions, and which sample lies where (contract section 1.3). */
export const storageService: SandboxService = {
  name: 'storage',
  port: 8082,
  open: async ({ clock, ownerOf }) => {
    const db = openStorage(ownerOf);
    return {
      routes: (app) => {
        installConventions(app, {
          clock,
          textRejections: true,
          formatError: ({ message }, now) => ({ error: message, timestamp: now.toISOString().replace('Z', '+00:00') }),
        });
        locationRoutes(app, { db, clock });
        containerRoutes(app, { db, clock });
        sampleRoutes(app, { db, clock });
        capacityRoutes(app, { db, clock });
        healthRoutes(app, { db, clock });
      },
      [Symbol.asyncDispose]: async () => db.close(),
    };
  },
};

const statistics = `
  SELECT (SELECT count(*) FROM locations) AS total_locations, (SELECT count(*) FROM containers) AS total_containers,
    (SELECT count(*) FROM assignments WHERE removed_at IS NULL) AS stored_samples
`;

function healthRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const counted = db.prepare(statistics);
  const card = (status: string) => ({
    status,
    service: 'enhanced-storage-service',
    timestamp: new Date(clock.now()).toISOString(),
  });
  app.get('/health', async () => card('healthy'));
  app.get('/health/ready', async () => ({ ...card('ready'), checks: { database: 'healthy' } }));
  app.get('/health/metrics', async () => ({
    service: 'enhanced-storage-service',
    features: { hierarchy: true, chain_of_custody: true, capacity_tracking: true },
    database: { status: 'connected' },
    statistics: counted.get(),
  }));
}

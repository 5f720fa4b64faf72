import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { SampleStore } from './store.ts';

const identity = { service: 'sample_service', version: '1.0.0' } as const;

const dayMs = 86_400_000;

/** The sandbox has no sibling services to ask, so all checks are healthy. */
export function healthRoutes(app: FastifyInstance, store: SampleStore, clock: Clock): void {
  const now = () => new Date(clock.now()).toISOString();
  const healthy = { status: 'healthy', response_time_ms: 0 };
  app.get('/health', async () => ({ status: 'healthy', ...identity, timestamp: now(), checks: { database: healthy } }));
  app.get('/health/ready', async () => ({
    status: 'ready',
    ...identity,
    timestamp: now(),
    checks: { database: healthy, auth_service: healthy, storage_service: healthy, configuration: { status: 'healthy' } },
  }));
  app.get('/health/metrics', async () => ({
    ...identity,
    timestamp: now(),
    metrics: {
      samples: sampleMetrics(store, new Date(clock.now() - dayMs)),
      configuration: { max_batch_size: 100, barcode_prefix: 'LAB' },
    },
  }));
}

function sampleMetrics(store: SampleStore, yesterday: Date) {
  const byStatus = store.countBy('status');
  return {
    total: byStatus.values().reduce((sum, count) => sum + count, 0),
    by_status: {
      pending: byStatus.get('Pending') ?? 0,
      validated: byStatus.get('Validated') ?? 0,
      completed: byStatus.get('Completed') ?? 0,
    },
    recent_activity: { created_last_24h: store.countCreatedSince(yesterday.toISOString()) },
    sample_types: Object.fromEntries(store.countBy('sample_type')),
  };
}

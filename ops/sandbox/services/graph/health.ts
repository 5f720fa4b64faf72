import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { Engine } from './engine.ts';

const version = '1.0.0';

/** Health as the deployment guide promises it (contract section 1.7); the sandbox has no MongoDB and no Redis to lose. */
export function healthRoutes(app: FastifyInstance, { clock, engine }: { readonly clock: Clock; readonly engine: Engine }): void {
  const openedAt = clock.now();
  const seconds = () => clock.now() / 1_000;

  const probe = async (): Promise<string> => {
    try {
      await engine.run({ query: 'RETURN 1', parameters: {} });
      return 'healthy';
    } catch (error) {
      return `unhealthy: ${error instanceof Error ? error.message : String(error)}`;
    }
  };

  app.get('/api/v1/public/health', async (_request, reply) => {
    const startedAt = clock.now();
    const xgt = await probe();
    const status = xgt === 'healthy' ? 'healthy' : 'unhealthy';
    return reply.code(status === 'healthy' ? 200 : 503).send({
      status,
      timestamp: seconds(),
      version,
      services: { mongodb: 'healthy', redis: 'healthy', xgt },
      response_time_ms: clock.now() - startedAt,
    });
  });

  app.get('/api/v1/public/ready', async (_request, reply) => {
    const isReady = (await probe()) === 'healthy';
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready' });
  });

  app.get('/api/v1/public/live', async () => ({ status: 'alive', timestamp: seconds() }));

  app.get('/api/v1/public/version', async () => ({
    api: {
      name: 'RocketGraph Public API',
      version,
      environment: 'sandbox',
      uptime_seconds: (clock.now() - openedAt) / 1_000,
      build_timestamp: null,
    },
    xgt: {
      server_version: engine.version,
      server_protocol: [1, 0, 0],
      sdk_version: engine.version,
      client_protocol: [1, 0, 0],
      connection_status: 'connected',
      protocol_compatible: true,
    },
    system: { python_version: null, platform: 'sandbox' },
  }));
}

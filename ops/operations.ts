import type { FastifyInstance } from 'fastify';
import { adminRoutes } from './admin/admin-routes.ts';
import { adminListener } from './admin/listener.ts';
import type { Health } from './health/health.ts';
import { openHealth } from './health/open-health.ts';
import { healthRoutes } from './health/routes.ts';
import { metricsRoute, nearOrTrusted } from './meters/routes.ts';
import type { AdminSettings, OperationsParts } from './operations-parts.ts';
import { systemLoad } from './system-load.ts';
import { version } from './version.ts';

export type Operations = AsyncDisposable & {
  /** Whether this process may be sent requests. */
  readonly isReady: () => boolean;
  /** Routes of the public listener. */
  readonly addRoutes: (app: FastifyInstance) => void;
  /** Tells that the supergraph is there. */
  readonly loaded: () => void;
  /** Origin of the listener for operators, where there is one. */
  readonly adminUrl: string | undefined;
};

/** Opens what operators see of a process: health, metrics, and a listener of their own. @throws Error when that finds no port */
export async function openOperations(parts: OperationsParts): Promise<Operations> {
  const { settings, instruments, isDraining = () => false, peers } = parts;
  await using opening = new AsyncDisposableStack();
  let isLoaded = false;
  const health = opening.use(
    await openHealth({ ...parts, settings: settings.health, isDraining, isLoaded: () => isLoaded, version }),
  );
  const load = opening.use(await systemLoad({ everyMs: settings.measureMs, folder: '.' }));
  const open = (app: FastifyInstance): void => {
    healthRoutes(app, settings.health.path, { health });
    if (settings.metrics.enabled) metricsRoute(app, { ...metricsOf(parts, health), allows: () => true });
  };
  const guarded = (app: FastifyInstance): void => adminRoutes(app, { ...parts, health, load: load.now, isDraining, version });
  const { admin } = settings;
  const adminUrl =
    admin === undefined
      ? undefined
      : await listen(adminListener({ token: admin.token, logger: instruments.logger, open, guarded }), admin, opening);
  peers?.answer('metrics', instruments.metrics.snapshot);
  const opened = opening.move();
  return {
    isReady: health.isReady,
    adminUrl,
    loaded() {
      isLoaded = true;
    },
    addRoutes(app) {
      const { metrics, health: where } = settings;
      healthRoutes(app, where.path, { health, prefix: where.prefix });
      if (metrics.enabled && metrics.onMain)
        metricsRoute(app, { ...metricsOf(parts, health), allows: nearOrTrusted(metrics.token) });
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const metricsOf = ({ settings, instruments: { metrics, breakers }, peers }: OperationsParts, health: Health) => ({
  metrics: peers === undefined ? metrics : { ...metrics, text: async () => String((await peers.ask('metrics'))[0]) },
  path: settings.metrics.path,
  summary: () => ({
    gateway: { version, uptime: Math.round(process.uptime()), environment: settings.environment },
    services: health.services(),
    circuit_breakers: breakers.report(),
  }),
});

async function listen(app: FastifyInstance, admin: AdminSettings, opening: AsyncDisposableStack): Promise<string> {
  const { host, port, anyPortInstead } = admin;
  opening.defer(() => app.close());
  await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' || !anyPortInstead) throw new Error(`ADMIN_PORT: cannot listen (${error.code}).`);
    return app.listen({ host, port: 0 });
  });
  return app.listeningOrigin;
}

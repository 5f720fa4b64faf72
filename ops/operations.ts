import type { FastifyInstance } from 'fastify';
import type { Block } from '#kit/blocks.ts';
import type { Clock } from '#kit/clock.ts';
import type { OrganizationParts } from '#kit/organizations/administration.ts';
import type { NewAuditEvent } from '#kit/organizations/audit-event.ts';
import type { OnServices, ReachableServices } from '#kit/upstreams.ts';
import { adminRoutes } from './admin/admin-routes.ts';
import type { CacheControls } from './admin/cache-routes.ts';
import type { Look } from './admin/limit-routes.ts';
import { adminListener } from './admin/listener.ts';
import type { ProcessControls } from './admin/process-routes.ts';
import type { Health } from './health/health.ts';
import { openHealth } from './health/open-health.ts';
import { healthRoutes } from './health/routes.ts';
import type { Instruments } from './instruments.ts';
import { metricsRoute, nearOrTrusted } from './meters/routes.ts';
import type { Peers } from './peers.ts';
import { systemLoad } from './system-load.ts';
import { version } from './version.ts';

type AdminSettings = {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  /** Takes any free port when the wanted one is taken. */
  readonly anyPortInstead: boolean;
};

type Settings = {
  readonly environment: string;
  readonly metrics: {
    readonly enabled: boolean;
    readonly onMain: boolean;
    readonly path: string;
    readonly token: string | undefined;
  };
  readonly measureMs: number;
  readonly health: {
    readonly path: string;
    readonly prefix: string;
    readonly everyMs: number;
    readonly timeoutMs: number;
    readonly critical: ReadonlySet<string>;
  };
  /** Undefined where nothing listens for operators. */
  readonly admin: AdminSettings | undefined;
};

export type OperationsParts = {
  readonly settings: Settings;
  readonly instruments: Instruments;
  readonly clock: Clock;
  /** The services that this process calls. */
  readonly services: ReachableServices;
  readonly onServices?: OnServices;
  readonly redis: { readonly url: string | undefined; readonly caFile: string | undefined };
  readonly organizations: OrganizationParts & { readonly audit: { readonly record: (event: NewAuditEvent) => void } };
  /** What the store of organizations is called in reports. */
  readonly storeName: 'mongodb' | 'database';
  readonly laboratory: string;
  /** False while credentials cannot be checked. */
  readonly hasKeys: () => boolean;
  readonly isDraining?: () => boolean;
  readonly blocks: {
    readonly list: () => Promise<readonly Block[]>;
    readonly block: (block: Block) => Promise<void>;
    readonly lift: (address: string) => Promise<boolean>;
  };
  /** Looks at budgets, where there are any. */
  readonly look?: Look | undefined;
  readonly controls?: ProcessControls;
  readonly cache?: CacheControls;
  /** Every variable, without what could be a secret. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The processes that serve the same ports, where there are several: any of them speaks for all. */
  readonly peers?: Peers | undefined;
};

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

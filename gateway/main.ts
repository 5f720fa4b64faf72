import cluster from 'node:cluster';
import type { Changes } from '#kit/changes.ts';
import { changes } from '#kit/changes.ts';
import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph, Subgraph } from '#kit/define-subgraph.ts';
import { readEnvironment } from '#kit/environment.ts';
import { openIdempotency } from '#kit/open-idempotency.ts';
import { graphCredentials } from '#kit/organizations/graph-credentials.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { isSubgraphName, serviceNames, subgraphNames } from '#kit/service-names.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import type { ProcessControls } from '#ops/admin/process-routes.ts';
import { banner } from '#ops/banner.ts';
import { tellServing } from '#ops/commands.ts';
import type { Instruments } from '#ops/instruments.ts';
import { openInstruments } from '#ops/instruments.ts';
import type { Lifecycle } from '#ops/lifecycle.ts';
import { openLifecycle } from '#ops/lifecycle.ts';
import { createLogger } from '#ops/logger.ts';
import type { Snapshot } from '#ops/meters/merged.ts';
import { mergedMetrics } from '#ops/meters/merged.ts';
import { openOperations } from '#ops/operations.ts';
import type { Peers } from '#ops/peers.ts';
import { openPeers } from '#ops/peers.ts';
import type { Reload, Reloads } from '#ops/reload.ts';
import { mergedOutcomes, reloader, settledVariables } from '#ops/reload.ts';
import { superviseWorkers } from '#ops/workers.ts';
import { subgraphs } from '#subgraphs/registry.ts';
import type { FaultLine } from './cache/fault-log.ts';
import { faultLog } from './cache/fault-log.ts';
import type { Cache, CacheSettings } from './cache/open-cache.ts';
import { openCache } from './cache/open-cache.ts';
import { openCallers } from './callers.ts';
import type { Config } from './config.ts';
import { readConfig, variableNames } from './config.ts';
import { openBlocks } from './http/open-blocks.ts';
import { openOrganizations } from './organizations/open-organizations.ts';
import { openSource } from './plan/open-source.ts';
import { localName, routesOf } from './plan/routing.ts';
import type { Services } from './services.ts';
import { openServices, settledNames } from './services.ts';
import { openSpending } from './spending.ts';

// The gateway library reports anonymous usage unless told not to.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';

async function main(): Promise<void> {
  if (process.argv.includes('--check')) {
    process.exitCode = await check(process.argv.includes('--json'));
    return;
  }
  const config = readConfig(await readEnvironment(process.env, variableNames));
  process.exitCode = cluster.isPrimary && config.lifecycle.workers > 1 ? await supervise(config) : await serve(config);
}

/** Prints what would keep a process from starting; it neither listens nor connects. */
async function check(json: boolean): Promise<number> {
  const { checkStart } = await import('./check.ts');
  const problems = await checkStart(process.env, async (name) =>
    isSubgraphName(name) ? (await subgraphs[name]()).needs : undefined,
  );
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  process.stdout.write(
    `${json ? JSON.stringify(problems, null, 2) : lines.join('\n') || 'Everything that a start reads can be read.'}\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

/** Runs several processes that serve; in development one sandbox stands in for all of them. */
async function supervise(config: Config): Promise<number> {
  const { environment, lifecycle, supergraph, rateLimit, upstreams } = config;
  await using running = new AsyncDisposableStack();
  const logger = createLogger(config.log);
  const missing = serviceNames.filter((name) => upstreams[name].url === undefined);
  const stands = environment === 'development' && !supergraph.foreign && missing.length > 0;
  const urls = stands ? await sandboxUrls(missing, config, running) : undefined;
  if (rateLimit.enabled && rateLimit.redisUrl === undefined)
    logger.warn('limits are not shared: without Redis each worker keeps books of its own');
  const handed = urls === undefined ? {} : { SANDBOX_URLS: JSON.stringify(Object.fromEntries(urls)) };
  const merged = mergedMetrics();
  return superviseWorkers({
    workers: lifecycle.workers,
    environment: handed,
    logger,
    digests: { metrics: (values) => merged.text(values as ReadonlyMap<number, Snapshot>) },
    onEnded: (worker) => void merged.ended(worker),
  });
}

async function serve(config: Config): Promise<number> {
  await using running = new AsyncDisposableStack();
  const instruments = running.use(await openInstruments({ settings: config.log, clock: systemClock }));
  const { logger } = instruments;
  const peers = openPeers();
  const opening: Opening = { config, instruments, running, peers };
  const lifecycle = openLifecycle({ logger, ...config.lifecycle });
  await openTraces(opening);
  const source = await openSource({ ...config.supergraph, secret: config.secrets.subgraph });
  const definitions = await localSubgraphs(source.sdl, config).catch((cause: Error) => {
    throw new Error(`SUPERGRAPH_PATH: is no supergraph (${cause.message}); npm run cli -- validate-config tells more`, { cause });
  });
  const needed = serviceNames.filter((service) => definitions.some(({ needs }) => needs.includes(service)));
  const { services, sandboxed } = await reachServices(needed, opening);
  const { settings, onServices } = services;
  const seeds = await organizations(config);
  const known = await openKnown(opening, seeds);
  const { tell: onChanged, onChange } = changes();
  const locals = await openLocals(definitions, opening, { services, known, onChange });
  const callers = { auth: settings.get('auth'), onServices, organizations: known, sandboxed: sandboxed.includes('auth'), logger };
  const { identify, ready } = running.use(await openCallers(config, callers));
  const { limits, cache, blocks } = await openShared(opening, { organizations: known, onChanged });
  let reloads: Reloads = {};
  const reload = reloader(() => reloads, logger);
  const operations = running.use(
    await openOperations({
      ...operationsOf(config),
      instruments,
      services: settings,
      onServices,
      organizations: known,
      hasKeys: ready,
      blocks,
      look: limits?.look,
      ...(cache && { cache }),
      isDraining: lifecycle.isDraining,
      controls: controlsOf(lifecycle, reload, peers),
      peers,
    }),
  );
  // Loading it takes most of the time of a start, which a wrong variable need not wait for.
  const { createGateway } = await import('./gateway.ts');
  const gateway = running.use(
    await createGateway(config, {
      source,
      locals,
      logger,
      identify,
      ready: operations.isReady,
      draining: lifecycle.isDraining,
      turnsAway: lifecycle.turnsAway,
      blocks,
      observer: instruments.observer,
      addRoutes: operations.addRoutes,
      ...(limits && { limits }),
      ...(cache && { cache, onMemoryPressure: cache.giveUp }),
      page: await openPage(config),
    }),
  );
  const settled = settledVariables(process.env, settledNames);
  reloads = { ...gateway.reloads, ...(limits && { plans: limits.reloadPlans }), services: services.reload, settings: settled };
  lifecycle.onReload(() => void reload());
  operations.loaded();
  tellServing(banner({ url: gateway.url, operatorsUrl: operations.adminUrl, sandboxed, organizations: seeds }));
  return (await lifecycle.stopped).exitCode;
}

/** What everything that is opened needs; `running` closes it at the end. */
type Opening = {
  readonly config: Config;
  readonly instruments: Instruments;
  readonly running: AsyncDisposableStack;
  /** The other processes of the same port, where there are some. */
  readonly peers: Peers | undefined;
};

/** Organizations and their keys. */
async function openKnown(
  { config, instruments: { logger }, running }: Opening,
  seeds: Awaited<ReturnType<typeof organizations>>,
) {
  const onError = (error: unknown): void => logger.error({ err: error, reason: error }, 'organizations');
  return running.use(await openOrganizations({ settings: config.organizations, clock: systemClock, seeds, onError }));
}

type LocalParts = {
  readonly services: Services;
  readonly known: Awaited<ReturnType<typeof openKnown>>;
  /** Tells what other processes change. */
  readonly onChange: Changes['onChange'];
};

/** The subgraphs of this process, and their connections to the laboratory's services. */
async function openLocals(definitions: readonly Subgraph[], { config, instruments, running }: Opening, local: LocalParts) {
  const { logger, metrics, onBreakerChange, onCall } = instruments;
  const onError = (error: Error): void => logger.warn({ err: error, reason: error }, 'Redis is away');
  const onUnexpectedError = (error: unknown, subgraph: string): void =>
    logger.error({ err: error, subgraph }, 'unexpected error');
  const { idempotency } = running.use(await openIdempotency({ ...config.redis, onError }));
  const parts = {
    clock: systemClock,
    idempotency,
    onUnexpectedError,
    watchQuery: metrics.queryStarted,
    onChange: local.onChange,
  };
  const upstreams = running.use(await openUpstreams(local.services.settings, { ...parts, onBreakerChange, onCall }));
  local.services.onServices(upstreams.replace);
  const credentialOf = graphCredentials({ store: local.known.store, clock: systemClock });
  return new Map<string, RunningSubgraph>(
    definitions.map((subgraph) => {
      const own = subgraph.name === 'graph' && { credentialOf };
      return [subgraph.name, subgraph.open({ ...parts, ...config.execution, upstreams, organizations: local.known, ...own })];
    }),
  );
}

type SharedParts = { readonly organizations: LocalParts['known']; readonly onChanged: Changes['tell'] };

/** What all processes have in common where there is a Redis: budgets, answers, and addresses that are shut out. */
async function openShared({ config, instruments, running, peers }: Opening, { organizations, onChanged }: SharedParts) {
  const { logger, metrics, followLimits } = instruments;
  const { limitDecided: onDecision } = metrics;
  const limits = running.use(await openSpending(config, { organizations, logger, onDecision }));
  followLimits(limits);
  const cache = config.cache && running.use(await openKept(config.cache, { ...instruments, onChanged, peers }));
  const onReachable = (reachable: boolean): void =>
    logger.warn(reachable ? 'blocks are shared again' : 'blocks are of this process alone');
  const blocks = running.use(await openBlocks({ ...config.redis, clock: systemClock, onReachable }));
  return { limits, cache, blocks };
}

type KeptParts = Pick<Instruments, 'metrics' | 'logger'> & Pick<SharedParts, 'onChanged'> & Pick<Opening, 'peers'>;

/** What is kept of answers; what goes wrong with it is counted and written down. */
const openKept = (settings: CacheSettings, { metrics, logger, onChanged, peers }: KeptParts): Promise<Cache> => {
  const say = ({ phase, error, ...line }: FaultLine): void =>
    logger[phase === 'over' ? 'info' : 'warn']({ ...line, err: error, reason: error }, `cache trouble ${phase}`);
  const log = faultLog({ say });
  return openCache({
    settings,
    ...(peers && {
      relay: {
        tell: async (tags) => void (await peers.ask('raised', tags)),
        onTold: (hear) => peers.answer('raised', (tags) => hear(tags as readonly string[])),
      },
    }),
    clock: systemClock,
    onChanged,
    onLookup: metrics.lookedUp,
    onCompared({ subgraph, name, result }) {
      metrics.cacheCompared({ subgraph, result });
      if (result === 'mismatches') logger.warn({ subgraph, name }, 'a kept answer was not what its subgraph says');
    },
    onFault(fault) {
      metrics.cacheFailed(fault);
      log(fault);
    },
  });
};

/** What operators may do; other workers do the same, and what they say to it counts. */
function controlsOf({ drain, undrain }: Lifecycle, reload: Reload, peers: Peers | undefined): ProcessControls {
  peers?.answer('reload', reload);
  return {
    drain,
    undrain,
    reload:
      peers === undefined ? reload : async () => mergedOutcomes((await peers.ask('reload')) as Awaited<ReturnType<Reload>>[]),
  };
}

/** What operators see of a process follows from its configuration and from what it has opened. */
const operationsOf = ({ operations, redis, organizations, described }: Config) => ({
  settings: operations,
  clock: systemClock,
  redis,
  storeName: organizations.place?.kind === 'mongodb' ? ('mongodb' as const) : ('database' as const),
  laboratory: organizations.laboratory,
  config: described,
});

/** The laboratory's subgraphs that the supergraph wants in this process. */
async function localSubgraphs(sdl: string, { fetch }: Config): Promise<readonly Subgraph[]> {
  const names = new Set(routesOf(sdl, fetch.urls).map(({ url }) => localName(url)));
  return Promise.all(subgraphNames.filter((name) => names.has(name)).map((name) => subgraphs[name]()));
}

/** Every needed service by its URL; in development the sandbox stands in for those without one. */
async function reachServices(needed: readonly ServiceName[], { config, instruments: { logger, metrics }, running }: Opening) {
  const { environment, upstreams } = config;
  const missing = environment === 'development' ? needed.filter((name) => upstreams[name].url === undefined) : [];
  const standIns = missing.length > 0 ? await startStandIns(missing, config, running) : new Map<ServiceName, { url: string }>();
  const services = await openServices({
    needed,
    config,
    environment: process.env,
    standIns,
    onReload(outcome) {
      metrics.servicesReloaded(outcome.ok);
      if (outcome.ok) logger.info({ services: outcome.changed }, 'services replaced');
      else logger.error({ err: outcome.error, reason: outcome.error }, 'services refused; the old ones go on');
    },
  });
  return { services: running.use(services), sandboxed: missing };
}

async function startStandIns(names: readonly ServiceName[], config: Config, running: AsyncDisposableStack) {
  const { developmentSettings } = await import('#ops/sandbox/settings.ts');
  const urls = await sandboxUrls(names, config, running);
  return new Map([...urls].map(([name, url]) => [name, { ...developmentSettings(name), url }] as const));
}

/** Where the sandbox's services are: those that run already, else new ones. */
async function sandboxUrls(names: readonly ServiceName[], { lifecycle }: Config, running: AsyncDisposableStack) {
  const { sandboxUrls: given = {} } = lifecycle;
  const missing = names.filter((name) => given[name] === undefined);
  const known = names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]));
  if (missing.length === 0) return new Map(known);
  const { startSandbox } = await import('#ops/sandbox/sandbox.ts');
  const { urls } = running.use(await startSandbox({ services: missing }));
  return new Map([...known, ...urls]);
}

/** The SDK is loaded only where a collector is named. */
async function openTraces({ config: { tracing }, instruments: { logger }, running }: Opening): Promise<void> {
  if (tracing === undefined) return;
  const { openTracing } = await import('#ops/tracing.ts');
  running.use(openTracing(tracing, (error) => logger.warn({ err: error, reason: error }, 'the last traces are lost')));
}

/** GraphiQL, in development only; the package is not installed elsewhere. */
async function openPage({ environment }: Config): Promise<((endpoint: string) => string) | undefined> {
  if (environment !== 'development') return undefined;
  const { graphiqlPage } = await import('#ops/console/graphiql.ts');
  return graphiqlPage;
}

async function organizations({ environment, supergraph }: Config) {
  if (environment !== 'development' || supergraph.foreign) return [];
  return (await import('#ops/sandbox/organizations.ts')).developmentOrganizations;
}

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
// What connects a worker with the process above it would keep it alive.
cluster.worker?.disconnect();

import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph, Subgraph } from '#kit/define-subgraph.ts';
import { readEnvironment } from '#kit/environment.ts';
import { openIdempotency } from '#kit/open-idempotency.ts';
import { graphCredentials } from '#kit/organizations/graph-credentials.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames, subgraphNames } from '#kit/service-names.ts';
import type { ReachableSettings } from '#kit/upstream-settings.ts';
import { urlVariable } from '#kit/upstream-settings.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import { banner } from '#ops/banner.ts';
import { createLogger } from '#ops/logger.ts';
import { firstSignal } from '#ops/signals.ts';
import { subgraphs } from '#subgraphs/registry.ts';
import { openCallers } from './callers.ts';
import type { Config } from './config.ts';
import { readConfig, variableNames } from './config.ts';
import { openBlocks } from './http/open-blocks.ts';
import { openOrganizations } from './organizations/open-organizations.ts';
import { openSource } from './plan/open-source.ts';
import { localName, routesOf } from './plan/routing.ts';
import { openSpending } from './spending.ts';

// The gateway library reports anonymous usage unless told not to.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';

async function main(): Promise<void> {
  const config = readConfig(await readEnvironment(process.env, variableNames));
  const logger = createLogger(config.log);
  const stopped = firstSignal();
  await using running = new AsyncDisposableStack();
  const source = await openSource({ ...config.supergraph, secret: config.secrets.subgraph });
  const definitions = await localSubgraphs(source.sdl, config);
  const needed = serviceNames.filter((service) => definitions.some(({ needs }) => needs.includes(service)));
  const { settings, sandboxed } = await reachUpstreams(needed, config, running);
  const seeds = await organizations(config);
  const known = running.use(
    await openOrganizations({
      settings: config.organizations,
      clock: systemClock,
      seeds,
      onError: (error) => logger.error({ err: error }, 'organizations'),
    }),
  );
  const onUnexpectedError = (error: unknown, subgraph: string): void =>
    logger.error({ err: error, subgraph }, 'unexpected error');
  const onBreakerChange = (service: string, state: string): void => logger.warn({ service, state }, 'circuit breaker');
  const onError = (error: Error): void => logger.warn({ err: error }, 'Redis is away');
  const { idempotency } = running.use(await openIdempotency({ ...config.redis, onError }));
  const parts = { clock: systemClock, idempotency, onUnexpectedError, compiled: config.execution.compiled };
  const upstreams = running.use(await openUpstreams(settings, { ...parts, onBreakerChange }));
  const locals = new Map<string, RunningSubgraph>(
    definitions.map((subgraph) => {
      const own = subgraph.name === 'graph' && { credentialOf: graphCredentials({ store: known.store, clock: systemClock }) };
      return [subgraph.name, subgraph.open({ ...parts, upstreams, organizations: known, ...own })];
    }),
  );
  const { identify, ready } = running.use(
    await openCallers(config, {
      auth: settings.get('auth'),
      organizations: known,
      sandboxed: sandboxed.includes('auth'),
      logger,
    }),
  );
  const limits = running.use(await openSpending(config, { organizations: known, logger }));
  const blocks = running.use(
    await openBlocks({
      ...config.redis,
      clock: systemClock,
      onReachable: (reachable) => logger.warn(reachable ? 'blocks are shared again' : 'blocks are of this process alone'),
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
      ready,
      blocks,
      ...(limits && { limits }),
      page: await openPage(config),
    }),
  );
  process.stdout.write(banner({ url: gateway.url, sandboxed, organizations: seeds }));
  logger.info({ signal: await stopped }, 'stopping');
}

/** The laboratory's subgraphs that the supergraph wants in this process. */
async function localSubgraphs(sdl: string, { fetch }: Config): Promise<readonly Subgraph[]> {
  const names = new Set(routesOf(sdl, fetch.urls).map(({ url }) => localName(url)));
  return Promise.all(subgraphNames.filter((name) => names.has(name)).map((name) => subgraphs[name]()));
}

type Reached = {
  readonly settings: ReadonlyMap<ServiceName, ReachableSettings>;
  readonly sandboxed: readonly ServiceName[];
};

/** Every needed service by its URL; in development the sandbox stands in for those without one. */
async function reachUpstreams(
  needed: readonly ServiceName[],
  { environment, upstreams }: Config,
  running: AsyncDisposableStack,
): Promise<Reached> {
  const missing = needed.filter((name) => upstreams[name].url === undefined);
  if (missing.length > 0 && environment !== 'development') {
    throw new Error(`${missing.map(urlVariable).join(', ')}: no URL is set; only ENVIRONMENT=development starts a sandbox.`);
  }
  const standIns = missing.length > 0 ? await startStandIns(missing, running) : new Map<ServiceName, { url: string }>();
  const settings = needed.map((name) => {
    const { url, ...given } = upstreams[name];
    const standIn = standIns.get(name);
    return [name, standIn === undefined ? { ...given, url: url ?? '' } : { ...given, ...standIn }] as const;
  });
  return { settings: new Map(settings), sandboxed: missing };
}

async function startStandIns(names: readonly ServiceName[], running: AsyncDisposableStack) {
  const { startSandbox } = await import('#ops/sandbox/sandbox.ts');
  const { developmentSettings } = await import('#ops/sandbox/settings.ts');
  const sandbox = running.use(await startSandbox({ services: names }));
  return new Map([...sandbox.urls].map(([name, url]) => [name, { ...developmentSettings(name), url }] as const));
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

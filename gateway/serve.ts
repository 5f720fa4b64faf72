import { changes } from '#kit/changes.ts';
import { systemClock } from '#kit/clock.ts';
import { giveBackMemory } from '#kit/give-back-memory.ts';
import { serviceNames } from '#kit/service-names.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import { banner } from '#ops/banner.ts';
import { tellServing } from '#ops/commands.ts';
import { openInstruments } from '#ops/instruments.ts';
import { openLifecycle } from '#ops/lifecycle.ts';
import { openPeers } from '#ops/peers.ts';
import type { Reloads } from '#ops/reload.ts';
import { reloader, settledVariables } from '#ops/reload.ts';
import { openCallers } from './callers.ts';
import type { Config } from './config.ts';
import type { SubgraphRegistry } from './locals.ts';
import { localSubgraphs, openLocals } from './locals.ts';
import type { Opening } from './opening.ts';
import { openOperators } from './operators.ts';
import { openOrganizations } from './organizations/open-organizations.ts';
import { openSource } from './plan/open-source.ts';
import { reachServices, wantedServices } from './reach.ts';
import { settledNames } from './services.ts';
import { openShared } from './shared.ts';
import { sandboxOrganizations } from './stand-ins.ts';

type Start = {
  readonly config: Config;
  /** What the configuration was read from. */
  readonly environment: Environment;
  readonly subgraphs: SubgraphRegistry;
};

/** Opens everything that a process needs, serves until it is told to stop, and closes it. Resolves with the exit code. */
export async function serve({ config, environment, subgraphs }: Start): Promise<number> {
  await using running = new AsyncDisposableStack();
  const instruments = running.use(await openInstruments({ settings: config.log, clock: systemClock }));
  const { logger, observer } = instruments;
  const opening: Opening = { config, environment, instruments, running, peers: openPeers() };
  const lifecycle = openLifecycle({ logger, ...config.lifecycle });
  await openTraces(opening);
  const inside = await openInside(opening, subgraphs);
  const { source, services, sandboxed, seeds, locals, callers, limits, cache, blocks } = inside;
  let reloads: Reloads = {};
  const operations = await openOperators(opening, { ...inside, lifecycle, reload: reloader(() => reloads, logger) });
  // Loading it takes most of the time of a start, which a wrong variable need not wait for.
  const { createGateway } = await import('./gateway.ts');
  const gateway = running.use(
    await createGateway(config, {
      source,
      locals,
      logger,
      identify: callers.identify,
      ready: operations.isReady,
      draining: lifecycle.isDraining,
      turnsAway: lifecycle.turnsAway,
      blocks,
      observer,
      addRoutes: operations.addRoutes,
      ...(limits && { limits }),
      ...(cache && { cache, onMemoryPressure: cache.giveUp }),
      beforeListening: giveBackMemory,
      page: await openPage(config),
    }),
  );
  const settings = settledVariables(environment, settledNames);
  reloads = { ...gateway.reloads, ...(limits && { plans: limits.reloadPlans }), services: services.reload, settings };
  operations.loaded();
  tellServing(banner({ url: gateway.url, operatorsUrl: operations.adminUrl, sandboxed, organizations: seeds }));
  return (await lifecycle.stopped).exitCode;
}

/** What the gateway stands on: the supergraph, the laboratory's services and subgraphs, who calls, and what all processes share. */
async function openInside(opening: Opening, subgraphs: SubgraphRegistry) {
  const { config, instruments, running } = opening;
  const { logger, breakers } = instruments;
  const source = await openSource({ ...config.supergraph, secret: config.secrets.subgraph });
  const definitions = await localSubgraphs(source.sdl, config, subgraphs).catch((cause: Error) => {
    throw new Error(`SUPERGRAPH_PATH: is no supergraph (${cause.message}); npm run cli -- validate-config tells more`, { cause });
  });
  const needed = serviceNames.filter((service) => definitions.some(({ needs }) => needs.includes(service)));
  const wanted = wantedServices(needed, config);
  const seeds = await sandboxOrganizations(config);
  const known = await openKnown(opening, seeds);
  const { tell: onChanged, onChange } = changes();
  // It reads files that a variable may name wrongly, which a start need not begin a sandbox for.
  const shared = await openShared(opening, { organizations: known, onChanged });
  const services = await reachServices(wanted, opening);
  const { settings, onServices } = services;
  const { sandboxed } = wanted;
  const locals = await openLocals(definitions, opening, { services, known, onChange });
  const authenticated = { auth: settings.get('auth'), onServices, sandboxed: sandboxed.includes('auth') };
  const callers = running.use(await openCallers(config, { ...authenticated, organizations: known, logger, breakers }));
  return { source, services, sandboxed, seeds, known, locals, callers, ...shared };
}

/** Organizations and their keys. */
async function openKnown(
  { config, instruments: { logger }, running }: Opening,
  seeds: Awaited<ReturnType<typeof sandboxOrganizations>>,
) {
  const onError = (error: unknown): void => logger.error({ err: error, reason: error }, 'organizations');
  return running.use(await openOrganizations({ settings: config.organizations, clock: systemClock, seeds, onError }));
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

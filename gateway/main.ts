import type { Role } from '#kit/caller.ts';
import { scopesOf } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { openIdempotency } from '#kit/open-idempotency.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames } from '#kit/service-names.ts';
import type { UpstreamSettings } from '#kit/upstream-settings.ts';
import { urlVariable } from '#kit/upstream-settings.ts';
import { banner } from '#ops/banner.ts';
import { createLogger } from '#ops/logger.ts';
import { firstSignal } from '#ops/signals.ts';
import { subgraphs } from '#subgraphs/registry.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { createGateway } from './gateway.ts';
import type { Identify } from './http/context.ts';
import { openSource } from './plan/open-source.ts';
import { localName, routesOf } from './plan/routing.ts';

// The gateway library reports anonymous usage unless told not to.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = createLogger(config.log);
  const stopped = firstSignal();
  await using running = new AsyncDisposableStack();
  const source = await openSource({ ...config.supergraph, secret: config.secrets.subgraph });
  const wanted = localServices(source.sdl, config);
  const { settings, sandboxed } = await reachUpstreams(wanted, config, running);
  const onError = (error: Error): void => logger.warn({ err: error }, 'Redis is away');
  const { idempotency } = running.use(await openIdempotency({ ...config.redis, onError }));
  const locals = new Map<string, RunningSubgraph>();
  for (const [name, upstream] of settings) {
    const onUnexpectedError = (error: unknown, subgraph: string): void =>
      logger.error({ err: error, subgraph }, 'unexpected error');
    const onBreakerChange = (service: string, state: string): void => logger.warn({ service, state }, 'circuit breaker');
    const subgraph = (await subgraphs[name]()).open({
      settings: upstream,
      clock: systemClock,
      idempotency,
      onUnexpectedError,
      onBreakerChange,
    });
    locals.set(name, running.use(subgraph));
  }
  const gateway = running.use(
    await createGateway(config, { source, locals, logger, identify: unverified, page: await openPage(config) }),
  );
  process.stdout.write(banner({ url: gateway.url, sandboxed, organizations: await organizations(config) }));
  logger.info({ signal: await stopped }, 'stopping');
}

/** Until identities are verified: everybody may look, and whoever brings a token may do what its service lets him do. */
const unverified: Identify = async ({ headers }) => {
  const roles: readonly Role[] = [headers.authorization?.startsWith('Bearer ') === true ? 'lab_administrator' : 'data_analyst'];
  return { kind: 'user', organization: 'lab', plan: 'enterprise', subject: '', roles, scopes: scopesOf(roles) };
};

/** The laboratory's subgraphs that the supergraph wants in this process. */
function localServices(sdl: string, { fetch }: Config): readonly ServiceName[] {
  const names = new Set(routesOf(sdl, fetch.urls).map(({ url }) => localName(url)));
  return serviceNames.filter((name) => names.has(name));
}

type Reached = {
  readonly settings: ReadonlyMap<ServiceName, UpstreamSettings & { readonly url: string }>;
  readonly sandboxed: readonly ServiceName[];
};

/** Every wanted service by its URL; in development the sandbox stands in for those without one. */
async function reachUpstreams(
  wanted: readonly ServiceName[],
  { environment, upstreams }: Config,
  running: AsyncDisposableStack,
): Promise<Reached> {
  const missing = wanted.filter((name) => upstreams[name].url === undefined);
  if (missing.length > 0 && environment !== 'development') {
    throw new Error(`${missing.map(urlVariable).join(', ')}: no URL is set; only ENVIRONMENT=development starts a sandbox.`);
  }
  const standIns =
    missing.length > 0 ? await startStandIns(missing, running) : new Map<ServiceName, UpstreamSettings & { url: string }>();
  const settings = wanted.map((name) => {
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

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { stack } from '#kit/layer.ts';
import type { Load } from '#kit/process-load.ts';
import { processLoad } from '#kit/process-load.ts';
import { admission } from './admission.ts';
import { authorizer } from './authorization/authorization.ts';
import { callerPolicies } from './authorization/policies.ts';
import type { Cache } from './cache/open-cache.ts';
import type { Config } from './config.ts';
import { pricer } from './cost/pricer.ts';
import { compiledExecutor } from './execution/executor.ts';
import { dataSource, plannedFetches } from './fetch/data-source.ts';
import { httpTransport, isHttpRoute } from './fetch/http-transport.ts';
import { localTransport } from './fetch/local-transport.ts';
import { signedIdentity } from './fetch/signed-identity.ts';
import { wantedFields } from './fetch/wanted.ts';
import { abuse } from './http/abuse.ts';
import { openAddressLists } from './http/address-lists.ts';
import type { Blocks } from './http/blocks.ts';
import { memoryBlocks } from './http/blocks.ts';
import { closeInOrder } from './http/close.ts';
import type { Identify } from './http/context.ts';
import { httpServer } from './http/server.ts';
import type { Unregistered } from './limits/operation-texts.ts';
import type { Registry } from './limits/registry.ts';
import { emptyRegistry, openRegistry } from './limits/registry.ts';
import type { Observer } from './observer.ts';
import { unwatched } from './observer.ts';
import type { OverloadGuard } from './overload/guard.ts';
import { overloadGuard } from './overload/guard.ts';
import { documentRules, fetchLayers, gates, operationLayers, requestLayers, transportLayers } from './pipeline.ts';
import type { Engine } from './plan/engine.ts';
import { startEngine } from './plan/engine.ts';
import { openEngines } from './plan/engines.ts';
import type { Route } from './plan/routing.ts';
import { localName, routesOf } from './plan/routing.ts';
import type { SupergraphSource } from './plan/supergraph-source.ts';
import { budget } from './rate-limit/budget.ts';
import { chargesFailures } from './rate-limit/failed-credentials.ts';
import { fieldUses } from './rate-limit/field-uses.ts';
import type { Limits } from './rate-limit/open-limits.ts';
import { chargeText } from './rate-limit/point.ts';
import type { Admission, SubgraphHandler } from './request.ts';
import { completion, finish } from './response/answer.ts';
import { answerTexts } from './response/answer-texts.ts';
import { errorFormatter } from './response/mask.ts';
import { tracedRequest } from './response/traced-request.ts';

export type GatewayParts = {
  readonly source: SupergraphSource;
  /** The subgraphs of this process, for routes `local:<name>`. */
  readonly locals: ReadonlyMap<string, Pick<RunningSubgraph, 'execute'>>;
  /** Finds out who is calling, before the body is read. */
  readonly identify: Identify;
  /** Addresses that are shut out for a while; kept in this process unless given. */
  readonly blocks?: Blocks;
  /** Who pays for operations, and out of what; without it nothing is limited. */
  readonly limits?: Pick<Limits, 'limiter' | 'accountOf' | 'clock'>;
  /** What keeps answers of subgraphs; without it every call is made. */
  readonly cache?: Pick<Cache, 'layersFor'>;
  /** False while credentials cannot be checked; true when left out. */
  readonly ready?: () => boolean;
  /** True while no new traffic is wanted; never when left out. */
  readonly draining?: () => boolean;
  /** True while answers are to end their connections. */
  readonly turnsAway?: () => boolean;
  /** Hears that memory runs out: caches are given up. */
  readonly onMemoryPressure?: () => void;
  /** How hard this process has it; measured unless given. */
  readonly measureLoad?: () => Load;
  /** Awaited when everything is built, before the first request may come. */
  readonly beforeListening?: () => Promise<void>;
  /** Page for browsers, where one is wanted. */
  readonly page?: ((endpoint: string) => string) | undefined;
  readonly logger: Logger;
  /** Hears what the stages do. */
  readonly observer?: Observer;
  /** Adds routes to the public listener for whoever watches it. */
  readonly addRoutes?: (app: FastifyInstance) => void;
};

export type Gateway = AsyncDisposable & {
  /** Origin it listens on, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** What can be read again while it runs, by name; each rejects when what it found cannot be used, and the old state goes on. */
  readonly reloads: Readonly<Record<string, () => Promise<void>>>;
};

/** Puts the rooms together and listens. */
export async function createGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const { source, identify, ready = () => true, page, logger, blocks = memoryBlocks({ clock: systemClock }) } = parts;
  const { observer = unwatched, addRoutes } = parts;
  await using opening = new AsyncDisposableStack();
  const memos = new Set<() => void>();
  const guard = opening.use(guardOf(config, { ...parts, memos }, opening));
  const engines = opening.use(
    await openEngines({
      source,
      build: (sdl) => buildEngine(sdl, config, { ...parts, guard, memos }),
      onReload: (outcome) => {
        observer.supergraphReloaded(outcome.ok);
        if (outcome.ok) logger.info('supergraph replaced');
        else logger.error(refused(outcome.error), 'supergraph refused; the old one goes on');
      },
    }),
  );
  const addresses = opening.use(
    await openAddressLists({
      ...config.addresses,
      blocks,
      onReload: (outcome) =>
        outcome.ok
          ? logger.info('address feed replaced')
          : logger.error(refused(outcome.error), 'address feed refused; the old one goes on'),
    }),
  );
  const registry = await registeredOperations(config, logger, opening);
  const onUnregistered = ({ text, ...named }: Unregistered): void => {
    logger.warn(named, 'operation is not registered');
    logger.debug({ ...named, text }, 'text of an operation that is not registered');
  };
  const { limits } = parts;
  const charged = limits && { onRefusal: chargeText(limits) };
  const handle = stack(requestLayers(config, { registry, onUnregistered, ...charged }), (request) =>
    engines.use(({ answer }) => answer(request)),
  );
  const app = httpServer({
    options: config.http,
    logger,
    identify: parts.limits === undefined ? identify : chargesFailures(parts.limits, identify),
    refuses: addresses.refuses,
    abuse: watchFor(config, logger, blocks),
    ready: () => guard.ready() && ready(),
    checkRoom: guard.checkMemory,
    ...(parts.draining && { draining: parts.draining }),
    ...(parts.turnsAway && { turnsAway: parts.turnsAway }),
    pricesOperations: parts.limits !== undefined,
    page,
    observer,
    addRoutes,
    answer: ({ method, headers, url, body }, context) =>
      tracedRequest(context, async () => finish(await handle({ method, headers, url, body, context }), context, config.response)),
  });
  opening.defer(() => closeInOrder(app, config.lifecycle, (open) => logger.warn({ open }, 'requests were cut off')));
  await parts.beforeListening?.();
  guard.begin();
  await app.listen({ host: config.http.host, port: config.http.port }).catch((cause: NodeJS.ErrnoException) => {
    const variable = cause.code === 'EADDRINUSE' || cause.code === 'EACCES' ? 'GATEWAY_PORT' : 'GATEWAY_HOST';
    throw new Error(`${variable}: cannot listen there (${cause.code}); set one that is free and of this machine.`, { cause });
  });
  const opened = opening.move();
  const reloads = {
    supergraph: engines.reload,
    addresses: addresses.reload,
    ...(registry.reload && { operations: registry.reload }),
  };
  return { url: app.listeningOrigin, reloads, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Files, stores and Consul tell why they are of no use; no client has a hand in their words. */
const refused = (error: unknown) => ({ err: error, reason: error });

/** Watches for addresses that only guess and flood, and writes them to the security log. */
function watchFor({ abuse: settings }: Config, logger: Logger, blocks: Blocks) {
  const security = logger.child({ stream: 'security' });
  return (
    settings &&
    abuse({
      settings,
      blocks,
      clock: systemClock,
      onFlag: (flag) => security.warn(flag, 'suspicious address'),
      onFailure: (error) => security.error(refused(error), 'a block is not shared'),
    })
  );
}

type Reloadable = Registry & { readonly reload?: () => Promise<void> };

/** None unless the configuration names manifests. */
async function registeredOperations(config: Config, logger: Logger, opening: AsyncDisposableStack): Promise<Reloadable> {
  const { manifests } = config.operationTexts;
  if (manifests === undefined) return emptyRegistry;
  const registry = await openRegistry(manifests, (outcome) =>
    outcome.ok
      ? logger.info('registered operations replaced')
      : logger.error(refused(outcome.error), 'registered operations refused; the old ones go on'),
  );
  return opening.use(registry);
}

/** Turns away what this process cannot do in time. */
function guardOf({ overload }: Config, parts: GatewayParts & Memos, opening: AsyncDisposableStack): OverloadGuard {
  const { logger, onMemoryPressure = () => undefined } = parts;
  return overloadGuard({
    ...overload,
    measure: parts.measureLoad ?? opening.use(processLoad()).measure,
    onChange: (state, load) => logger.warn(load, state === 'calm' ? 'no longer overloaded' : 'overloaded'),
    onMemoryPressure() {
      onMemoryPressure();
      for (const giveUp of parts.memos) giveUp();
    },
  });
}

/** What engines remember and can make again: each gives it up when called. */
type Memos = { readonly memos: Set<() => void> };

type EngineParts = GatewayParts & Memos & { readonly guard: OverloadGuard };

async function buildEngine(sdl: string, config: Config, parts: EngineParts): Promise<Engine> {
  const { logger } = parts;
  await using opening = new AsyncDisposableStack();
  const onUnexpectedError = (error: unknown, at?: { readonly service: string; readonly call: { readonly requestId: string } }) =>
    logger.error({ err: error, ...(at && { service: at.service, requestId: at.call.requestId }) }, 'unexpected error');
  const { observer = unwatched } = parts;
  const { planLookedUp, planned } = observer;
  const cache = parts.cache?.layersFor(sdl, { shares: config.execution.compiled });
  const layers = fetchLayers(config, observer, cache);
  const wantedOf = wantedFields();
  const fetches = new Map(
    routesOf(sdl, config.fetch.urls).map((route) => {
      const handle = stack(layers, transportOf(route, { config, parts, opening }));
      return [route.name, plannedFetches({ service: route.name, handle, wantedOf, onUnexpectedError })] as const;
    }),
  );
  const fetchesOf = (name: string) => {
    const found = fetches.get(name);
    if (found === undefined) throw new Error(`The supergraph has no route for ${name}.`);
    return found;
  };
  const { limits } = parts;
  const authorize = authorizer({ sdl, policies: callerPolicies });
  const spend = limits && budget({ ...limits, ...priced(sdl, config), effective: (asked) => authorize(asked) ?? asked });
  const stages = { authorize, spend, guard: parts.guard };
  const engine = await startEngine({
    sdl,
    features: authorizationFeatures,
    rules: documentRules(config),
    layers: operationLayers(stages, cache),
    options: config.plan,
    clock: systemClock,
    observePlanning: { looked: planLookedUp, planned },
    logger,
    admit: admission(gates(config, stages)),
    complete: completion(limits && chargeText(limits)),
    formatError: errorFormatter(onUnexpectedError),
    textOf: answerTexts(),
    dataSourceOf: (name) => dataSource(fetchesOf(name)),
    ...(config.execution.compiled && { executeBy: (planOf) => compiledExecutor({ sdl, planOf, handlerOf: fetchesOf }) }),
  });
  opening.use(engine);
  const giveUp = (): void => engine.planner.store.library.clear?.();
  parts.memos.add(giveUp);
  opening.defer(() => void parts.memos.delete(giveUp));
  const opened = opening.move();
  return { ...engine, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** What operations over a supergraph cost, and which of their fields have a limit of their own. */
function priced(sdl: string, { cost }: Config) {
  const { price } = pricer({ sdl, options: cost });
  return {
    priceOf: ({ document, operation }: Pick<Admission, 'document' | 'operation'>) => price(document, operation),
    usesOf: fieldUses(sdl),
  };
}

type TransportParts = { readonly config: Config; readonly parts: GatewayParts; readonly opening: AsyncDisposableStack };

function transportOf({ name, url }: Route, { config, parts, opening }: TransportParts): SubgraphHandler {
  const local = localName(url);
  if (local !== undefined) {
    const subgraph = parts.locals.get(local);
    if (subgraph === undefined)
      throw new Error(`The supergraph wants the subgraph ${local} of this process, which has none of that name.`);
    return localTransport(subgraph);
  }
  if (!isHttpRoute(url)) throw new Error(`The route of ${name} is neither local:, http(s): nor consul:.`);
  const showErrors = config.fetch.showErrorsOf.has(name);
  const { observer = unwatched } = parts;
  const layers = transportLayers(name, config, (state) => {
    observer.breakerChanged(name, state);
    parts.logger.warn({ service: name, state }, 'circuit breaker');
  });
  const onConsulFailure = (error: unknown): void =>
    parts.logger.warn({ ...refused(error), service: name }, 'Consul look-up failed');
  const transport = opening.use(httpTransport({ ...config.fetch, service: name, url, showErrors, onConsulFailure, layers }));
  return signedIdentity(config.secrets.subgraph, name)(transport.handle);
}

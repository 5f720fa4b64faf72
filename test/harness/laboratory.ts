import type { Logger } from 'pino';
import type { GatewayParts } from '#gateway/gateway.ts';
import { openSource } from '#gateway/plan/open-source.ts';
import type { BreakerState } from '#kit/circuit-breaker.ts';
import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { OrganizationParts } from '#kit/organizations/administration.ts';
import { localBus } from '#kit/organizations/change-bus.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { seed } from '#kit/organizations/seed.ts';
import type { ServiceName, SubgraphName } from '#kit/service-names.ts';
import { serviceNames, subgraphNames } from '#kit/service-names.ts';
import type { UpstreamCall } from '#kit/upstream-call.ts';
import type { ReachableSettings, UpstreamSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import type { Upstreams } from '#kit/upstreams.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import type { OwnerOf } from '#ops/sandbox/data/owners.ts';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import type { Sandbox, SandboxCall } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { developmentSettings } from '#ops/sandbox/settings.ts';
import { subgraphs } from '#subgraphs/registry.ts';
import { serve } from '#subgraphs/serve.ts';
import type { GatewayUnderTest } from './gateway.ts';
import { testGateway } from './gateway.ts';

const secret = developmentSecrets.SUBGRAPH_SECRET;

export type LaboratoryUnderTest = AsyncDisposable & {
  readonly gateway: GatewayUnderTest;
  /** What the sandbox was asked; `calls.length = 0` begins anew. */
  readonly calls: SandboxCall[];
  /** Where the services are, for another laboratory over the same ones. */
  readonly urls: Partial<Record<ServiceName, string>>;
  /** Stops one service as a crash would. */
  readonly kill: (name: ServiceName) => Promise<void>;
  /** Lets a service fail; an empty list heals it. */
  readonly faults: Sandbox['faults'];
};

type Options = {
  /** Subgraphs that run as HTTP servers of their own instead of in the gateway's process. */
  readonly remote?: readonly SubgraphName[];
  /** The services behave as the real ones do, with their defects. */
  readonly quirks?: true;
  /** Whose the samples of the sandbox are, in place of its three organizations. */
  readonly ownerOf?: OwnerOf;
  /** Takes what gateway and subgraphs log; without one, bugs of subgraphs are printed and the rest is lost. */
  readonly logger?: Logger;
  /** Settings of every upstream, in place of the defaults. */
  readonly settings?: Partial<UpstreamSettings>;
  /** Where organizations are kept; those of development in memory unless told. */
  readonly organizations?: OrganizationParts;
  /** Who is calling; an administrator of the laboratory unless told. */
  readonly identify?: GatewayParts['identify'];
  /** Who pays, and out of what; nothing is limited unless told. */
  readonly limits?: GatewayParts['limits'];
  /** What keeps answers; every call is made unless told. */
  readonly cache?: GatewayParts['cache'];
  /** Hears what the stages do; nobody does unless told. */
  readonly observer?: GatewayParts['observer'];
  /** Hears every call to a service. */
  readonly onCall?: (call: UpstreamCall) => void;
  /** Variables of the gateway. */
  readonly env?: Record<string, string>;
  /** URLs of servers that stand in for the sandbox's services. */
  readonly urls?: Partial<Record<ServiceName, string>>;
  /** Hears when a circuit opens, is tried, or closes. */
  readonly onBreakerChange?: (service: ServiceName, state: BreakerState) => void;
};

/** The whole laboratory: sandbox, subgraphs and gateway. */
export async function startLaboratory({
  remote = [],
  settings: given = {},
  quirks,
  organizations: kept,
  ownerOf,
  logger,
  identify,
  limits,
  cache,
  observer,
  onCall,
  env: variables = {},
  urls = {},
  onBreakerChange,
}: Options = {}): Promise<LaboratoryUnderTest> {
  await using opening = new AsyncDisposableStack();
  const calls: SandboxCall[] = [];
  const sandbox = opening.use(
    await startSandbox({
      ports: 'any',
      onCall: (call) => calls.push(call),
      ...(quirks && { quirks }),
      ...(ownerOf && { ownerOf }),
    }),
  );
  const onUnexpectedError = (error: unknown): void =>
    logger === undefined ? console.error(error) : logger.error({ err: error }, 'unexpected error');
  const settings = new Map(
    serviceNames.map((name): [ServiceName, ReachableSettings] => [
      name,
      {
        ...readUpstreamSettings(name, {}),
        ...developmentSettings(name),
        ...given,
        url: urls[name] ?? sandbox.urls.get(name) ?? '',
      },
    ]),
  );
  const organizations = kept ?? (await inMemory(opening));
  const parts = { clock: systemClock, organizations, onUnexpectedError };
  const connect = async (): Promise<Upstreams> =>
    opening.use(
      await openUpstreams(settings, { ...parts, ...(onBreakerChange && { onBreakerChange }), ...(onCall && { onCall }) }),
    );
  const upstreams = await connect();
  const locals = new Map<string, RunningSubgraph>();
  const env: Record<string, string> = { SUPERGRAPH_PATH: '', ...variables };
  for (const name of subgraphNames) {
    const subgraph = await subgraphs[name]();
    if (remote.includes(name)) {
      const running = subgraph.open({ ...parts, upstreams: await connect() });
      const served = opening.use(await serve(running, { host: '127.0.0.1', port: 0, secret, onUnexpectedError }));
      env[`${name.toUpperCase()}_SUBGRAPH_URL`] = served.url;
    } else {
      locals.set(name, subgraph.open({ ...parts, upstreams }));
    }
  }
  const source = await openSource({
    path: undefined,
    list: undefined,
    pollMs: 1_000,
    listPollMs: 1_000,
    secret: developmentSecrets.SUBGRAPH_SECRET,
  });
  const gateway = opening.use(
    await testGateway({
      source,
      locals,
      env,
      ...(identify && { identify }),
      ...(limits && { limits }),
      ...(cache && { cache }),
      ...(observer && { observer }),
      ...(logger && { logger }),
    }),
  );
  const opened = opening.move();
  return {
    gateway,
    calls,
    urls: { ...Object.fromEntries(sandbox.urls), ...urls },
    kill: (name) => sandbox.stop(name),
    faults: sandbox.faults,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The organizations of development, which are gone with the test. */
async function inMemory(opening: AsyncDisposableStack): Promise<OrganizationParts> {
  const parts = { store: opening.use(openEmbeddedStore(':memory:')), bus: localBus(), hasher: keyHasher({ current: 'pepper' }) };
  await seed(developmentOrganizations, { ...parts, clock: systemClock });
  return parts;
}

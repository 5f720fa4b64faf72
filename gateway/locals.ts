import type { Changes } from '#kit/changes.ts';
import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph, Subgraph } from '#kit/define-subgraph.ts';
import { openIdempotency } from '#kit/open-idempotency.ts';
import { graphCredentials } from '#kit/organizations/graph-credentials.ts';
import type { SubgraphName } from '#kit/service-names.ts';
import { subgraphNames } from '#kit/service-names.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import type { Config } from './config.ts';
import type { Opening } from './opening.ts';
import type { Organizations } from './organizations/open-organizations.ts';
import { localName, routesOf } from './plan/routing.ts';
import type { Services } from './services.ts';

/** The laboratory's subgraphs, each loaded when it is wanted. */
export type SubgraphRegistry = Readonly<Record<SubgraphName, () => Promise<Subgraph>>>;

/** Those that the supergraph wants in this process. @throws Error for a text that is no supergraph */
export async function localSubgraphs(sdl: string, { fetch }: Config, subgraphs: SubgraphRegistry): Promise<readonly Subgraph[]> {
  const names = new Set(routesOf(sdl, fetch.urls).map(({ url }) => localName(url)));
  return Promise.all(subgraphNames.filter((name) => names.has(name)).map((name) => subgraphs[name]()));
}

type LocalParts = {
  readonly services: Services;
  readonly known: Organizations;
  /** Tells what other processes change. */
  readonly onChange: Changes['onChange'];
};

/** The subgraphs of this process, and their connections to the laboratory's services. */
export async function openLocals(definitions: readonly Subgraph[], { config, instruments, running }: Opening, local: LocalParts) {
  const { logger, breakers, watchQuery, onBreakerChange, onCall } = instruments;
  const onError = (error: Error): void => logger.warn({ err: error, reason: error }, 'Redis is away');
  const onUnexpectedError = (error: unknown, subgraph: string): void =>
    logger.error({ err: error, subgraph }, 'unexpected error');
  const { idempotency } = running.use(await openIdempotency({ ...config.redis, onError }));
  const parts = {
    clock: systemClock,
    idempotency,
    onUnexpectedError,
    watchQuery,
    onChange: local.onChange,
  };
  const { wellAt } = breakers;
  const upstreams = running.use(await openUpstreams(local.services.settings, { ...parts, onBreakerChange, onCall, wellAt }));
  local.services.onServices(upstreams.replace);
  const credentialOf = graphCredentials({ store: local.known.store, clock: systemClock });
  return new Map<string, RunningSubgraph>(
    definitions.map((subgraph) => {
      const own = subgraph.name === 'graph' && { credentialOf };
      return [subgraph.name, subgraph.open({ ...parts, ...config.execution, upstreams, organizations: local.known, ...own })];
    }),
  );
}

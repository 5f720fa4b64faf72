import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { localBus } from '#kit/organizations/change-bus.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { seed } from '#kit/organizations/seed.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames, subgraphNames } from '#kit/service-names.ts';
import type { Environment, ReachableSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { developmentSettings } from '#ops/sandbox/settings.ts';
import { subgraphs } from '#subgraphs/registry.ts';

export type RunningSubgraphs = AsyncDisposable & { readonly subgraphs: ReadonlyMap<string, RunningSubgraph> };

/**
 * Every subgraph of the laboratory in this process, without a gateway: over a sandbox, or over the services that an environment
 * names.
 */
export async function openSubgraphs(environment?: Environment): Promise<RunningSubgraphs> {
  await using opening = new AsyncDisposableStack();
  const sandbox = environment === undefined ? opening.use(await startSandbox({ ports: 'any' })) : undefined;
  const settings = new Map(
    serviceNames.map((name): [ServiceName, ReachableSettings] => {
      const { url = '', ...given } = readUpstreamSettings(name, environment ?? {});
      return [name, { ...given, ...developmentSettings(name), url: sandbox?.urls.get(name) ?? url }];
    }),
  );
  const organizations = {
    store: opening.use(openEmbeddedStore(':memory:')),
    bus: localBus(),
    hasher: keyHasher({ current: 'pepper' }),
  };
  await seed(developmentOrganizations, { ...organizations, clock: systemClock });
  const parts = { clock: systemClock, organizations, onUnexpectedError: (error: unknown) => console.error(error) };
  const upstreams = opening.use(await openUpstreams(settings, parts));
  const running = await Promise.all(
    subgraphNames.map(async (name) => [name, (await subgraphs[name]()).open({ ...parts, upstreams })] as const),
  );
  const opened = opening.move();
  return { subgraphs: new Map(running), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

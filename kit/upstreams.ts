import { readFileSync } from 'node:fs';
import type { BreakerState } from './circuit-breaker.ts';
import type { Clock } from './clock.ts';
import { consulInstances } from './consul.ts';
import { resilience } from './resilience.ts';
import type { Upstream, UpstreamOptions } from './rest-client.ts';
import { openUpstream } from './rest-client.ts';
import { revalidation } from './revalidation.ts';
import type { ServiceName } from './service-names.ts';
import type { UpstreamCall } from './upstream-call.ts';
import type { ReachableSettings } from './upstream-settings.ts';
import { maxUpstreamBytes } from './upstream-settings.ts';

/** Of each service; only those that give validators use any of it. */
const maxRevalidatedBytes = 16 * 1024 * 1024;

export type UpstreamsParts = {
  readonly clock: Clock;
  /** Hears when a service's circuit opens, is tried, or closes. */
  readonly onBreakerChange?: (service: ServiceName, state: BreakerState) => void;
  /** Hears of every call that has ended. */
  readonly onCall?: (call: UpstreamCall) => void;
  /** Hears when Consul cannot be asked for a service's instances. */
  readonly onUnexpectedError: (error: unknown, service: ServiceName) => void;
};

type ServiceConnection = Upstream & { readonly settings: ReachableSettings };

/** The connections of one process to the laboratory's services: one each, however many subgraphs call it. */
export type Upstreams = AsyncDisposable & {
  /** @throws Error when the service is none of those that were opened */
  readonly to: (service: ServiceName) => ServiceConnection;
};

export async function openUpstreams(
  settings: ReadonlyMap<ServiceName, ReachableSettings>,
  parts: UpstreamsParts,
): Promise<Upstreams> {
  await using opening = new AsyncDisposableStack();
  const connections = new Map<ServiceName, ServiceConnection>();
  for (const [service, given] of settings) {
    const upstream = opening.use(openUpstream(optionsOf(service, given, parts)));
    connections.set(service, { ...upstream, settings: given });
  }
  const opened = opening.move();
  return {
    to(service) {
      const connection = connections.get(service);
      if (connection === undefined) throw new Error(`No connection to the ${service} service was opened.`);
      return connection;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function optionsOf(service: ServiceName, settings: ReachableSettings, parts: UpstreamsParts): UpstreamOptions {
  const { timeoutMs, connections, token, caFile, credential } = settings;
  return {
    service,
    ...instancesOf(service, settings, parts),
    clock: parts.clock,
    onCall: parts.onCall,
    timeoutMs,
    connections,
    maxBytes: maxUpstreamBytes,
    ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
    layers: [
      revalidation({ maxBytes: maxRevalidatedBytes, clock: parts.clock }),
      ...resilience({
        ...settings,
        service,
        clock: parts.clock,
        onBreakerChange: (state) => parts.onBreakerChange?.(service, state),
      }),
    ],
    credential: credential ?? (token === undefined ? { kind: 'none' } : { kind: 'bearer', token, header: 'authorization' }),
  };
}

/** Instances are listed with commas, or told by Consul. A URL may have a path, which goes before the prefix and is the same for all. */
function instancesOf(
  service: ServiceName,
  { url, prefix, consulUrl, consulDatacenter, consulToken }: ReachableSettings,
  { onUnexpectedError }: UpstreamsParts,
): Pick<UpstreamOptions, 'origins' | 'prefix'> {
  const parsed = url.split(',').map((instance) => new URL(instance.trim()));
  const [first] = parsed;
  if (first?.protocol !== 'consul:') {
    return { origins: parsed.map(({ origin }) => origin), prefix: (first?.pathname ?? '').replace(/\/+$/, '') + prefix };
  }
  const source = consulInstances({
    service: first.hostname,
    url: consulUrl,
    ...(consulDatacenter !== undefined && { datacenter: consulDatacenter }),
    ...(consulToken !== undefined && { token: consulToken }),
    onFailure: (error) => onUnexpectedError(error, service),
  });
  return { origins: source, prefix };
}

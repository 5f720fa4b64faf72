import type { BreakerState } from './circuit-breaker.ts';
import type { Clock } from './clock.ts';
import { consulInstances } from './consul.ts';
import { resilience } from './resilience.ts';
import type { Upstream, UpstreamOptions } from './rest-client.ts';
import { openUpstream } from './rest-client.ts';
import { revalidation } from './revalidation.ts';
import { readNamedFile } from './secret-files.ts';
import type { ServiceName } from './service-names.ts';
import type { UpstreamCall } from './upstream-call.ts';
import type { ReachableSettings } from './upstream-settings.ts';
import { caVariable, maxUpstreamBytes } from './upstream-settings.ts';

/** Of each service; only those that give validators use any of it. */
const maxRevalidatedBytes = 16 * 1024 * 1024;

export type UpstreamsParts = {
  readonly clock: Clock;
  /** Hears when a service's circuit opens, is tried, or closes. */
  readonly onBreakerChange?: (service: ServiceName, state: BreakerState) => void;
  /** When whoever asks services for their health found one well, in milliseconds since the Unix epoch. */
  readonly wellAt?: (service: ServiceName) => number;
  /** Hears of every call that has ended. */
  readonly onCall?: (call: UpstreamCall) => void;
  /** Hears when Consul cannot be asked for a service's instances. */
  readonly onUnexpectedError: (error: unknown, service: ServiceName) => void;
};

type ServiceConnection = Pick<Upstream, 'forCall'> & { readonly settings: ReachableSettings };

/** How services are reached, by their names. */
export type ReachableServices = ReadonlyMap<ServiceName, ReachableSettings>;

/** Calls back with those that are reached in another way from now on. */
export type OnServices = (listener: (changed: ReachableServices) => void) => void;

/** The connections of one process to the laboratory's services: one each, however many subgraphs call it. */
export type Upstreams = AsyncDisposable & {
  /** @throws Error when the service is none of those that were opened */
  readonly to: (service: ServiceName) => ServiceConnection;
  /** Reaches those of the given services that were opened in the given way from now on; a circuit begins closed. */
  readonly replace: (changed: ReachableServices) => void;
};

type Entry = Pick<Upstream, 'forCall' | 'replace'> & { settings: ReachableSettings; state: BreakerState };

export async function openUpstreams(settings: ReachableServices, parts: UpstreamsParts): Promise<Upstreams> {
  await using opening = new AsyncDisposableStack();
  const entries = new Map<ServiceName, Entry>();
  const optionsFor = (service: ServiceName, given: ReachableSettings): UpstreamOptions => {
    const onBreakerChange = (_: ServiceName, state: BreakerState): void => {
      const entry = entries.get(service);
      // What still runs in the old way says nothing about the new one.
      if (entry?.settings !== given) return;
      entry.state = state;
      parts.onBreakerChange?.(service, state);
    };
    return optionsOf(service, given, { ...parts, onBreakerChange });
  };
  for (const [service, given] of settings) {
    const { forCall, replace } = opening.use(openUpstream(optionsFor(service, given)));
    entries.set(service, { forCall, replace, settings: given, state: 'closed' });
  }
  const opened = opening.move();
  return {
    to(service) {
      const entry = entries.get(service);
      if (entry === undefined) throw new Error(`No connection to the ${service} service was opened.`);
      return entry;
    },
    replace(changed) {
      for (const [service, given] of changed) {
        const entry = entries.get(service);
        if (entry === undefined) continue;
        entry.replace(optionsFor(service, given));
        entry.settings = given;
        if (entry.state !== 'closed') parts.onBreakerChange?.(service, 'closed');
        entry.state = 'closed';
      }
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
    ...(caFile !== undefined && { ca: readNamedFile(caVariable(service), caFile) }),
    layers: [
      revalidation({ maxBytes: maxRevalidatedBytes, clock: parts.clock }),
      ...resilience({
        ...settings,
        service,
        clock: parts.clock,
        wellAt: () => parts.wellAt?.(service) ?? 0,
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

import { readFileSync } from 'node:fs';
import { bulkhead } from './bulkhead.ts';
import { callRate } from './call-rate.ts';
import type { BreakerState } from './circuit-breaker.ts';
import { breaker } from './circuit-breaker.ts';
import type { Clock } from './clock.ts';
import { consulInstances } from './consul.ts';
import type { Layer } from './layer.ts';
import type { Decoder, Upstream, UpstreamOptions } from './rest-client.ts';
import { openUpstream } from './rest-client.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';
import { retryReads } from './retry-reads.ts';
import type { ServiceName } from './service-names.ts';
import type { UpstreamSettings } from './upstream-settings.ts';
import { maxUpstreamBytes } from './upstream-settings.ts';

/** What is opened once per process and service of the laboratory. */
export type ServiceParts = {
  readonly settings: UpstreamSettings & { readonly url: string };
  readonly clock: Clock;
  /** Hears when the service's circuit opens, is tried, or closes. */
  readonly onBreakerChange?: (service: ServiceName, state: BreakerState) => void;
  /** Hears of what went wrong beside a call, such as a look-up of instances. */
  readonly onUnexpectedError: (error: unknown, service: string) => void;
};

type Parts = ServiceParts & { readonly service: ServiceName; readonly decode?: Decoder };

/** Opens the connection to one of the laboratory's services as its settings want it. */
export function openService({ service, decode, ...parts }: Parts): Upstream {
  const { timeoutMs, connections, token, caFile, credential } = parts.settings;
  return openUpstream({
    service,
    ...instancesOf(service, parts),
    clock: parts.clock,
    timeoutMs,
    connections,
    maxBytes: maxUpstreamBytes,
    ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
    layers: resilience(service, parts),
    credential: credential ?? (token === undefined ? { kind: 'none' } : { kind: 'bearer', token, header: 'authorization' }),
    ...(decode !== undefined && { decode }),
  });
}

/** What stands between a call and the network, the outermost first. */
function resilience(
  service: ServiceName,
  { settings, clock, onBreakerChange }: ServiceParts,
): readonly Layer<RestRequest, RestResponse>[] {
  const { callsPerMinute, circuitBreaker, failureThreshold, recoverySeconds, connections, queue } = settings;
  const onChange = (state: BreakerState): void => onBreakerChange?.(service, state);
  return [
    ...(callsPerMinute === undefined ? [] : [callRate({ service, perMinute: callsPerMinute, clock })]),
    ...(circuitBreaker ? [breaker({ service, failureThreshold, recoveryMs: recoverySeconds * 1_000, onChange })] : []),
    retryReads(),
    bulkhead({ service, running: connections, waiting: queue }),
  ];
}

/** Instances are listed with commas, or told by Consul. A URL may have a path, which goes before the prefix and is the same for all. */
function instancesOf(
  service: ServiceName,
  { settings, onUnexpectedError }: ServiceParts,
): Pick<UpstreamOptions, 'origins' | 'prefix'> {
  const { url, prefix, consulUrl, consulDatacenter, consulToken } = settings;
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

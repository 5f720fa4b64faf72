import { setTimeout as pause } from 'node:timers/promises';
import { balance } from './balance.ts';
import type { Clock } from './clock.ts';
import type { InstanceSource } from './consul.ts';
import { upstreamError } from './errors.ts';
import type { Handler } from './layer.ts';
import type { RestRequest, RestResponse, Transport, TransportOptions } from './rest-transport.ts';
import { restTransport } from './rest-transport.ts';

type Options = Omit<TransportOptions, 'origin'> & {
  /** Scheme, host and port of every instance, or who tells them. */
  readonly origins: readonly string[] | InstanceSource;
  readonly clock: Clock;
};

export type Instances = AsyncDisposable & { readonly handle: Handler<RestRequest, RestResponse> };

/** An instance that cannot be reached is tried again after this time. */
const deadInstanceRestMs = 2_000;

/** The transports of one upstream's instances; calls are spread over those that there are at the moment. */
export function openInstances(options: Options): Instances {
  const { origins, service, clock } = options;
  let transports = new Map<string, Transport>();
  let handle: Handler<RestRequest, RestResponse> = async () => {
    throw upstreamError('UPSTREAM_UNAVAILABLE', service, { cause: new Error('No instance is known.') });
  };
  const none = handle;
  const change = (wanted: readonly string[]): void => {
    if (wanted.length === transports.size && wanted.every((origin) => transports.has(origin))) return;
    const before = transports;
    transports = new Map(wanted.map((origin) => [origin, before.get(origin) ?? restTransport({ ...options, origin })]));
    const handlers = [...transports.values()].map((transport) => transport.handle);
    handle = handlers.length === 0 ? none : balance(handlers, { clock, restMs: deadInstanceRestMs });
    for (const [origin, transport] of before) if (!transports.has(origin)) void transport.close();
  };
  const isList = (value: typeof origins): value is readonly string[] => Array.isArray(value);
  let isKnown = isList(origins);
  if (isList(origins)) change(origins);
  const first = isList(origins) ? undefined : origins.watch(change).then(() => (isKnown = true));
  // Who asks before the first list is there waits for it, but no longer than for an answer.
  const handleOnceKnown = async (request: RestRequest): Promise<RestResponse> => {
    await Promise.race([first, pause(options.timeoutMs, undefined, { signal: request.signal }).catch(() => undefined)]);
    return handle(request);
  };
  return {
    handle: (request) => (isKnown ? handle(request) : handleOnceKnown(request)),
    async [Symbol.asyncDispose]() {
      if (!isList(origins)) await origins[Symbol.asyncDispose]();
      await Promise.all([...transports.values()].map((transport) => transport[Symbol.asyncDispose]()));
    },
  };
}

import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

export type ConsulSettings = {
  /** Base URL of an agent. */
  readonly url: string;
  readonly datacenter?: string;
  /** Sent to Consul only. */
  readonly token?: string;
};

/** The instances of a service as they come and go. */
export type InstanceSource = AsyncDisposable & {
  /** Calls `onChange` with the first list and with every other one after it; resolves with the first. */
  readonly watch: (onChange: (origins: readonly string[]) => void) => Promise<void>;
};

type Options = ConsulSettings & {
  readonly service: string;
  /** Hears of every failed look-up; the last known list goes on. */
  readonly onFailure: (error: unknown) => void;
};

const Health = z.array(
  z.object({
    Node: z.object({ Address: z.string() }),
    Service: z.object({ Address: z.string(), Port: z.int().min(1).max(65_535) }),
  }),
);

const waitSeconds = 30;
const pauseAfterFailureMs = 1_000;

/** Follows the healthy instances of a service by blocking queries of Consul's health API. */
export function consulInstances({ onFailure, ...options }: Options): InstanceSource {
  const closed = new AbortController();
  const follow = async (onChange: (origins: readonly string[]) => void, first: () => void): Promise<void> => {
    let index = '0';
    while (!closed.signal.aborted) {
      try {
        const found = await ask(options, index, closed.signal);
        // A smaller index means that Consul began anew.
        index = Number(found.index) < Number(index) ? '0' : found.index;
        onChange(found.origins);
        first();
      } catch (error) {
        if (closed.signal.aborted) return;
        onFailure(error);
        await pause(pauseAfterFailureMs, undefined, { signal: closed.signal }).catch(() => undefined);
      }
    }
  };
  return {
    watch: (onChange) => new Promise((resolve, reject) => void follow(onChange, resolve).catch(reject)),
    async [Symbol.asyncDispose]() {
      closed.abort();
    },
  };
}

type Found = { readonly origins: readonly string[]; readonly index: string };

async function ask(
  { url, service, datacenter, token }: Omit<Options, 'onFailure'>,
  index: string,
  signal: AbortSignal,
): Promise<Found> {
  const target = new URL(`/v1/health/service/${encodeURIComponent(service)}`, url);
  target.search = new URLSearchParams({
    passing: 'true',
    index,
    wait: `${waitSeconds}s`,
    ...(datacenter && { dc: datacenter }),
  }).toString();
  const response = await fetch(target, {
    headers: token === undefined ? {} : { 'x-consul-token': token },
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout((waitSeconds + 10) * 1_000)]),
  });
  if (!response.ok) throw new Error(`Consul answered ${response.status} for the service ${service}.`);
  const instances = Health.parse(await response.json());
  return {
    origins: instances.map(({ Node, Service }) => `http://${Service.Address || Node.Address}:${Service.Port}`).sort(),
    index: response.headers.get('x-consul-index') ?? '0',
  };
}

import { z } from 'zod';
import { subgraphNames } from '#kit/service-names.ts';
import { sharedSettings } from '#kit/upstream-settings.ts';
import type { Values } from './values.ts';
import { count, countOrNone, list, milliseconds } from './values.ts';

/** How subgraphs are called. */
export const fetchVariables = {
  /** Time of one call to one subgraph. */
  SUBGRAPH_TIMEOUT_MS: milliseconds.default(10_000),
  /** Most sockets to one HTTP subgraph. */
  SUBGRAPH_CONNECTIONS: count.default(128),
  /** Failures in a row that open the circuit of a subgraph or service, and seconds that it stays open, unless the service's health path answers well before. */
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: sharedSettings.failureThreshold,
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT: sharedSettings.recoverySeconds,
  /** Certificates of services and subgraphs are verified always; one of an authority of your own is trusted by a `…_CA_FILE`. */
  VERIFY_SSL: z
    .enum(['true'], { error: 'cannot be turned off; name the file of the authority to trust, as in SAMPLE_SERVICE_CA_FILE' })
    .optional(),
  /** Consul agent that is asked for the instances of `consul://name`, its datacenter, and the token it wants. */
  CONSUL_URL: sharedSettings.consulUrl,
  CONSUL_DATACENTER: sharedSettings.consulDatacenter,
  CONSUL_TOKEN: sharedSettings.consulToken,
  /** Calls to one HTTP subgraph that may wait for a free socket. */
  SUBGRAPH_QUEUE: countOrNone.default(1_000),
  /** Longest answer of an HTTP subgraph, in bytes. */
  MAX_SUBGRAPH_BYTES: count.default(10 * 1024 * 1024),
  /** HTTP subgraphs whose own error messages clients may read, comma-separated; ours by default, of a foreign supergraph none. */
  SHOW_SUBGRAPH_ERRORS: list.optional(),
};

type Variables = Values<typeof fetchVariables>;

export const fetchSettings = (variables: Variables, foreign: boolean) => ({
  subgraphTimeoutMs: variables.SUBGRAPH_TIMEOUT_MS,
  connections: variables.SUBGRAPH_CONNECTIONS,
  queue: variables.SUBGRAPH_QUEUE,
  circuitBreaker: true,
  failureThreshold: variables.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
  recoverySeconds: variables.CIRCUIT_BREAKER_RECOVERY_TIMEOUT,
  consul: Object.freeze({
    url: variables.CONSUL_URL,
    ...(variables.CONSUL_DATACENTER !== undefined && { datacenter: variables.CONSUL_DATACENTER }),
    ...(variables.CONSUL_TOKEN !== undefined && { token: variables.CONSUL_TOKEN }),
  }),
  maxSubgraphBytes: variables.MAX_SUBGRAPH_BYTES,
  showErrorsOf: new Set<string>(variables.SHOW_SUBGRAPH_ERRORS ?? (foreign ? [] : subgraphNames)),
});

const urlVariable = /^([A-Z0-9_]+)_SUBGRAPH_URL$/;

/** Whether a variable with a value moves a subgraph elsewhere. */
export const movesSubgraph = (name: string, value: string | undefined): boolean => Boolean(value) && urlVariable.test(name);

/** `SAMPLES_SUBGRAPH_URL` moves the subgraph `samples` elsewhere; in names `-` is written `_`. */
export function subgraphUrls(given: readonly (readonly [string, string | undefined])[]): ReadonlyMap<string, string> {
  const urls = given.flatMap(([name, value]) => {
    const subgraph = urlVariable.exec(name)?.[1];
    return subgraph === undefined || value === undefined ? [] : [[subgraph.toLowerCase(), value] as const];
  });
  for (const [name, url] of urls) if (!URL.canParse(url)) throw new Error(`${name.toUpperCase()}_SUBGRAPH_URL: is not a URL`);
  return new Map(urls);
}

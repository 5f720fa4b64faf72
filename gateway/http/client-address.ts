import type { FastifyRequest } from 'fastify';
import type { AddressSet } from '#kit/address-set.ts';
import { canonicalAddress } from '#kit/address-set.ts';

/** Whether a hop's word about the hop before it is believed; Fastify walks `X-Forwarded-For` from our side with it. */
export const trustedBy =
  (proxies: AddressSet) =>
  (address: string): boolean =>
    proxies.has(withoutPort(address));

/**
 * Address of the client in one spelling: the peer, or what trusted proxies tell of it. A proxy that passes something
 * else than an address on counts as the client itself.
 */
export function clientAddress({ ips = [] }: Pick<FastifyRequest, 'ips'>): string {
  const hops = ips.map((hop) => canonicalAddress(withoutPort(hop)));
  return hops.findLast((hop) => hop !== undefined) ?? '';
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
const withoutPort = (hop: string): string => /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;

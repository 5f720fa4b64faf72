import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addressSet, canonicalAddress } from '#kit/address-set.ts';
import { ExpectedError } from '#kit/errors.ts';
import { bearerOf } from '#ops/bearer.ts';
import type { Metrics } from './create-metrics.ts';

type Options = {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly path: string;
  /** For people: `{ gateway, services, circuit_breakers }`. */
  readonly summary: () => Readonly<Record<string, unknown>>;
  /** Who may read; others are told that there is nothing. */
  readonly allows: (request: FastifyRequest) => boolean;
};

/** Metrics in Prometheus' text format, or a summary as JSON for who accepts that. */
export function metricsRoute(app: FastifyInstance, { metrics, path, summary, allows }: Options): void {
  app.get(path, async (request, reply): Promise<FastifyReply> => {
    if (!allows(request)) throw new ExpectedError('NOT_FOUND', 'There is nothing at this address.');
    if (request.headers.accept?.includes('application/json') === true) return reply.send(summary());
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}

const near = addressSet(['loopback', 'linklocal', 'uniquelocal']);

/** Headers by which a proxy tells whom it speaks for. */
const forwarding = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'] as const;

/**
 * Lets through who is in the same network, or brings the token. A proxy in the same network that nobody named as trusted
 * hides who is behind it, so what comes through it is from outside.
 */
export function nearOrTrusted(token: string | undefined): (request: FastifyRequest) => boolean {
  const bringsToken = token === undefined ? () => false : bearerOf(token);
  return (request) => {
    const { headers, ips = [], ip } = request;
    const isHidden = ips.length <= 1 && forwarding.some((name) => headers[name] !== undefined);
    return bringsToken(request) || (!isHidden && near.has(canonicalAddress(ip) ?? ''));
  };
}

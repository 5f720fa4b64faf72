import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Health } from './health.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route by which somebody watches us: it is answered whoever asks. */
    isProbe?: true;
  }
}

type Options = { readonly health: Health; readonly prefix?: string };

const config = { isProbe: true } as const;

/**
 * `/health` (or another path), `…/detailed`, `/ready` and `/live`, all from memory, at the root; with a prefix below that as
 * well, and then `/ready` and `/live` of the root are somebody else's.
 */
export function healthRoutes(app: FastifyInstance, path: string, { health, prefix }: Options): void {
  const told = (reply: FastifyReply, report: { readonly status: string }): FastifyReply =>
    reply.status(report.status === 'unhealthy' ? 503 : 200).send(report);
  for (const place of new Set(['', prefix ?? ''])) {
    app.get(`${place}${path}`, { config }, (_, reply) => told(reply, health.brief()));
    app.get(`${place}${path}/detailed`, { config }, (_, reply) => told(reply, health.detailed()));
    if (place === '' && prefix !== undefined) continue;
    app.get(`${place}/live`, { config }, async () => ({ status: 'alive' }));
    app.get(`${place}/ready`, { config }, (_, reply) =>
      health.isReady() ? reply.send({ status: 'ready' }) : reply.status(503).send({ status: 'not ready' }),
    );
  }
}

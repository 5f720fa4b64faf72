import type { FastifyInstance } from 'fastify';
import { checked } from '#kit/input.ts';
import { Invalidation } from '#kit/invalidation.ts';
import type { TellDeed } from './deeds.ts';

export type CacheControls = {
  /** Whether the Redis of the cache can be reached; false where there is none. */
  readonly isConnected: () => boolean;
  /** Everything that was wrong with what is kept since the start. */
  readonly errors: () => number;
  readonly invalidate: (what: Invalidation) => Promise<void>;
};

type Parts = {
  readonly cache: CacheControls | undefined;
  readonly stats: () => object;
  readonly tell: TellDeed;
};

export function cacheRoutes(app: FastifyInstance, { cache, stats, tell }: Parts): void {
  app.get('/api/v3/cache/stats', async () => stats());
  if (cache === undefined) return;
  app.get('/admin/cache/stats', async () => stats());
  app.post('/admin/cache/invalidate', async (request) => {
    const what = checked(Invalidation, request.body, 'body');
    await cache.invalidate(what);
    tell(request, { deed: 'cache.invalidate', detail: JSON.stringify(what) });
    return { invalidated: what };
  });
}

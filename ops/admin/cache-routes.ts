import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { checked } from '#kit/input.ts';
import type { TellDeed } from './deeds.ts';

const name = z.string().min(1).max(256);

/** What is to be read anew (design section 6). */
const Invalidation = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('entity'), type: name, key: z.record(z.string(), z.union([z.string(), z.number()])) }),
  z.strictObject({ kind: z.literal('type'), type: name }),
  z.strictObject({ kind: z.literal('tag'), tag: name }),
  z.strictObject({ kind: z.literal('subgraph'), subgraph: name }),
  z.strictObject({ kind: z.literal('organization'), organization: name }),
]);

type Invalidation = z.infer<typeof Invalidation>;

export type CacheControls = {
  /** Whether what is shared can be reached; true where nothing is shared. */
  readonly isConnected: () => boolean;
  /** Failed commands since the start. */
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

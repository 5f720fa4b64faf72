import type { RedisClient } from '#kit/redis.ts';

/** Says so when a Redis may throw keys away for want of memory: a budget that is evicted is full again. */
export async function heedEviction(redis: RedisClient, onTrouble: (what: string, detail: object) => void): Promise<void> {
  // A server that does not tell, or is away, is no reason not to start.
  const memory = await redis.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  if (policy !== 'noeviction')
    onTrouble('the Redis of the limits may evict them; it needs maxmemory-policy noeviction', { policy });
}

import { randomBytes } from 'node:crypto';
import type { RedisClient } from '#kit/redis.ts';
import type { Command } from './redis-commands.ts';
import { readAll, sendAll } from './redis-commands.ts';
import type { Tag } from './tags.ts';
import { isOfMany } from './tags.ts';

/**
 * Stamps of tags in Redis: random texts and no counters, which would begin anew once a stamp has run out or was evicted,
 * and then hold a number again that an old entry has. A tag without a stamp gets one before anything is kept under it, so
 * that an entry whose stamp is lost is lost, too.
 */
export function redisStamps(redis: RedisClient, seconds: number) {
  const set = (tag: Tag, stamp: string, isFirst: boolean): Command => {
    const ends = isOfMany(tag) ? ['EX', String(seconds)] : [];
    const key = stampKey(tag);
    return { key, add: (line) => line.call('set', key, stamp, ...ends, ...(isFirst ? ['NX'] : [])) as typeof line };
  };
  return {
    async raise(tags: readonly Tag[]): Promise<void> {
      const stamp = newStamp();
      await sendAll(
        redis,
        tags.map((tag) => set(tag, stamp, false)),
      );
    },
    /** The stamps that were found, and new ones where there were none. */
    async complete(tags: readonly Tag[], found: readonly (Buffer | null)[]): Promise<ReadonlyMap<Tag, string>> {
      const known = new Map(tags.map((tag, index) => [tag, found[index]?.toString()]));
      const missing = tags.filter((tag) => known.get(tag) === undefined);
      const made = missing.length === 0 ? [] : await make(missing);
      for (const [index, tag] of missing.entries()) known.set(tag, made[index]?.toString());
      return new Map([...known].map(([tag, stamp]) => [tag, stamp ?? newStamp()]));
    },
  };

  /** Whoever makes a stamp first decides; commands of one connection keep their order. */
  async function make(tags: readonly Tag[]): Promise<readonly (Buffer | null)[]> {
    const stamp = newStamp();
    const commands = tags.map((tag) => set(tag, stamp, true));
    const [, read] = await Promise.all([sendAll(redis, commands), readAll(redis, tags.map(stampKey))]);
    return read;
  }
}

export const stampKey = (tag: Tag): string => `t:${tag}`;

const newStamp = (): string => randomBytes(9).toString('base64url');

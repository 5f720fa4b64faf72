import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RedisServer } from './redis-server.ts';
import { startRedisServer } from './redis-server.ts';

export type RedisSentinels = AsyncDisposable & {
  /** For `REDIS_URL`: all three sentinels. */
  readonly url: string;
  readonly primary: RedisServer;
  readonly replica: RedisServer;
};

const slow = { timeout: 60_000, interval: 50 };

/** A primary, its replica, and three sentinels of which two decide that the primary is gone when it was silent for 500 ms. */
export async function startSentinels(): Promise<RedisSentinels> {
  await using opening = new AsyncDisposableStack();
  const primary = opening.use(await startRedisServer());
  const replica = opening.use(await startRedisServer({ args: ['--replicaof', '127.0.0.1', String(primary.port)] }));
  await expect.poll(() => replica.client.info('replication'), slow).toContain('master_link_status:up');
  const watched = [
    `sentinel monitor lab 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds lab 500',
    'sentinel failover-timeout lab 3000',
  ].join('\n');
  // A sentinel writes into its file what it learns.
  const start = () =>
    startRedisServer({
      args: ['$FOLDER/sentinel.conf', '--sentinel'],
      prepare: (folder) => writeFile(join(folder, 'sentinel.conf'), `${watched}\n`),
    });
  const sentinels = [opening.use(await start()), opening.use(await start()), opening.use(await start())];
  const knows = async (): Promise<boolean> => {
    const told = await Promise.all(sentinels.map(({ client }) => client.info('sentinel')));
    return told.every((text) => text.includes('status=ok') && text.includes('slaves=1,sentinels=3'));
  };
  await expect.poll(knows, slow).toBe(true);
  const opened = opening.move();
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`);
  return {
    url: `redis+sentinel://${hosts.join(',')}/lab`,
    primary,
    replica,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { limiterSettings } from '#gateway/rate-limit/redis-bucket.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { startCluster } from '#test/harness/redis-cluster.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a client of a cluster that is closed while it asks who has its slots leaves no timer behind', async () => {
  await using cluster = await startCluster();
  const before = timers();
  const opened = async (_: unknown, at: number): Promise<void> => {
    const client = openRedis({ url: cluster.url, settings: limiterSettings });
    await whenReady(client, 10_000);
    // It asks once a second, and an answer takes a few milliseconds.
    await pause(990 + at);
    await closeRedis(client);
  };
  await Promise.all(Array.from({ length: 40 }, opened));
  await pause(1_500);
  expect(timers()).toBeLessThanOrEqual(before);
});

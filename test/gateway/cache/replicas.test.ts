import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import type { Branch } from './library.ts';
import { startLibrary } from './library.ts';

/* What one replica writes the others read, although each keeps copies of its own. */

const redisUrl = inject('redisUrl') ?? '';
const port = redisUrl === '' ? 0 : Number(new URL(redisUrl).port || 6_379);

const titleOf = async ({ gateway }: Branch): Promise<unknown> =>
  (await gateway.query('{ book(id: "1") { title } }')).body.data?.['book'];

async function rename({ gateway }: Branch, title: string): Promise<number> {
  const startedAt = performance.now();
  const { body } = await gateway.query(`mutation { rename(id: "1", title: "${title}") { id } }`);
  expect(body.errors).toBeUndefined();
  return performance.now() - startedAt;
}

describe.skipIf(redisUrl === '')('replicas with one Redis', () => {
  test('a write is over when a replica that hears late has forgotten its copy', async () => {
    await using library = await startLibrary();
    await using proxy = await startFaultProxy({ port });
    await using one = await library.open({ redisUrl });
    await using far = await library.open({ redisUrl: proxy.url('redis') });
    for (let round = 0; round < 5; round++) {
      await titleOf(far);
      proxy.set({ down: { kind: 'latency', ms: 60 } });
      const tookMs = await rename(one, `Title ${round}`);
      expect(await titleOf(far)).toEqual({ title: `Title ${round}` });
      expect(tookMs).toBeGreaterThan(50);
      expect(tookMs).toBeLessThan(1_000);
      proxy.set({ kind: 'pass' });
    }
  });

  test('a replica that hears nothing holds up one write until its copies have run out, and the next ones not at all', async () => {
    await using library = await startLibrary();
    await using proxy = await startFaultProxy({ port });
    const store = { nearMs: 300, readTimeoutMs: 50 };
    await using one = await library.open({ redisUrl, store });
    await using deaf = await library.open({ redisUrl: proxy.url('redis'), store });
    await titleOf(deaf);
    proxy.set({ down: { kind: 'blackHole' } });
    expect(await rename(one, 'First')).toBeGreaterThan(250);
    expect(await titleOf(deaf)).toEqual({ title: 'First' });
    expect(await rename(one, 'Second')).toBeLessThan(250);
  });

  test('a replica whose connection for listening is lost serves no copies until it listens again', async () => {
    await using library = await startLibrary();
    await using one = await library.open({ redisUrl });
    await using other = await library.open({ redisUrl });
    const redis = new Redis(redisUrl);
    for (let round = 0; round < 20; round++) {
      await titleOf(other);
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      // Long enough for the other one to notice, not always for it to be back.
      await pause(5);
      await rename(one, `Title ${round}`);
      expect(await titleOf(other)).toEqual({ title: `Title ${round}` });
    }
    redis.disconnect();
  });

  test('a write is heard of also when its replica finds Redis too slow for reads', async () => {
    await using library = await startLibrary();
    await using proxy = await startFaultProxy({ port });
    const store = { readTimeoutMs: 30, writeTimeoutMs: 100 };
    await using slow = await library.open({ redisUrl: proxy.url('redis'), store });
    await using other = await library.open({ redisUrl, store });
    proxy.set({ kind: 'latency', ms: 70 });
    for (let reads = 0; reads < 10; reads++) await titleOf(slow);
    expect(slow.faults).toContain('unavailable');
    for (let round = 0; round < 5; round++) {
      await titleOf(other);
      await rename(slow, `Title ${round}`);
      expect(await titleOf(other)).toEqual({ title: `Title ${round}` });
    }
  });

  test('a write of one replica ends what readers of another one share', async () => {
    await using library = await startLibrary();
    await using one = await library.open({ redisUrl });
    await using other = await library.open({ redisUrl });
    library.delayMs = 150;
    const slow = titleOf(other);
    await expect.poll(() => library.asked).toContain('book 1');
    library.delayMs = 0;
    await rename(one, 'New');
    expect(await titleOf(other)).toEqual({ title: 'New' });
    expect(await slow).toEqual({ title: 'Book 1' });
    expect(await titleOf(other)).toEqual({ title: 'New' });
  });
});

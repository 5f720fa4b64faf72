import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { invalidationStream } from '#gateway/cache/invalidation-stream.ts';
import type { Fault } from '#gateway/cache/store.ts';
import type { Invalidation } from '#kit/invalidation.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import type { Branch } from './library.ts';
import { startLibrary } from './library.ts';

const redisUrl = inject('redisUrl') ?? '';
const needsRedis = test.skipIf(redisUrl === '');
let redis: Redis;
beforeAll(() => {
  redis = new Redis(redisUrl);
});
afterAll(() => redis.disconnect());

const newStream = (): string => `cache:invalidate:${crypto.randomUUID()}`;
const tell = (stream: string, event: unknown) => redis.xadd(stream, '*', 'event', JSON.stringify(event));
const pending = async (stream: string): Promise<unknown> => {
  const [count] = (await redis.xpending(stream, 'gateways')) as [number];
  return count;
};

const follow = (stream: string, options: { readonly url?: string; readonly claimAfterMs?: number } = {}) => {
  const done: Invalidation[] = [];
  const faults: { readonly kind: Fault; readonly error?: unknown }[] = [];
  const invalidate = async (what: Invalidation): Promise<void> => void done.push(what);
  const reader = invalidationStream({ url: redisUrl, stream, invalidate, onFault: (fault) => faults.push(fault), ...options });
  return { done, faults, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
};

const titleOf = async ({ gateway }: Branch): Promise<unknown> =>
  (await gateway.query('{ book(id: "1") { title } }')).body.data?.['book'];

needsRedis('what a service writes into the stream every gateway reads anew, by each kind of invalidation', async () => {
  await using library = await startLibrary();
  const stream = newStream();
  await using one = await library.open({ redisUrl, stream });
  await using other = await library.open({ redisUrl, stream });
  const kinds = [
    { kind: 'entity', type: 'Book', key: { id: '1' } },
    { kind: 'type', type: 'Book' },
    { kind: 'tag', tag: 'book-1' },
    { kind: 'subgraph', subgraph: 'books' },
    { kind: 'organization', organization: one.caller.organization },
  ];
  for (const [index, what] of kinds.entries()) {
    await titleOf(one);
    await titleOf(other);
    library.titles.set('1', `Told ${index}`);
    await tell(stream, what);
    for (const branch of [one, other]) await expect.poll(() => titleOf(branch)).toEqual({ title: `Told ${index}` });
  }
  expect(await pending(stream)).toBe(0);
});

needsRedis('two hundred entries are carried out once by two gateways together', async () => {
  const stream = newStream();
  await using one = follow(stream);
  await using other = follow(stream);
  const types = Array.from({ length: 200 }, (_, index) => `Type${index}`);
  await Promise.all(types.map((type) => tell(stream, { kind: 'type', type })));
  const done = () => [...one.done, ...other.done].map((what) => ('type' in what ? what.type : '')).toSorted();
  await expect.poll(done).toEqual(types.toSorted());
  await expect.poll(() => pending(stream)).toBe(0);
});

needsRedis('what nobody can read is acknowledged, counted once, and holds nothing up', async () => {
  const stream = newStream();
  await redis.xadd(stream, '*', 'event', '{"kind":');
  await redis.xadd(stream, '*', 'other', '{"kind":"type","type":"Book"}');
  await redis.xadd(stream, '*', 'event', `${'['.repeat(50_000)}`);
  await tell(stream, { kind: 'everything' });
  await tell(stream, { kind: 'type', type: 'Book' });
  await using reader = follow(stream, { claimAfterMs: 50 });
  await expect.poll(() => pending(stream)).toBe(0);
  await expect.poll(() => reader.done).toEqual([{ kind: 'type', type: 'Book' }]);
  await pause(150);
  expect(reader.faults.map(({ kind }) => kind)).toEqual(['malformed']);
  expect(String(reader.faults[0]?.error)).toMatch(/: 4 entries, from \d+-\d+ on,/);
});

needsRedis('what a gateway read and did not live to carry out another one takes over', async () => {
  const stream = newStream();
  await redis.xgroup('CREATE', stream, 'gateways', '0', 'MKSTREAM');
  await tell(stream, { kind: 'type', type: 'Book' });
  await redis.xreadgroup('GROUP', 'gateways', 'dead', 'STREAMS', stream, '>');
  await using reader = follow(stream, { claimAfterMs: 100 });
  await expect.poll(() => reader.done).toEqual([{ kind: 'type', type: 'Book' }]);
  await expect.poll(() => pending(stream)).toBe(0);
});

needsRedis('a stream that Redis forgot begins anew, and a lost connection is made again', async () => {
  const stream = newStream();
  await using proxy = await startFaultProxy({ port: Number(new URL(redisUrl).port) });
  await using reader = follow(stream, { url: proxy.url('redis'), claimAfterMs: 100 });
  await tell(stream, { kind: 'type', type: 'First' });
  await expect.poll(() => reader.done).toHaveLength(1);
  await redis.del(stream);
  await tell(stream, { kind: 'type', type: 'Second' });
  await expect.poll(() => reader.done, { timeout: 5_000 }).toHaveLength(2);
  proxy.set({ kind: 'reset' });
  proxy.set({ kind: 'pass' });
  await tell(stream, { kind: 'type', type: 'Third' });
  await expect.poll(() => reader.done, { timeout: 5_000 }).toHaveLength(3);
});

needsRedis('nobody waits for the stream to end, whether Redis is there or not', async () => {
  const started = async (url: string): Promise<number> => {
    const reader = follow(newStream(), { url });
    await pause(300);
    const from = performance.now();
    await reader[Symbol.asyncDispose]();
    return performance.now() - from;
  };
  expect(await started(redisUrl)).toBeLessThan(500);
  expect(await started('redis://127.0.0.1:1')).toBeLessThan(500);
});

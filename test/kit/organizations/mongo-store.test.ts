import { expect, inject, test } from 'vitest';
import { openMongoStore } from '#kit/organizations/mongo-store.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';

const uri = inject('mongoUri');

test.skipIf(uri === undefined)(
  'a MongoDB that cannot be reached at first is used as soon as it can',
  { timeout: 30_000 },
  async () => {
    const { hostname, port } = new URL(uri ?? '');
    await using proxy = await startFaultProxy({ host: hostname, port: Number(port) });
    const through = new URL(uri ?? '');
    through.host = `127.0.0.1:${proxy.port}`;
    await using store = openMongoStore({ uri: through.href, database: `first_${crypto.randomUUID().slice(0, 8)}` });
    proxy.set({ kind: 'refuse' });
    const failed = await Promise.allSettled([store.ping(), store.organizations(), store.key('key_1')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(store.ping()).rejects.toThrow();
    proxy.set({ kind: 'pass' });
    await expect.poll(() => store.ping().then(() => 'well'), { timeout: 10_000 }).toBe('well');
    expect(await store.organizations()).toEqual([]);
  },
);

test.skipIf(uri === undefined)('a store that was closed connects no more', async () => {
  const store = openMongoStore({ uri: uri ?? '' });
  await store.ping();
  await store[Symbol.asyncDispose]();
  await expect(store.ping()).rejects.toThrow();
});

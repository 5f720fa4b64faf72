import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'undici';
import { describe, expect, inject, test } from 'vitest';
import type { ServingProcess } from '#test/harness/serving.ts';
import { onUserSignal, serveBookshop } from '#test/harness/serving.ts';

const redisUrl = inject('redisUrl');
const statusOf = async ({ url }: ServingProcess, path: string): Promise<number> => (await fetch(url + path)).status;

/** True when somebody listens. */
async function accepts(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const listens = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return listens;
}

describe.skipIf(redisUrl === undefined)('with Redis', () => {
  test('G7, RE-11: 200 requests in flight are all answered after SIGTERM, their holds are captured, and the process exits with 0', async () => {
    const redis = new Redis(`${redisUrl}/11`);
    await redis.flushdb();
    await using bookshop = await serveBookshop();
    const gateway = await bookshop.start({
      SHUTDOWN_DELAY: '300',
      REQUEST_TIMEOUT_MS: '30000',
      SUBGRAPH_TIMEOUT_MS: '25000',
      REDIS_URL: `${redisUrl}/11`,
    });
    const held = async (): Promise<number> => {
      const keys = await redis.keys('rl:*:h');
      return (await Promise.all(keys.map((key) => redis.zcard(key)))).reduce((all, one) => all + one, 0);
    };
    expect((await gateway.ask()).status).toBe(200);
    bookshop.books.fault = { delayMs: 5_000 };
    const asked: Promise<Response>[] = [];
    // Not all in one moment, in which Redis would seem slow and be left alone.
    for (let wave = 0; wave < 20; wave++) {
      asked.push(...Array.from({ length: 10 }, () => gateway.ask()));
      await pause(25);
    }
    // The subgraph is called by fewer at once; the others wait for their turn, with their points held.
    await expect.poll(held, { timeout: 10_000 }).toBe(200);
    gateway.kill('SIGTERM');
    await expect.poll(() => statusOf(gateway, '/ready')).toBe(503);
    expect(await statusOf(gateway, '/live')).toBe(200);
    const answers = await Promise.all(asked);
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(bodies.every((body) => body.data?.book?.title === 'Book 1')).toBe(true);
    expect(answers.filter(({ headers }) => headers.get('connection') === 'close')).toHaveLength(200);
    expect((await gateway.ended).code).toBe(0);
    expect(await held()).toBe(0);
    await redis.quit();
  }, 60_000);
});

test('RE-12: after the delay nothing new is accepted, while what runs goes on; a second signal ends it at once', async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ SHUTDOWN_DELAY: '200' });
  expect((await gateway.ask()).headers.get('connection')).toBe('keep-alive');
  bookshop.books.fault = { hang: true };
  const cut = gateway.ask().then(
    () => 'answered',
    () => 'cut',
  );
  await expect.poll(() => bookshop.books.seen.length).toBe(2);
  gateway.kill('SIGINT');
  await expect.poll(() => accepts(gateway.url)).toBe(false);
  const since = performance.now();
  gateway.kill('SIGTERM');
  expect((await gateway.ended).code).toBe(143);
  expect(performance.now() - since).toBeLessThan(1_000);
  expect(await cut).toBe('cut');
});

test('RE-11: a kept connection is used on until nobody listens, then its answer ends it, and an idle one is left to its other end', async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ SHUTDOWN_DELAY: '1000' });
  const kept = new Client(gateway.url, { keepAliveTimeout: 60_000, keepAliveMaxTimeout: 60_000 });
  const idle = new Client(gateway.url, { keepAliveTimeout: 60_000, keepAliveMaxTimeout: 60_000 });
  let [opened, wasIdleCut] = [0, false];
  kept.on('connect', () => (opened += 1));
  idle.on('disconnect', () => (wasIdleCut = true));
  const connectionOf = async (client: Client): Promise<unknown> => {
    const { headers, body } = await client.request({ method: 'GET', path: '/live' });
    await body.dump();
    return headers['connection'];
  };
  expect(await connectionOf(idle)).toBe('keep-alive');
  gateway.kill('SIGTERM');
  await expect.poll(() => statusOf(gateway, '/ready')).toBe(503);
  expect(await connectionOf(kept)).toBe('keep-alive');
  await expect.poll(() => accepts(gateway.url), { timeout: 3_000 }).toBe(false);
  expect(wasIdleCut).toBe(false);
  expect(await connectionOf(kept)).toBe('close');
  expect(opened).toBe(1);
  expect((await gateway.ended).code).toBe(0);
  await Promise.all([kept.destroy(), idle.destroy()]);
});

test('G7: what has not finished within the grace is cut off, and the process still ends in order', async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ SHUTDOWN_GRACE: '300' });
  await gateway.ask();
  bookshop.books.fault = { hang: true };
  const cut = gateway.ask().catch(() => 'cut');
  await expect.poll(() => bookshop.books.seen.length).toBe(2);
  gateway.kill('SIGTERM');
  expect(await cut).toBe('cut');
  const { code, stderr } = await gateway.ended;
  expect(code).toBe(0);
  expect(stderr).toContain('requests were cut off');
});

test.each([
  ['an exception in a timer', 'setTimeout(()=>{throw/**/new/**/Error("planted")})'],
  ['a rejection that nobody handles', 'Promise.reject(new/**/Error("planted"))'],
])('G11: %s is logged, what runs is finished, and the process exits with 1', async (_, script) => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start(onUserSignal(script));
  await gateway.ask();
  bookshop.books.fault = { delayMs: 500 };
  const asked = gateway.ask();
  await expect.poll(() => bookshop.books.seen.length).toBe(2);
  gateway.kill('SIGUSR2');
  expect(await (await asked).json()).toMatchObject({ data: { book: { title: 'Book 1' } } });
  const { code, stderr } = await gateway.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/"level":"fatal".*"frames":.*nobody caught this/);
});

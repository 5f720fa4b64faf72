import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { hasRedis, redisTroubles, startRedis } from '#test/harness/own-redis.ts';
import type { Branch } from './library.ts';
import { startLibrary } from './library.ts';

/* A Redis that fails in the middle of load changes no answer and fails no request, and is used again when it is back. */

const queries = [
  ...Array.from(
    { length: 8 },
    (_, n) => `{ books(first: ${n + 1}) { id title author { name } shelf { name } } notice { text } }`,
  ),
  ...Array.from({ length: 8 }, (_, n) => `{ a: book(id: "${n}") { title author { name mood } } }`),
];

async function data({ gateway }: Branch, query: string): Promise<string> {
  const { status, body } = await gateway.query(query);
  return JSON.stringify({ status, data: body.data, errors: body.errors });
}

test.skipIf(!hasRedis).each(redisTroubles)(
  'CA-11: a Redis that is %s amid load changes no answer, and is used again within 2 s of its return',
  async (name, strike, heal) => {
    await using server = await startRedis();
    await using library = await startLibrary();
    const store = { nearMs: 1, readTimeoutMs: 30, writeTimeoutMs: 100 };
    await using branch = await library.open({ redisUrl: `redis://127.0.0.1:${server.port}`, store });
    await using plain = await library.open({ uncached: true });
    const right = new Map(await Promise.all(queries.map(async (query) => [query, await data(plain, query)] as const)));
    const wrong: object[] = [];
    const times = { before: [] as number[], meanwhile: [] as number[] };
    let phase: keyof typeof times = 'before';
    let ended = false;
    const load = Array.from({ length: 4 }, async (_, worker) => {
      for (let asked = worker; !ended; asked++) {
        const query = queries[asked % queries.length] as string;
        const into = times[phase];
        const startedAt = performance.now();
        const found = await data(branch, query);
        into.push(performance.now() - startedAt);
        if (found !== right.get(query)) wrong.push({ query, found });
      }
    });
    await pause(600);
    phase = 'meanwhile';
    await strike(server);
    await pause(800);
    await heal(server);
    const healedAt = performance.now();
    await server.client.ping();
    const isUsed = async (): Promise<boolean> => {
      const id = crypto.randomUUID();
      await data(branch, `{ book(id: "${id}") { title } }`);
      await pause(20);
      library.asked.length = 0;
      await data(branch, `{ book(id: "${id}") { title } }`);
      return !library.asked.includes(`book ${id}`);
    };
    await expect.poll(isUsed, { timeout: 10_000, interval: 20 }).toBe(true);
    const backMs = performance.now() - healedAt;
    ended = true;
    await Promise.all(load);
    const p99 = (all: number[]): number => Math.round(all.sort((one, other) => one - other)[Math.floor(all.length * 0.99)] ?? 0);
    const asked = times.before.length + times.meanwhile.length;
    process.stdout.write(
      `Redis ${name}: ${asked} requests, p99 ${p99(times.before)} ms before and ${p99(times.meanwhile)} ms meanwhile, back after ${Math.round(backMs)} ms\n`,
    );
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(backMs).toBeLessThan(2_000);
  },
);

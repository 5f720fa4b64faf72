import { setTimeout as pause } from 'node:timers/promises';
import { expect, inject, test } from 'vitest';
import { mixture, startLoad } from '#test/bench/mixed-load.ts';
import type { WatchedGateway } from '#test/bench/watched-gateway.ts';
import { startWatched } from '#test/bench/watched-gateway.ts';

const redisUrl = inject('redisUrl');

/** Operations that are counted: `MEMORY_OPERATIONS=100000` for the long run. */
const operations = Number(process.env['MEMORY_OPERATIONS'] ?? 20_000);
/** Operations before, until what is bounded is nearly full: the heap stands at 113 MB after 5,000 of them, 123 after 15,000 and 127 after 75,000. */
const warmingUp = Math.max(operations / 4, 15_000);
const swaps = 30;

/** The least of several looks, each after a collection: what is on its way somewhere is no growth. */
async function heapOf(gateway: WatchedGateway): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < 5; look++) {
    await pause(500);
    looks.push((await gateway.sample()).heapUsed / 2 ** 20);
  }
  return Math.min(...looks);
}

test.skipIf(redisUrl === undefined)(
  `RE-09, RE-10: ${operations} mixed operations and ${swaps} supergraphs leave heap and handles as they were`,
  async () => {
    // Small stores are full early: what grows then is none of them.
    const env = { MAX_PLANS: '200' };
    await using gateway = await startWatched({ redisUrl: redisUrl ?? '', env });
    const callers = await gateway.callers();
    // The dearest operation would take most of the time and leaves nothing that others do not.
    const questions = mixture.filter(({ name }) => name !== 'main job');
    const ask = (requests: number) =>
      startLoad({ origin: gateway.origin, callers: () => callers, questions, users: 8, perSecond: 0, requests });
    const warmUp = ask(warmingUp);
    await warmUp.ended;
    await gateway.reload();
    expect(warmUp.failed()).toEqual({ count: 0, first: [] });
    const before = { heap: await heapOf(gateway), ...(await gateway.sample()) };

    const load = ask(operations);
    for (let swap = 0; swap < swaps; swap++) {
      while (load.asked() < (operations * swap) / swaps) await pause(50);
      await gateway.reload();
    }
    await load.ended;
    expect(load.failed()).toEqual({ count: 0, first: [] });
    const after = { heap: await heapOf(gateway), ...(await gateway.sample()) };
    expect(after.heap).toBeLessThan(before.heap * 1.1);
    // Pools of sockets differ from moment to moment; one handle kept for each supergraph, or each operation, is more.
    expect(after.handles).toBeLessThan(before.handles + swaps);
  },
  600_000,
);

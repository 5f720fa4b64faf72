import { setTimeout as pause } from 'node:timers/promises';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';

/*
 * What supergraphs leave behind when newer ones take over: `node --expose-gc test/bench/swaps.ts [swaps]`. Two of them
 * take turns under load, planned in a thread of their own as in production; the heap is measured after collection.
 */

const swaps = Number(process.argv[2] ?? 200);
const warmUp = 20;

await using books = await startForeign(bookshop.books);
const withPages = bookshop.books.sdl.replace('title: String!', 'title: String! pages: Int');
const sdls = [composeForeign([books]), composeForeign([books], { books: withPages })];
let at = 0;
const now = (): string => sdls[at % 2] ?? '';
const source = { sdl: now(), read: async () => now(), watch: () => undefined, [Symbol.asyncDispose]: async () => undefined };
await using gateway = await testGateway({ source, env: { PLANNER_WORKER: 'true', RATE_LIMIT_ENABLED: 'false' } });

let [running, answered, failed] = [true, 0, 0];
const load = Array.from({ length: 4 }, async () => {
  while (running) {
    const { body } = await gateway.query('{ books(first: 3) { id title } }');
    if (body.errors === undefined) answered++;
    else failed++;
  }
});

const megabytes = async (): Promise<{ readonly heap: number; readonly resident: number }> => {
  await pause(500);
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, resident: rss / 1e6 };
};

const swapUntil = async (last: number): Promise<void> => {
  for (at++; at < last; at++) await gateway.reloads['supergraph']?.();
};

await swapUntil(warmUp);
const before = await megabytes();
const since = performance.now();
await swapUntil(swaps + warmUp);
const each = (performance.now() - since) / swaps;
const after = await megabytes();
running = false;
await Promise.all(load);
const growth = (100 * (after.heap - before.heap)) / before.heap;
console.log(
  `${swaps} swaps, ${each.toFixed(0)} ms each; ${answered} requests answered, ${failed} failed;`,
  `heap ${before.heap.toFixed(1)} → ${after.heap.toFixed(1)} MB (${growth.toFixed(1)} %), resident ${before.resident.toFixed(0)} → ${after.resident.toFixed(0)} MB`,
);

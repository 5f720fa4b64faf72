import { cpus, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { writeSection } from './results.ts';

const help = `What supergraphs leave behind when newer ones take over. Two of them take turns under load, planned in a thread of
their own as in production; the heap is measured after collection.

  npm run bench:swaps                 200 swaps after 20 to warm up; about a minute
  npm run bench:swaps -- --swaps 50
  npm run bench:swaps -- --write      also writes its section of test/bench/RESULTS.md

Exit code 0 when no request fails and the heap stays within 10 %, else 1.`;

const { values } = parseArgs({
  options: {
    swaps: { type: 'string', default: '200' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const warmUp = 20;
const mostGrowth = 10;

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  if (globalThis.gc === undefined) throw new Error('Heaps compare only after collection: start it with --expose-gc.');
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const { answered, failed, eachMs, before, after } = await swapUnderLoad(Number(values.swaps));
  const growth = (100 * (after.heap - before.heap)) / before.heap;
  const isMet = failed === 0 && growth <= mostGrowth;
  const report = `${values.swaps} swaps, ${eachMs.toFixed(0)} ms each; ${answered} requests answered, ${failed} failed (target 0);
heap ${before.heap.toFixed(1)} → ${after.heap.toFixed(1)} MB (${growth.toFixed(1)} %, target at most ${mostGrowth} %), resident ${before.resident.toFixed(0)} → ${after.resident.toFixed(0)} MB: ${isMet ? 'met' : 'missed'}.`;
  console.log(report);
  if (values.write) await writeSection('Swaps', section(report, loadBefore));
  process.exitCode = isMet ? 0 : 1;
}

async function swapUnderLoad(swaps: number) {
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
      // What the subgraph remembers of requests is no growth of the gateway.
      books.seen.length = 0;
      if (body.errors === undefined) answered++;
      else failed++;
    }
  });
  const swapUntil = async (last: number): Promise<void> => {
    for (at++; at < last; at++) await gateway.reloads['supergraph']?.();
  };
  await swapUntil(warmUp);
  const before = await megabytes();
  const since = performance.now();
  await swapUntil(swaps + warmUp);
  const eachMs = (performance.now() - since) / swaps;
  const after = await megabytes();
  running = false;
  await Promise.all(load);
  return { answered, failed, eachMs, before, after };
}

async function megabytes(): Promise<{ readonly heap: number; readonly resident: number }> {
  await pause(500);
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, resident: rss / 1e6 };
}

const section = (
  report: string,
  loadBefore: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${loadBefore.toFixed(1)} before the start, Node ${process.versions.node}.
Made by \`npm run bench:swaps -- --write\`. Two supergraphs take turns while four connections ask, with the planner in a thread of its
own; gateway, subgraph and load are one process, whose heap is measured after a forced collection, first after ${warmUp} swaps.

${report}
`;

await main();

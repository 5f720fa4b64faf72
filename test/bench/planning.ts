import { cpus, loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parse } from 'graphql';
import { openPlanner } from '#gateway/plan/open-planner.ts';
import { systemClock } from '#kit/clock.ts';
import { deepOperation, sharedSupergraph } from '#test/harness/hard-to-plan.ts';
import { writeSection } from './results.ts';

const help = `What planning costs the main thread. Operations of 16 levels over four subgraphs that share nearly every field are planned
in a thread of its own and in this one, each text for the first time; then one that is too hard runs into its deadline.

  npm run bench:planning                 ten operations each
  npm run bench:planning -- --write      also writes its section of test/bench/RESULTS.md

Exit code 0 when the main thread is held up for less than 50 ms while its planner works, and at the deadline, else 1.`;

const { values } = parseArgs({
  options: { write: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});

const settings = {
  maxEvaluatedPlans: 10_000,
  deadlineMs: 5_000,
  maxWaiting: 50,
  memoryMb: 512,
  maxPlans: 1_000,
  maxPlanSize: 1e7,
};
const operations = 10;
const mostDelayMs = 50;
const shortDeadlineMs = 1_000;

type Row = {
  readonly planned: string;
  readonly eachMs: number;
  /** Delay of the main thread's loop, in milliseconds. */
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly readyMs: number;
  readonly megabytes: number;
};

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const sdl = sharedSupergraph();
  const [thread, here, refused] = [await measure(sdl, true), await measure(sdl, false), await refusal(sdl)];
  const report = table([thread, here, refused]);
  console.log(report);
  if (values.write) await writeSection('Planning', section(report, loadBefore));
  process.exitCode = Math.max(thread.maxMs, refused.maxMs) < mostDelayMs ? 0 : 1;
}

async function measure(sdl: string, worker: boolean): Promise<Row> {
  const before = process.memoryUsage().rss;
  const opened = performance.now();
  await using planning = openPlanner({ sdl, options: { ...settings, worker }, clock: systemClock });
  await planning.planOf(asking('{ __typename }'));
  const readyMs = performance.now() - opened;
  const asked = Array.from({ length: operations }, (_, number) => asking(deepOperation(16, number)));
  const watched = await watch(async () => {
    for (const each of asked) {
      await planning.planOf(each);
      // The loop turns between two requests.
      await pause(1);
    }
  });
  const planned = worker ? 'in a thread of its own' : 'in the main thread';
  return { planned, ...watched, eachMs: watched.eachMs / operations, readyMs, megabytes: megabytesSince(before) };
}

/** An operation that takes longer than it may; its thread is replaced. */
async function refusal(sdl: string): Promise<Row> {
  const before = process.memoryUsage().rss;
  const options = { ...settings, worker: true, maxEvaluatedPlans: 3_000_000, deadlineMs: shortDeadlineMs };
  const opened = performance.now();
  await using planning = openPlanner({ sdl, options, clock: systemClock });
  await planning.planOf(asking('{ __typename }'));
  const readyMs = performance.now() - opened;
  const asked = asking(deepOperation(16));
  let code: unknown;
  const watched = await watch(async () => {
    code = await Promise.resolve(planning.planOf(asked)).then(
      () => 'planned',
      (error: { readonly code?: unknown }) => error.code,
    );
  });
  return { planned: `deadline of ${shortDeadlineMs} ms: ${code}`, ...watched, readyMs, megabytes: megabytesSince(before) };
}

async function watch(work: () => Promise<void>): Promise<Pick<Row, 'eachMs' | 'p99Ms' | 'maxMs'>> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const since = performance.now();
  await work();
  delay.disable();
  return { eachMs: performance.now() - since, p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 };
}

const megabytesSince = (before: number): number => (process.memoryUsage().rss - before) / 1e6;

function asking(text: string) {
  const document = parse(text);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('The text has no operation.');
  return { document, operation, hash: text };
}

function table(rows: readonly Row[]): string {
  const head = ['planned', 'ms each', 'loop delay p99 ms', 'max ms', 'ready after ms', 'MB more'];
  const lines = rows.map(({ planned, eachMs, p99Ms, maxMs, readyMs, megabytes }) => [
    planned,
    ...[eachMs, p99Ms, maxMs, readyMs, megabytes].map((figure) => figure.toFixed(0)),
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const section = (
  report: string,
  loadBefore: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${loadBefore.toFixed(1)} before the start, Node ${process.versions.node}.
Made by \`npm run bench:planning -- --write\`. ${operations} operations of 16 levels over four subgraphs that share nearly every field, each
planned for the first time, and one that is refused at its deadline. The main thread has nothing else to do; its loop is to be
held up for less than ${mostDelayMs} ms.

${report}
`;

await main();

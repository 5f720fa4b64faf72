import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'graphql';
import { openPlanner } from '#gateway/plan/open-planner.ts';
import { systemClock } from '#kit/clock.ts';
import { deepOperation, sharedSupergraph } from '#test/harness/hard-to-plan.ts';

/*
 * What planning costs the main thread: `node test/bench/planning.ts`. Operations of 16 levels over four subgraphs that
 * share nearly every field are planned in a thread of its own and in this one, each text for the first time.
 */

const sdl = sharedSupergraph();
const settings = {
  maxEvaluatedPlans: 10_000,
  deadlineMs: 5_000,
  maxWaiting: 50,
  memoryMb: 512,
  maxPlans: 1_000,
  maxPlanSize: 1e7,
};
const operations = 10;

async function measure(worker: boolean): Promise<void> {
  const before = process.memoryUsage().rss;
  const opened = performance.now();
  await using planning = openPlanner({ sdl, options: { ...settings, worker }, clock: systemClock });
  await planning.planOf(asking('{ __typename }'));
  const ready = performance.now() - opened;
  const idle = megabytesSince(before);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const since = performance.now();
  for (let number = 0; number < operations; number++) {
    await planning.planOf(asking(deepOperation(16, number)));
    await pause(1);
  }
  const each = (performance.now() - since) / operations;
  delay.disable();
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  console.log(
    `${worker ? 'own thread' : 'main thread'}: ready after ${ms(ready)}, ${idle} MB more, ${megabytesSince(before)} MB at work; ${ms(each)} for each plan;`,
    `delay of the loop p50 ${ms(delay.percentile(50) / 1e6)}, p99 ${ms(delay.percentile(99) / 1e6)}, max ${ms(delay.max / 1e6)}`,
  );
}

const megabytesSince = (before: number): string => ((process.memoryUsage().rss - before) / 1e6).toFixed(0);

function asking(text: string) {
  const document = parse(text);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('The text has no operation.');
  return { document, operation, hash: text };
}

await measure(true);
await measure(false);

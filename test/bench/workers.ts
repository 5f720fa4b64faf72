import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Measure } from './measure.ts';
import { measure, median } from './measure.ts';
import { operations } from './operations.ts';
import type { Process } from './processes.ts';
import { run } from './processes.ts';
import { writeSection } from './results.ts';
import type { Target } from './targets.ts';
import { bodyOf, isBanner, logIn, serviceEnvironment } from './targets.ts';
import { benchWords } from './words.ts';

const help = `Compares a gateway in one process with one whose port is served by two workers, over the same sandbox.

  npm run bench:workers                       3 s a run, 3 repeats; about a minute
  npm run bench:workers -- --seconds 1 --repeats 1
  npm run bench:workers -- --write            also writes its section of test/bench/RESULTS.md`;

const { values } = parseArgs({ options: benchWords({ seconds: '3', repeats: '3' }) });

const counts = [1, 2] as const;

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const load = loadavg()[0] ?? 0;
  await using opening = new AsyncDisposableStack();
  const targets = await startTargets(opening);
  const rows: string[] = [];
  for (const operation of operations.slice(0, 2)) {
    const [one, two] = await interleaved(targets, bodyOf(operation));
    if (one !== undefined && two !== undefined) rows.push(row(operation.name, one, one), row('', two, one));
  }
  const report = [header, ...rows].join('\n');
  console.log(report);
  if (values.write) await writeSection('Workers', `${conditions(load)}\n\n${report}`);
}

async function startTargets(opening: AsyncDisposableStack): Promise<readonly Target[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-bench-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const sandbox = opening.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  const env = {
    ...serviceEnvironment(JSON.parse(sandbox.ready)),
    NODE_ENV: 'production',
    ENVIRONMENT: 'test',
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: '0',
    ADMIN_PORT: '0',
    DATA_DIR: folder,
    MAX_REQUESTS_PER_SOCKET: '0',
    RATE_LIMIT_ENABLED: 'false',
    CACHE_ENABLED: 'false',
    LOG_LEVEL: 'warn',
  };
  const targets: Target[] = [];
  for (const workers of counts) {
    const running = opening.use(await run(['gateway/main.ts'], { ...env, WORKERS: String(workers) }, isBanner));
    const url = /http:\S+/.exec(running.ready)?.[0] ?? '';
    targets.push({ name: `WORKERS=${workers}`, url, headers: await logIn(url), pids: await pidsOf(running, workers) });
  }
  return targets;
}

/** The process, and its workers once all of them listen. */
async function pidsOf({ pid }: Process, workers: number): Promise<readonly number[]> {
  if (workers === 1) return [pid];
  // The first worker listens when the process says so; the others begin then.
  await pause(10_000);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  return [pid, ...children];
}

/** Loads both in turn, so that what disturbs the machine disturbs both. */
async function interleaved(targets: readonly Target[], body: string): Promise<readonly Measure[]> {
  const load = { body, connections: 16, seconds: Number(values.seconds) };
  const measured = new Map<string, Measure[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await measure(target, { ...load, seconds: 1 });
  for (let times = 0; times < Number(values.repeats); times++)
    for (const target of targets) measured.get(target.name)?.push(await measure(target, load));
  return [...measured.values()].map(median);
}

const header = `| operation | workers | requests/s | ratio | p50 ms | p99 ms | CPU s per 1,000 | memory MB | failures |
| --- | --: | --: | --: | --: | --: | --: | --: | --: |`;

const row = (name: string, found: Measure, one: Measure): string =>
  `| ${[
    name,
    found === one ? counts[0] : counts[1],
    found.requestsPerSecond.toFixed(0),
    (found.requestsPerSecond / one.requestsPerSecond).toFixed(2),
    found.p50.toFixed(1),
    found.p99.toFixed(1),
    found.cpuPerThousand.toFixed(2),
    found.residentMegabytes.toFixed(0),
    found.failures,
  ].join(' | ')} |`;

const conditions = (load: number): string =>
  `\`npm run bench:workers -- --seconds ${values.seconds} --repeats ${values.repeats}\`, ${new Date().toISOString().slice(0, 10)}: ` +
  `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown kind'}, load before ${load.toFixed(1)}, Node ${process.version}. ` +
  'One process against two workers on one port, without limits and cache; the load generator and the sandbox share the cores, ' +
  'so the ratio says something only where there are more cores than processes.';

await main();

import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startUpstream } from '#test/harness/upstream.ts';
import type { Measure } from './measure.ts';
import { measure, median } from './measure.ts';
import { operations } from './operations.ts';
import { run } from './processes.ts';
import { writeSection } from './results.ts';
import type { Target } from './targets.ts';
import { bodyOf } from './targets.ts';
import { benchWords } from './words.ts';

const help = `What being watched costs: the same gateway unheard, with metrics and logs, and with traces too, interleaved.

  npm run bench:observability                         3 s a run, 7 repeats; about six minutes
  npm run bench:observability -- --seconds 1 --repeats 3
  npm run bench:observability -- --write              also writes its section of test/bench/RESULTS.md

Exit code 0 when metrics and logs together take at most 5 % more CPU, else 1.`;

const { values } = parseArgs({ options: benchWords({ seconds: '3', repeats: '7' }) });

const bare = 'nothing';
const targeted = 'metrics and logs';
const mostPercent = 5;

type Row = { readonly watched: string; readonly measured: Measure; readonly more: number | undefined };

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const loadBefore = loadavg()[0] ?? Number.NaN;
  await using opening = new AsyncDisposableStack();
  const targets = await startTargets(opening);
  const lines: string[][] = [];
  let isMet = true;
  for (const operation of operations.slice(0, 2)) {
    for (const connections of [1, 32]) {
      const load = { body: bodyOf(operation), connections, seconds: Number(values.seconds) };
      const rows = await interleaved(targets, load);
      isMet &&= rows.every(({ watched, more = 0 }) => watched !== targeted || more <= mostPercent);
      lines.push(...rows.map((row) => [operation.name, String(connections), ...cells(row)]));
    }
  }
  const report = table(lines);
  console.log(report);
  if (values.write) await writeSection('Observability', section(report, loadBefore));
  process.exitCode = isMet ? 0 : 1;
}

async function startTargets(opening: AsyncDisposableStack): Promise<readonly Target[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-bench-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const sandbox = opening.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  // Takes every export and keeps none.
  const collector = opening.use(await startUpstream((request, response) => request.resume().on('end', () => response.end('{}'))));
  const start = async (name: string, env: Record<string, string>, ...words: readonly string[]): Promise<Target> => {
    const variables = { NODE_ENV: 'production', LOG_FILE: join(folder, `${name}.log`), ...env };
    const { pid, ready } = opening.use(await run(['test/bench/observed-gateway.ts', sandbox.ready, ...words], variables));
    return { name, url: JSON.parse(ready).url, headers: {}, pids: [pid] };
  };
  const traced = (share: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: share });
  return [
    await start(bare, {}, 'unheard'),
    await start(targeted, {}),
    await start('traces of 1 in 10 too', traced('0.1')),
    await start('all traces too', traced('1')),
  ];
}

/** Every gateway in turn; each run is compared with the one of the unheard gateway beside it. */
async function interleaved(targets: readonly Target[], load: Parameters<typeof measure>[1]): Promise<readonly Row[]> {
  for (const target of targets) await measure(target, { ...load, seconds: 2 });
  const rounds: Measure[][] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    const round: Measure[] = [];
    for (const target of targets) round.push(await measure(target, load));
    rounds.push(round);
  }
  return targets.map(({ name }, at) => {
    const own = rounds.flatMap((round) => round.slice(at, at + 1));
    const ratios = own.map(({ cpuPerThousand }, round) => cpuPerThousand / (rounds[round]?.[0]?.cpuPerThousand ?? Number.NaN));
    const middle = ratios.toSorted((left, right) => left - right)[Math.floor(ratios.length / 2)] ?? Number.NaN;
    return { watched: name, measured: median(own), more: name === bare ? undefined : 100 * (middle - 1) };
  });
}

function cells({ watched, measured, more }: Row): readonly string[] {
  const { requestsPerSecond, p50, p99, cpuPerThousand, failures } = measured;
  const figures = [requestsPerSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1), cpuPerThousand.toFixed(3), String(failures)];
  const target = watched === targeted ? `≤ ${mostPercent} %` : '';
  return [watched, ...figures, more === undefined ? '' : `${more.toFixed(1)} %`, target];
}

function table(lines: readonly (readonly string[])[]): string {
  const head = ['operation', 'conn.', 'watched by', 'req/s', 'p50 ms', 'p99 ms', 'CPU s/1,000', 'failed', 'CPU more', 'target'];
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

const section = (
  report: string,
  loadBefore: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${loadBefore.toFixed(1)} before the start, Node ${process.versions.node}.
Made by \`npm run bench:observability -- --write\`; medians of ${values.repeats} interleaved runs of ${values.seconds} s, without limits and cache. \`${bare}\` hears no
stage and writes no line, the others count every stage and write a line for each request into a file; traces go to a
collector on the same machine. Differences are medians over the rounds, each against the run of \`${bare}\` beside it. CPU is
that of the gateway.

${report}
`;

await main();

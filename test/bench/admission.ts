import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Measure } from './measure.ts';
import { median } from './measure.ts';
import { operations } from './operations.ts';
import { writeSection } from './results.ts';
import { bodyOf } from './targets.ts';
import type { Rounds } from './variants.ts';
import { interleaved, ratio, startVariants } from './variants.ts';
import { benchWords } from './words.ts';

const help = `What limits cost: the same gateway with limits in Redis, with limits in memory, and without, interleaved.

  node test/bench/admission.ts             3 s a run, 7 repeats; about five minutes
  node test/bench/admission.ts --seconds 1 --repeats 3
  node test/bench/admission.ts --write     also writes its section of test/bench/RESULTS.md`;

const { values } = parseArgs({ options: benchWords({ seconds: '3', repeats: '7' }) });

/** Most of the throughput without limits that they may take, in percent. */
const targets = new Map([
  ['one sample', 15],
  ['main job', 5],
]);

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const loadBefore = loadavg()[0] ?? Number.NaN;
  await using opening = new AsyncDisposableStack();
  const bare = { CACHE_ENABLED: 'false', ADMIN_ENABLED: 'false' };
  const gateways = await startVariants(opening, ({ redisUrl }) => ({
    without: { ...bare, RATE_LIMIT_ENABLED: 'false' },
    memory: bare,
    Redis: { ...bare, RATE_LIMIT_STORAGE_URL: redisUrl },
  }));
  const rows: string[] = [];
  for (const operation of operations.filter(({ name }) => targets.has(name)))
    for (const connections of [1, 32]) {
      const load = { body: bodyOf(operation), connections, seconds: Number(values.seconds), repeats: Number(values.repeats) };
      rows.push(...rowsOf({ name: operation.name, connections }, await interleaved(gateways, load)));
    }
  const report = [head, head.map(() => '---'), ...rows.map((row) => row.split('|'))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  console.log(report);
  if (values.write) await writeSection('Admission', section(report, loadBefore));
}

const head = [
  'operation',
  'conn.',
  'limits',
  'req/s',
  'p50 ms',
  'p99 ms',
  'CPU s/1,000',
  'failed',
  'req/s less',
  'CPU more',
  'target',
];

function rowsOf(
  { name, connections }: { readonly name: string; readonly connections: number },
  rounds: Rounds,
): readonly string[] {
  const bare = rounds.get('without') ?? [];
  return [...rounds].map(([limits, found]) => {
    const { requestsPerSecond, p50, p99, cpuPerThousand, failures } = median(found);
    const figures = [requestsPerSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1), cpuPerThousand.toFixed(3), failures];
    const ratios =
      limits === 'without' ? ['', ''] : [change(found, bare, 'requestsPerSecond'), change(found, bare, 'cpuPerThousand')];
    const target = limits === 'without' ? '' : `≤ ${targets.get(name)} %`;
    return [name, connections, limits, ...figures, ...ratios, target].join('|');
  });
}

function change(found: readonly Measure[], bare: readonly Measure[], figure: 'requestsPerSecond' | 'cpuPerThousand'): string {
  const middle = ratio(found, bare, figure);
  return `${(100 * (figure === 'requestsPerSecond' ? 1 - middle : middle - 1)).toFixed(1)} %`;
}

const section = (
  report: string,
  loadBefore: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${loadBefore.toFixed(1)} before the start, Node ${process.versions.node}.
Made by \`node test/bench/admission.ts --write\`; medians of ${values.repeats} interleaved runs of ${values.seconds} s. The same gateway without
limits, with budgets in memory, and with budgets in a Redis on the same machine: price, reservation, booking, headers and
the ledger of usage. Differences are medians over the rounds, each against the run without limits beside it. CPU is that of
the gateway; Redis, sandbox and load generator share its cores.

${report}
`;

await main();

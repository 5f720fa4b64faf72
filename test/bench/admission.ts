import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findRedis } from '#test/harness/find-store.ts';
import type { Measure } from './measure.ts';
import { measure, median } from './measure.ts';
import { operations } from './operations.ts';
import { run } from './processes.ts';
import { writeSection } from './results.ts';
import type { Target } from './targets.ts';
import { bodyOf, isBanner, logIn, serviceEnvironment } from './targets.ts';

const help = `What limits cost: the same gateway with limits in Redis, with limits in memory, and without, interleaved.

  node test/bench/admission.ts             3 s a run, 7 repeats; about five minutes
  node test/bench/admission.ts --seconds 1 --repeats 3
  node test/bench/admission.ts --write     also writes its section of test/bench/RESULTS.md`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    repeats: { type: 'string', default: '7' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** As wide as a plan may be: what is measured is deciding, not refusing. */
const plan = { requestsPerMinute: 1e9, capacity: 1e9, restorePerSecond: 1e9, maxQueryCost: 1e9, maxInFlight: 1e9 };

/** Most of the throughput without limits that they may take, in percent. */
const targets = new Map([
  ['one sample', 15],
  ['main job', 5],
]);

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const loadBefore = loadavg()[0] ?? Number.NaN;
  await using opening = new AsyncDisposableStack();
  const gateways = await startGateways(opening);
  const rows: string[] = [];
  for (const operation of operations.filter(({ name }) => targets.has(name)))
    for (const connections of [1, 32]) {
      const load = { body: bodyOf(operation), connections, seconds: Number(values.seconds) };
      rows.push(...rowsOf({ name: operation.name, connections }, await interleaved(gateways, load)));
    }
  const report = [head, head.map(() => '---'), ...rows.map((row) => row.split('|'))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  console.log(report);
  if (values.write) await writeSection('Admission', section(report, loadBefore));
}

async function startGateways(opening: AsyncDisposableStack): Promise<readonly Target[]> {
  const redis = await findRedis();
  opening.defer(redis.stop);
  if (redis.url === undefined) throw new Error(`Redis: ${redis.how}`);
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-bench-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const plans = join(folder, 'plans.json');
  await writeFile(plans, JSON.stringify({ default: plan, anonymous: plan, enterprise: plan }));
  const sandbox = opening.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  const start = async (name: string, env: Record<string, string>): Promise<Target> => {
    const common = {
      NODE_ENV: 'production',
      ENVIRONMENT: 'test',
      GATEWAY_HOST: '127.0.0.1',
      GATEWAY_PORT: '0',
      LOG_LEVEL: 'warn',
    };
    const sockets = { MAX_REQUESTS_PER_SOCKET: '0', PLANS_PATH: plans, CACHE_ENABLED: 'false', ADMIN_ENABLED: 'false' };
    const services = serviceEnvironment(JSON.parse(sandbox.ready));
    const { pid, ready } = opening.use(await run(['gateway/main.ts'], { ...common, ...sockets, ...services, ...env }, isBanner));
    const url = /http:\S+/.exec(ready)?.[0] ?? '';
    return { name, url, headers: await logIn(url), pids: [pid] };
  };
  return [
    await start('without', { RATE_LIMIT_ENABLED: 'false' }),
    await start('memory', {}),
    await start('Redis', { RATE_LIMIT_STORAGE_URL: redis.url }),
  ];
}

type Rounds = ReadonlyMap<string, readonly Measure[]>;

/** Every gateway in turn, so that a drift of the machine meets all of them. */
async function interleaved(gateways: readonly Target[], load: Parameters<typeof measure>[1]): Promise<Rounds> {
  const rounds = new Map<string, Measure[]>(gateways.map(({ name }) => [name, []]));
  for (const gateway of gateways) await measure(gateway, { ...load, seconds: 2 });
  for (let repeat = 0; repeat < Number(values.repeats); repeat++)
    for (const gateway of gateways) rounds.get(gateway.name)?.push(await measure(gateway, load));
  return rounds;
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

/** Median over the rounds, each compared with the run beside it. */
function change(found: readonly Measure[], bare: readonly Measure[], figure: 'requestsPerSecond' | 'cpuPerThousand'): string {
  const ratios = found
    .map((one, round) => one[figure] / (bare[round]?.[figure] ?? Number.NaN))
    .sort((left, right) => left - right);
  const middle = ratios[Math.floor(ratios.length / 2)] ?? Number.NaN;
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

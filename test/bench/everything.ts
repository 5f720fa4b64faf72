import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, warmUp } from './measure.ts';
import { operations } from './operations.ts';
import { writeSection } from './results.ts';
import { bodyOf } from './targets.ts';
import type { Rounds } from './variants.ts';
import { interleaved, ratio, startVariants } from './variants.ts';
import { benchWords } from './words.ts';

const help = `What everything that is not the answer itself costs: the same gateway with all of it and without, interleaved.

  npm run bench:everything                       3 s a run, 7 repeats; about eight minutes
  npm run bench:everything -- --seconds 1 --repeats 3
  npm run bench:everything -- --write            also writes its section of test/bench/RESULTS.md`;

const { values } = parseArgs({ options: benchWords({ seconds: '3', repeats: '7' }) });

/** The cache is on and never of use. */
const nothingFresh = { CACHE_MAX_AGE_SECONDS: '0', CACHE_STALE_SECONDS: '0', CACHE_STALE_IF_ERROR_SECONDS: '0' };

/** CPU with everything may be so many times that without. */
const target = 1.25;

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const loadBefore = loadavg()[0] ?? Number.NaN;
  await using opening = new AsyncDisposableStack();
  const gateways = await startVariants(opening, ({ redisUrl, folder }) => {
    const log = (name: string) => ({ LOG_LEVEL: 'info', LOG_FILE: join(folder, `${name}.log`) });
    const stores = { RATE_LIMIT_STORAGE_URL: redisUrl, REDIS_CACHE_URL: redisUrl };
    return {
      off: { RATE_LIMIT_ENABLED: 'false', CACHE_ENABLED: 'false', METRICS_ENABLED: 'false', ENABLE_ACCESS_LOG: 'false' },
      'nothing fresh': { ...stores, ...nothingFresh, ...log('nothing-fresh') },
      everything: { ...stores, ...log('everything') },
    };
  });
  const rows: string[] = [];
  for (const operation of operations) {
    await warmUp(gateways, bodyOf(operation));
    for (const connections of [1, 32]) {
      const load = { body: bodyOf(operation), connections, seconds: Number(values.seconds), repeats: Number(values.repeats) };
      rows.push(...rowsOf(`${operation.name}|${connections}`, await interleaved(gateways, load)));
    }
  }
  const head = ['operation', 'conn.', 'gateway', 'req/s', 'p50 ms', 'p99 ms', 'CPU s/1,000', 'failed', 'CPU : off', 'target'];
  const report = [head, head.map(() => '---'), ...rows.map((row) => row.split('|'))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  console.log(report);
  if (values.write) await writeSection('Everything on', section(report, loadBefore));
}

function rowsOf(name: string, rounds: Rounds): readonly string[] {
  const off = rounds.get('off') ?? [];
  return [...rounds].map(([gateway, found]) => {
    const { requestsPerSecond, p50, p99, cpuPerThousand, failures } = median(found);
    const figures = [requestsPerSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1), cpuPerThousand.toFixed(3), failures];
    const against = gateway === 'off' ? ['', ''] : [ratio(found, off, 'cpuPerThousand').toFixed(2), `≤ ${target}`];
    return [name, gateway, ...figures, ...against].join('|');
  });
}

const section = (
  report: string,
  loadBefore: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${loadBefore.toFixed(1)} before the start, Node ${process.versions.node}.
Made by \`node test/bench/everything.ts --write\`; medians of ${values.repeats} interleaved runs of ${values.seconds} s,
after 10 s of each operation for each gateway. The same gateway without limits,
cache, metrics and lines for requests; with all of them, limits and cache in a Redis on the same machine and a line for each
request in a file; and the same where the cache finds nothing fresh, so that every answer is fetched. Ratios are medians over the
rounds, each against the run of \`off\` beside it. CPU is that of the gateway; Redis, sandbox and load generator share its cores.

${report}
`;

await main();

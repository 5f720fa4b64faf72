import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Measure } from './measure.ts';
import { interleaved, warmUp } from './measure.ts';
import { operations } from './operations.ts';
import { profileMainJob } from './profile-main-job.ts';
import { writeMain, writeSection } from './results.ts';
import { bodyOf, startTargets } from './targets.ts';
import { benchWords } from './words.ts';

const help = `Compares our process with the stock gateway over the same subgraphs, the same graph as one server, and a bare server, interleaved.

  npm run bench                    5 s a run, 3 repeats; about eight minutes
  npm run bench -- --seconds 1 --repeats 1
  npm run bench -- --write         also writes test/bench/RESULTS.md
  npm run bench -- --profile       where our process spends its time in the main job, and nothing else
  npm run bench -- --json          prints the figures as JSON`;

const { values } = parseArgs({
  options: {
    ...benchWords({ seconds: '5', repeats: '3' }),
    json: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});

type Row = { readonly operation: string; readonly connections: number; readonly measures: Readonly<Record<string, Measure>> };

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  if (values.profile) return profile();
  await using started = await startTargets();
  const rows: Row[] = [];
  for (const operation of operations) {
    say(`${operation.name}, warming up`);
    await warmUp(started.targets, bodyOf(operation));
    for (const connections of [1, 32]) {
      say(`${operation.name}, ${connections} connection(s)`);
      const load = { body: bodyOf(operation), connections, seconds: Number(values.seconds) };
      rows.push({
        operation: operation.name,
        connections,
        measures: await interleaved(started.targets, load, Number(values.repeats)),
      });
    }
  }
  const report = table(rows);
  console.log(values.json ? JSON.stringify(rows) : report);
  if (values.write) await writeMain(results(report));
}

async function profile(): Promise<void> {
  const report = await profileMainJob(Number(values.seconds));
  console.log(report);
  if (values.write) await writeSection('Profile', report);
}

function table(rows: readonly Row[]): string {
  const head = [
    'operation',
    'conn.',
    'target',
    'req/s',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'CPU s/1,000',
    'RSS MB',
    'failed',
    'CPU : stock',
    'CPU : monolith',
    'req/s : stock',
  ];
  const lines = rows.flatMap(({ operation, connections, measures }) =>
    Object.entries(measures).map(([name, found]) => {
      const ratio = (figure: 'cpuPerThousand' | 'requestsPerSecond', to: 'stock' | 'monolith' = 'stock'): string => {
        const { [to]: other } = measures;
        return other === undefined ? '' : (found[figure] / other[figure]).toFixed(2);
      };
      const figures = [
        found.requestsPerSecond.toFixed(0),
        found.p50.toFixed(1),
        found.p95.toFixed(1),
        found.p99.toFixed(1),
        found.cpuPerThousand.toFixed(2),
      ];
      return [
        operation,
        connections,
        name,
        ...figures,
        found.residentMegabytes.toFixed(0),
        found.failures,
        ratio('cpuPerThousand'),
        ratio('cpuPerThousand', 'monolith'),
        ratio('requestsPerSecond'),
      ];
    }),
  );
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const results = (report: string): string => `# Bench results

${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}; medians of ${values.repeats} interleaved runs of ${values.seconds} s,
after 10 s of each operation for each target. Made by \`npm run bench -- --write\`. CPU is that of all processes but the sandbox and the load generator: for \`ours\` one
process, for \`stock\` the plain gateway and its eight subgraph servers, for \`monolith\` Apollo Server and graphql-js over the
same resolvers in one schema, for \`bare\` a node:http server that answers the
same bytes. All targets stand over one sandbox and share two cores with it, so ratios mean more than single figures.

${report}
`;

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`… ${text}\n`);
}

await main();

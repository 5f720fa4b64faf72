import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compose } from '#schema/compose.ts';
import type { Measure } from './measure.ts';
import { interleaved, warmUp } from './measure.ts';
import type { Process } from './processes.ts';
import { run } from './processes.ts';
import type { RemoteName } from './remote-graph.ts';
import { remoteGraph, remoteOperations, remoteQuery } from './remote-graph.ts';
import { writeSection } from './results.ts';
import type { Target } from './targets.ts';
import { isBanner } from './targets.ts';
import { benchWords } from './words.ts';

const help = `What joining subgraphs over HTTP costs: the stock gateway, ours, an aggregator written by hand, and a bare server,
interleaved over the same three subgraphs. CPU is that of the gateway's process alone.

  npm run bench:remote                    5 s a run, 3 repeats; about four minutes
  npm run bench:remote -- --seconds 1 --repeats 1
  npm run bench:remote -- --write         also writes its section of test/bench/RESULTS.md`;

const { values } = parseArgs({ options: benchWords({ seconds: '5', repeats: '3' }) });

type Row = { readonly operation: string; readonly connections: number; readonly measures: Readonly<Record<string, Measure>> };

const bodies = remoteOperations.map((operation) => ({
  name: operation.name,
  operationName: operation.operationName,
  body: JSON.stringify({ operationName: operation.operationName, query: remoteQuery(operation) }),
}));

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const load = loadavg()[0] ?? 0;
  await using opened = new AsyncDisposableStack();
  const { targets, sizes } = await startTargets(opened);
  const rows: Row[] = [];
  for (const { name, body } of bodies) {
    await warmUp(targets, body);
    for (const connections of [1, 32]) {
      const measures = await interleaved(targets, { body, connections, seconds: Number(values.seconds) }, Number(values.repeats));
      rows.push({ operation: name, connections, measures });
    }
  }
  const report = `${introduction(load, sizes)}\n\n${table(rows)}\n`;
  console.log(report);
  if (values.write) await writeSection('Remote subgraphs', report);
}

async function startTargets(opened: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-bench-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const names = Object.keys(remoteGraph) as RemoteName[];
  const urls: Record<string, string> = {};
  for (const name of names) urls[name] = urlOf(opened.use(await run(['test/bench/remote-subgraph.ts', name], {})));
  const file = join(folder, 'supergraph.graphql');
  await writeFile(file, compose(names.map((name) => ({ name, url: urls[name] ?? '', sdl: remoteGraph[name].sdl }))).supergraph);
  const env = { NODE_ENV: 'production' };
  const target = (name: string, { pid }: Process, url: string): Target => ({ name, url, headers: {}, pids: [pid] });
  const gateway = opened.use(await run(['gateway/main.ts'], { ...env, ...oursOver(file, folder) }, isBanner));
  const ours = target('ours', gateway, /http:\S+/.exec(gateway.ready)?.[0] ?? '');
  const stockGateway = opened.use(await run(['test/bench/stock-gateway.ts', file], env));
  const aggregator = opened.use(await run(['test/bench/aggregator.ts', JSON.stringify(urls)], env));
  const asked = [
    ours,
    target('stock', stockGateway, urlOf(stockGateway)),
    target('by hand', aggregator, urlOf(aggregator)),
  ] as const;
  const answers = await sameAnswers(asked);
  const answersFile = join(folder, 'answers.json');
  await writeFile(answersFile, JSON.stringify(answers));
  const bare = opened.use(await run(['test/bench/bare-server.ts', answersFile], env));
  return {
    targets: [...asked, target('bare', bare, urlOf(bare))],
    sizes: Object.values(answers).map((answer) => JSON.stringify(answer).length),
  };
}

const urlOf = ({ ready }: Process): string => JSON.parse(ready).url;

/** Anybody may ask for samples, nothing is kept and nothing limited. */
const oursOver = (file: string, folder: string): Record<string, string> => ({
  ENVIRONMENT: 'test',
  GATEWAY_HOST: '127.0.0.1',
  GATEWAY_PORT: '0',
  ADMIN_PORT: '0',
  DATA_DIR: folder,
  SUPERGRAPH_PATH: file,
  PUBLIC_FIELDS: 'Query.samples',
  MAX_REQUESTS_PER_SOCKET: '0',
  RATE_LIMIT_ENABLED: 'false',
  CACHE_ENABLED: 'false',
  LOG_LEVEL: 'warn',
});

/** Asks everybody once; a measurement of different answers would compare nothing. */
async function sameAnswers(targets: readonly Target[]): Promise<Readonly<Record<string, unknown>>> {
  const answers: Record<string, unknown> = {};
  for (const { name, operationName, body } of bodies) {
    const given = await Promise.all(
      targets.map(async ({ url }) => {
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        return JSON.stringify(await response.json());
      }),
    );
    const [first = ''] = given;
    if (first.includes('"errors"') || given.some((answer) => answer !== first)) {
      throw new Error(`${name}: the answers differ.\n${given.map((answer) => answer.slice(0, 300)).join('\n')}`);
    }
    answers[operationName] = JSON.parse(first);
  }
  return answers;
}

const columns = [
  'operation',
  'conn.',
  'target',
  'req/s',
  'p50 ms',
  'p99 ms',
  'CPU ms',
  'RSS MB',
  'failed',
  ': stock',
  ': by hand',
];

function table(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ operation, connections, measures }) =>
    Object.entries(measures).map(([name, found]) => {
      const ratio = (to: 'stock' | 'by hand'): string =>
        (found.cpuPerThousand / (measures[to]?.cpuPerThousand ?? Number.NaN)).toFixed(2);
      const figures = [
        found.requestsPerSecond.toFixed(0),
        found.p50.toFixed(1),
        found.p99.toFixed(1),
        found.cpuPerThousand.toFixed(3),
        found.residentMegabytes.toFixed(0),
      ];
      return [operation, connections, name, ...figures, found.failures, ratio('stock'), ratio('by hand')];
    }),
  );
  return [columns, columns.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const introduction = (load: number, sizes: readonly number[]): string =>
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${load.toFixed(1)} before the start, Node ${process.versions.node}; medians of ${values.repeats} interleaved runs of ${values.seconds} s,
after 10 s of each operation for each target. Made by \`npm run bench:remote -- --write\`. Three subgraphs over HTTP, shared by all; answers of ${sizes.join(' and ')} bytes. CPU is that of
the gateway's process alone, in ms a request: \`stock\` is the plain gateway, \`by hand\` a node:http server that knows these
operations and joins with undici and JSON, \`bare\` answers the same bytes out of memory. Wanted of \`ours\`: at most 0.30 of
\`stock\` and 1.60 of \`by hand\`.`;

await main();

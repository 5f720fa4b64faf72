import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { jobId, sampleId } from '#ops/sandbox/data/facts.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { findRedis } from '#test/harness/find-store.ts';
import type { Measure } from './measure.ts';
import { measure, median } from './measure.ts';
import { operations } from './operations.ts';
import { run } from './processes.ts';
import { writeSection } from './results.ts';
import type { Target } from './targets.ts';
import { bodyOf, isBanner, logIn, serviceEnvironment, writeAnswers } from './targets.ts';
import { benchWords } from './words.ts';

const help = `Compares a gateway that keeps nothing with ones that keep answers in Redis, in copies near, and in memory alone.

  npm run bench:cache                       3 s a run, 3 repeats; about two minutes
  npm run bench:cache -- --seconds 1 --repeats 1
  npm run bench:cache -- --write            also writes its section of test/bench/RESULTS.md`;

const { values } = parseArgs({ options: benchWords({ seconds: '3', repeats: '3' }) });

const zipfRequests = 10_000;

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const load = loadavg()[0] ?? 0;
  await using opening = new AsyncDisposableStack();
  const targets = await startTargets(opening);
  const rows: string[][] = [];
  for (const operation of operations.slice(0, 2)) {
    const found = await interleaved(targets, bodyOf(operation));
    rows.push(...[...found].map(([name, measured]) => row({ operation: operation.name, name, measured, all: found })));
  }
  const near = targets.find(({ name }) => name === 'near') as Target;
  const report = `${table(rows)}\n\n${await wholeAnswers(targets)}\n\n${await zipf(near)}`;
  console.log(report);
  if (values.write) await writeSection('Cache', section(report, load));
}

async function startTargets(opening: AsyncDisposableStack): Promise<readonly Target[]> {
  const redis = await findRedis();
  opening.defer(redis.stop);
  if (redis.url === undefined) throw new Error(`Redis: ${redis.how}.`);
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
    MAX_REQUESTS_PER_SOCKET: '0',
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'error',
  };
  const gateway = async (name: string, variables: Record<string, string>): Promise<Target> => {
    const running = opening.use(await run(['gateway/main.ts'], { ...env, ...variables }, isBanner));
    const url = /http:\S+/.exec(running.ready)?.[0] ?? '';
    return { name, url, headers: await logIn(url), pids: [running.pid] };
  };
  const uncached = await gateway('uncached', { CACHE_ENABLED: 'false' });
  const bare = opening.use(await run(['test/bench/bare-server.ts', await writeAnswers(uncached, folder)], {}));
  return [
    uncached,
    await gateway('Redis', { REDIS_CACHE_URL: redis.url, CACHE_NEAR_MS: '1' }),
    await gateway('near', { REDIS_CACHE_URL: redis.url }),
    await gateway('memory', {}),
    { name: 'bare', url: JSON.parse(bare.ready).url, headers: {}, pids: [bare.pid] },
  ];
}

async function interleaved(targets: readonly Target[], body: string): Promise<ReadonlyMap<string, Measure>> {
  const load = { body, connections: 8, seconds: Number(values.seconds) };
  const measured = new Map<string, Measure[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await measure(target, { ...load, seconds: 1 });
  for (let repeat = 0; repeat < Number(values.repeats); repeat++)
    for (const target of targets) measured.get(target.name)?.push(await measure(target, load));
  return new Map([...measured].map(([name, all]) => [name, median(all)]));
}

type Row = {
  readonly operation: string;
  readonly name: string;
  readonly measured: Measure;
  readonly all: ReadonlyMap<string, Measure>;
};

function row({ operation, name, measured, all }: Row): string[] {
  const ratio = (other: string): string =>
    (measured.requestsPerSecond / (all.get(other)?.requestsPerSecond ?? Number.NaN)).toFixed(other === 'bare' ? 4 : 2);
  const figures = [measured.p50, measured.p95, measured.p99].map((ms) => ms.toFixed(1));
  return [
    operation,
    name,
    measured.requestsPerSecond.toFixed(0),
    ...figures,
    measured.cpuPerThousand.toFixed(2),
    String(measured.failures),
    ratio('uncached'),
    ratio('bare'),
  ];
}

function table(rows: readonly string[][]): string {
  const head = ['operation', 'kept', 'req/s', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU s/1,000', 'failed', ': uncached', ': bare'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The main job as somebody asks for it whose answers do not list every look-up, as those of operators do. */
async function wholeAnswers(targets: readonly Target[]): Promise<string> {
  const asked = await Promise.all(
    targets.map(async (target) => (target.name === 'bare' ? target : { ...target, headers: await logIn(target.url, 'tech') })),
  );
  const found = await interleaved(asked, bodyOf(operations[0]));
  const bare = found.get('bare')?.requestsPerSecond ?? Number.NaN;
  const told = ['Redis', 'near', 'memory'].map((name) => {
    const { requestsPerSecond = Number.NaN, cpuPerThousand = Number.NaN } = found.get(name) ?? {};
    return `${name} ${requestsPerSecond.toFixed(0)} req/s (${(requestsPerSecond / bare).toFixed(3)} of bare, ${cpuPerThousand.toFixed(2)} CPU s/1,000)`;
  });
  return `The main job as a technician, whose answers do not list all look-ups: ${told.join(', ')}.`;
}

/** Hits among the look-ups of requests whose frequency falls with their rank, as an operator's answers tell them. */
async function zipf({ url, headers }: Target): Promise<string> {
  const random = seededRandom(1);
  const texts = Array.from({ length: 1_000 }, (_, at) => (at % 5 === 0 ? job(1 + (at % 50)) : sample(1 + (at % 500))));
  let total = 0;
  const sums = texts.map((_, rank) => {
    total += 1 / (rank + 1);
    return total;
  });
  const draw = (): string => {
    const drawn = random() * total;
    return texts[sums.findIndex((sum) => sum > drawn)] ?? sample(1);
  };
  const counts = new Map<string, number>();
  let asked = 0;
  const worker = async (): Promise<void> => {
    while (asked++ < zipfRequests) {
      const body = JSON.stringify({ query: draw() });
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
      const { extensions } = (await answer.json()) as { extensions?: { cache?: readonly { status: string }[] } };
      for (const { status } of extensions?.cache ?? []) counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 8 }, worker));
  const seconds = (performance.now() - startedAt) / 1_000;
  const answered = (counts.get('hit') ?? 0) + (counts.get('stale') ?? 0) + (counts.get('negative') ?? 0);
  const rate = (100 * answered) / (answered + (counts.get('miss') ?? 0));
  return `Zipf over 1,000 texts, a fifth of them polling the status of a job: ${zipfRequests} requests in ${seconds.toFixed(0)} s, ${rate.toFixed(1)} % of look-ups answered (${JSON.stringify(Object.fromEntries(counts))}).`;
}

const sample = (n: number): string => `{ sample(id: "${sampleId(n)}") { name status template { name } } }`;
const job = (n: number): string => `{ sequencingJob(id: "${jobId(n)}") { status } }`;

const section = (
  report: string,
  load: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${load.toFixed(1)} before the start, Node ${process.versions.node}; medians of ${values.repeats} interleaved runs of ${values.seconds} s.
Made by \`node test/bench/cache.ts --write\`. Eight connections ask the same again and again: \`uncached\` keeps nothing,
\`Redis\` asks Redis each time, \`near\` has copies for two seconds, \`memory\` has no Redis, \`bare\` is a node:http server that
answers the same bytes. All share the cores, so ratios mean more than single figures; ratios are of requests per second.

${report}
`;

await main();

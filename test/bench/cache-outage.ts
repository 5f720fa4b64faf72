import { cpus, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { jobId, sampleId, templateId } from '#ops/sandbox/data/facts.ts';
import type { OwnRedis } from '#test/harness/own-redis.ts';
import { redisTroubles, startRedis } from '#test/harness/own-redis.ts';
import type { Loaded } from './outage-load.ts';
import { answersOf, ask, loadOn } from './outage-load.ts';
import { run } from './processes.ts';
import { writeSection } from './results.ts';
import type { Target } from './targets.ts';
import { isBanner, logIn, serviceEnvironment } from './targets.ts';

const help = `Loads a gateway with mixed queries while its cache's Redis is killed, paused, full and flushed, one after the other.

  node test/bench/cache-outage.ts                 3 s before, during and after each; about a minute
  node test/bench/cache-outage.ts -- --seconds 1
  node test/bench/cache-outage.ts -- --write      also writes its section of test/bench/RESULTS.md`;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const phaseMs = Number(values.seconds) * 1_000;

const texts: readonly string[] = [
  ...[1, 2, 3, 4, 5, 6].map((n) => `{ samples(first: ${n * 5}) { totalCount nodes { id name status template { name } } } }`),
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `{ sample(id: "${sampleId(n)}") { name storagePosition { positionIdentifier } } }`),
  ...[1, 2, 3, 4].map((n) => `{ sequencingJob(id: "${jobId(n)}") { name status samples { name } } }`),
  ...[1, 2, 3, 4].map((n) => `{ template(id: "${templateId(n)}") { name fields { fieldName fieldType } } }`),
  '{ storageLocations { name capacity { total used } } }',
];

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const load = loadavg()[0] ?? 0;
  const rows: string[][] = [];
  for (const trouble of redisTroubles) rows.push(await suffer(trouble));
  const report = table(rows);
  console.log(report);
  if (values.write) await writeSection('Cache outage', section(report, load));
}

/** One trouble from before it to after it, with gateways and a Redis of its own. */
async function suffer([name, strike, heal]: (typeof redisTroubles)[number]): Promise<string[]> {
  await using opening = new AsyncDisposableStack();
  const redis = opening.use(await startRedis());
  const sandbox = opening.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  const environment = { ...gatewayEnvironment, ...serviceEnvironment(JSON.parse(sandbox.ready)) };
  const gateway = async (variables: Record<string, string>): Promise<Target> => {
    const running = opening.use(await run(['gateway/main.ts'], { ...environment, ...variables }, isBanner));
    const url = /http:\S+/.exec(running.ready)?.[0] ?? '';
    return { name, url, headers: await logIn(url), pids: [running.pid] };
  };
  const plain = await gateway({ CACHE_ENABLED: 'false' });
  const cached = await gateway({ REDIS_CACHE_URL: `redis://127.0.0.1:${redis.port}` });
  const expected = await answersOf(plain, texts);
  const during = (target: Target) => loadOn(target, { expected, until: pause(phaseMs) });
  await loadOn(cached, { expected, until: pause(500) });
  const without = await during(plain);
  const before = await during(cached);
  const striking = during(cached);
  await strike(redis);
  const meanwhile = await striking;
  const healing = during(cached);
  await heal(redis);
  const backMs = await timeUntilUsed(redis, cached);
  const after = await healing;
  return row({ name, without, before, meanwhile, after, backMs });
}

const gatewayEnvironment = {
  NODE_ENV: 'production',
  ENVIRONMENT: 'test',
  GATEWAY_HOST: '127.0.0.1',
  GATEWAY_PORT: '0',
  ADMIN_PORT: '0',
  RATE_LIMIT_ENABLED: 'false',
  LOG_LEVEL: 'silent',
};

/** Until what is asked for the first time stands in Redis again; null when it does not within 10 s. */
async function timeUntilUsed({ client }: OwnRedis, target: Target): Promise<number | null> {
  const since = performance.now();
  const kept = async (): Promise<number> => (await client.keys('c:*')).length;
  const first = await kept();
  for (let n = 100; performance.now() - since < 10_000; n++) {
    await ask(target, `{ sample(id: "${sampleId(n)}") { barcode } }`);
    if ((await kept()) > first) return performance.now() - since;
    await pause(10);
  }
  return null;
}

type Figures = Readonly<Record<'without' | 'before' | 'meanwhile' | 'after', Loaded>> & {
  readonly name: string;
  readonly backMs: number | null;
};

function row({ name, without, before, meanwhile, after, backMs }: Figures): string[] {
  const all = [before, meanwhile, after];
  const sum = (figure: 'failed' | 'differing'): string => String(all.reduce((total, phase) => total + phase[figure], 0));
  const isHeld =
    meanwhile.p99 - before.p99 <= 40 && sum('failed') === '0' && sum('differing') === '0' && backMs !== null && backMs <= 2_000;
  return [
    name,
    ...[without, ...all].map(({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`),
    (meanwhile.p99 - before.p99).toFixed(1),
    (meanwhile.p99 / before.p99).toFixed(2),
    (meanwhile.p99 / without.p99).toFixed(2),
    String(all.reduce((total, { asked }) => total + asked, 0)),
    sum('failed'),
    sum('differing'),
    backMs === null ? 'none' : backMs.toFixed(0),
    isHeld ? 'yes' : 'no',
  ];
}

function table(rows: readonly string[][]): string {
  const head = [
    'Redis is',
    'no cache p50 / p99 ms',
    'before',
    'during',
    'after',
    'p99 rise ms',
    ': before',
    ': no cache',
    'asked',
    'failed',
    'differing',
    'used again ms',
    'held',
  ];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const section = (
  report: string,
  load: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${load.toFixed(1)} before the start, Node ${process.versions.node}.
Made by \`node test/bench/cache-outage.ts --write\`. Eight callers ask ${texts.length} queries in turn, ${values.seconds} s before, during and after each trouble of the
cache's Redis; \`no cache\` is a gateway that keeps nothing under the same load. \`differing\` counts answers whose data are not byte for
byte those of that gateway; \`used again\` is the time from the end of the trouble until a new entry stands in Redis. Held is: p99 rises
by 40 ms at most, nothing fails or differs, and Redis is used again within 2 s. All processes share the cores.

${report}
`;

await main();

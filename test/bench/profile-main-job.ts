import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, warmUp } from './measure.ts';
import { operations } from './operations.ts';
import { run } from './processes.ts';
import { busiest } from './profile.ts';
import { bodyOf, isBanner, logIn, oursEnvironment, serviceEnvironment } from './targets.ts';

const shown = 15;

/**
 * The functions in which our process spends most of its time in the main job, at eight connections, as tables: with the
 * library's executor and graphql-js, as it was before operations were compiled, and as it is.
 */
export async function profileMainJob(seconds: number): Promise<string> {
  const before = await profiled('stock', seconds);
  const after = await profiled('compiled', seconds);
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}. Made by \`npm run bench -- --profile --write\`: self times of our process in the
main job, over eight connections. Before, with \`EXECUTOR=stock\`: ${summary(before)}.

${before.table}

After, with operations compiled: ${summary(after)}.

${after.table}`;
}

type Profiled = { readonly requests: number; readonly microseconds: number; readonly table: string };

const summary = ({ requests, microseconds }: Profiled): string =>
  `${requests.toFixed(0)} requests, ${microseconds.toFixed(0)} µs busy a request`;

async function profiled(executor: 'stock' | 'compiled', seconds: number): Promise<Profiled> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-profile-'));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(folder, { recursive: true }));
  const sandbox = opened.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  const services = serviceEnvironment(JSON.parse(sandbox.ready));
  const env = { NODE_ENV: 'production', ...services, ...oursEnvironment, EXECUTOR: executor };
  const began = performance.now();
  const words = ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '500', 'gateway/main.ts'];
  const gateway = opened.use(await run(words, env, isBanner));
  const url = /http:\S+/.exec(gateway.ready)?.[0] ?? '';
  const target = { name: executor, url, headers: await logIn(url), pids: [gateway.pid] };
  const load = { body: bodyOf(operations[0]), connections: 8, seconds };
  await warmUp([target], load.body);
  const since = (performance.now() - began) / 1e3;
  const { requestsPerSecond } = await measure(target, load);
  const requests = requestsPerSecond * seconds;
  await gateway[Symbol.asyncDispose]();
  const { functions, microseconds } = await busiest(folder, since);
  const rows = functions
    .slice(0, shown)
    .map(({ place, microseconds: own }) => [place, (own / requests).toFixed(0), `${((100 * own) / microseconds).toFixed(1)} %`]);
  const head = ['function', 'self, µs a request', 'share'];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return { requests, microseconds: microseconds / requests, table };
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedis } from '#test/harness/find-store.ts';
import type { Measure } from './measure.ts';
import { measure } from './measure.ts';
import { run } from './processes.ts';
import type { Target } from './targets.ts';
import { isBanner, logIn, serviceEnvironment } from './targets.ts';

/** As wide as a plan may be: what is measured is deciding, not refusing. */
const plan = { requestsPerMinute: 1e9, capacity: 1e9, restorePerSecond: 1e9, maxQueryCost: 1e9, maxInFlight: 1e9 };

/** Variables of each gateway by its name. */
type Variants = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What variants may name: a Redis, and a folder that goes when they end. */
type Places = { readonly redisUrl: string; readonly folder: string };

/** Starts gateways that differ in their variables alone, over one sandbox. */
export async function startVariants(
  opening: AsyncDisposableStack,
  variants: (places: Places) => Variants,
): Promise<readonly Target[]> {
  const redis = await findRedis();
  opening.defer(redis.stop);
  if (redis.url === undefined) throw new Error(`Redis: ${redis.how}`);
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-bench-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const plans = join(folder, 'plans.json');
  await writeFile(plans, JSON.stringify({ default: plan, anonymous: plan, enterprise: plan }));
  const sandbox = opening.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  const common = {
    NODE_ENV: 'production',
    ENVIRONMENT: 'test',
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: '0',
    ADMIN_PORT: '0',
    MAX_REQUESTS_PER_SOCKET: '0',
    PLANS_PATH: plans,
    LOG_LEVEL: 'warn',
    SLOW_OPERATION_MS: '60000',
    ...serviceEnvironment(JSON.parse(sandbox.ready)),
  };
  const targets: Target[] = [];
  for (const [name, env] of Object.entries(variants({ redisUrl: redis.url, folder }))) {
    const { pid, ready } = opening.use(await run(['gateway/main.ts'], { ...common, ...env }, isBanner));
    const url = /http:\S+/.exec(ready)?.[0] ?? '';
    targets.push({ name, url, headers: await logIn(url), pids: [pid] });
  }
  return targets;
}

export type Rounds = ReadonlyMap<string, readonly Measure[]>;

/** Every gateway in turn, so that a drift of the machine meets all of them. */
export async function interleaved(
  gateways: readonly Target[],
  { repeats, ...load }: Parameters<typeof measure>[1] & { readonly repeats: number },
): Promise<Rounds> {
  const rounds = new Map<string, Measure[]>(gateways.map(({ name }) => [name, []]));
  for (const gateway of gateways) await measure(gateway, { ...load, seconds: 2 });
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const gateway of gateways) rounds.get(gateway.name)?.push(await measure(gateway, load));
  return rounds;
}

/** Median over the rounds, each compared with the run beside it. */
export function ratio(
  found: readonly Measure[],
  beside: readonly Measure[],
  figure: 'requestsPerSecond' | 'cpuPerThousand',
): number {
  const ratios = found
    .map((one, round) => one[figure] / (beside[round]?.[figure] ?? Number.NaN))
    .sort((left, right) => left - right);
  return ratios[Math.floor(ratios.length / 2)] ?? Number.NaN;
}

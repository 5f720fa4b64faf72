import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { systemClock } from '#kit/clock.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { openStore } from '#kit/organizations/open-store.ts';
import { seed } from '#kit/organizations/seed.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import type { Callers } from './mixed-load.ts';
import type { Probed } from './probe.ts';
import { run } from './processes.ts';
import { isBanner, logIn, serviceEnvironment } from './targets.ts';

export type Sample = Probed & {
  /** Open files and sockets of the process (/proc/PID/fd). */
  readonly handles: number;
};

export type WatchedGateway = AsyncDisposable & {
  readonly origin: string;
  readonly callers: () => Promise<Callers>;
  /** What the process holds after garbage was collected. */
  readonly sample: () => Promise<Sample>;
  /** Gives it another supergraph and other plans, and has it read everything again. */
  readonly reload: () => Promise<void>;
};

/** As wide as a plan may be: everything is counted and nobody is refused. */
const plan = { requestsPerMinute: 1e9, capacity: 1e9, restorePerSecond: 1e9, maxQueryCost: 1e9, maxInFlight: 1e9 };

/** A gateway process over a sandbox of its own with everything on, and a probe inside that tells what it holds. */
export async function startWatched({ redisUrl, env = {} }: { readonly redisUrl: string; readonly env?: Record<string, string> }) {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-bench-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  const replace = async (name: string, text: string): Promise<void> => {
    await writeFile(file(`${name}.new`), text);
    await rename(file(`${name}.new`), file(name));
  };
  const supergraph = await readFile('schema/supergraph.graphql', 'utf8');
  await replace('supergraph.graphql', supergraph);
  await replace('plans.json', plansOf(0));
  await seedOrganizations(folder);
  const sandbox = opening.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  const gateway = opening.use(
    await run(
      ['--expose-gc', '--import', './test/bench/probe.ts', 'gateway/main.ts'],
      {
        ...serviceEnvironment(JSON.parse(sandbox.ready)),
        ...everythingOn,
        REDIS_URL: redisUrl,
        SUPERGRAPH_PATH: file('supergraph.graphql'),
        PLANS_PATH: file('plans.json'),
        LOG_FILE: file('gateway.log'),
        DATA_DIR: folder,
        PROBE_SOCKET: file('probe'),
        ...env,
      },
      isBanner,
    ),
  );
  const url = /http:\S+/.exec(gateway.ready)?.[0] ?? '';
  const probe = new Client('http://probe', { socketPath: file('probe') });
  opening.defer(() => probe.close());
  let version = 0;
  const opened = opening.move();
  return {
    origin: new URL(url).origin,
    callers: async () => ({
      person: await logIn(url),
      partners: developmentOrganizations.map(({ key }) => ({ 'x-api-key': key })),
    }),
    async sample() {
      const answer = await probe.request({ path: '/', method: 'GET' });
      return { ...((await answer.body.json()) as Probed), handles: readdirSync(`/proc/${gateway.pid}/fd`).length };
    },
    async reload() {
      version += 1;
      await replace('supergraph.graphql', `${supergraph}\n# ${version}\n`);
      await replace('plans.json', plansOf(version));
      process.kill(gateway.pid, 'SIGHUP');
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  } satisfies WatchedGateway;
}

const plansOf = (version: number): string =>
  JSON.stringify(
    Object.fromEntries(['default', 'anonymous', 'enterprise'].map((name) => [name, { ...plan, capacity: 1e9 - version }])),
  );

/** The organizations of development; a gateway over a supergraph file has none by itself. */
async function seedOrganizations(folder: string): Promise<void> {
  const settings = readOrganizationSettings({ ENVIRONMENT: 'development', DATA_DIR: folder });
  await using store = await openStore(settings);
  await seed(developmentOrganizations, { store, hasher: keyHasher(settings.peppers), clock: systemClock });
}

const everythingOn = {
  NODE_ENV: 'production',
  ENVIRONMENT: 'development',
  GATEWAY_HOST: '127.0.0.1',
  GATEWAY_PORT: '0',
  ADMIN_PORT: '0',
  ADMIN_TOKEN: 'watched-in-a-bench',
  TRUSTED_PROXIES: 'loopback',
  PUBLIC_FIELDS: 'Mutation.login',
  SUPERGRAPH_POLL_MS: '60000',
  // A forced collection is no overload.
  MAX_LOOP_DELAY_MS: '10000',
};

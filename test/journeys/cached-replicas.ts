import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox, SandboxCall } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { logIn, serviceEnvironment } from '#test/bench/targets.ts';
import { runProgram } from '#test/harness/process.ts';

type Variables = Readonly<Record<string, unknown>>;

export type Replica = {
  /** Asks as an administrator of the laboratory; the answer as text and read, without its extensions. */
  readonly ask: (query: string, variables?: Variables) => Promise<Answer>;
};

export type Answer = {
  readonly data: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors: readonly object[] | undefined;
  /** Data and errors with their keys as they came. */
  readonly text: string;
};

export type Replicas = AsyncDisposable & {
  /** Two gateway processes that share a Redis. */
  readonly cached: readonly [Replica, Replica];
  /** One over the same services that keeps nothing. */
  readonly plain: Replica;
  readonly calls: SandboxCall[];
  readonly faults: Sandbox['faults'];
};

/** Three gateway processes over one sandbox. `env` is for those with a cache. */
export async function startReplicas(redisUrl: string, env: Readonly<Record<string, string>> = {}): Promise<Replicas> {
  await using opening = new AsyncDisposableStack();
  const calls: SandboxCall[] = [];
  const sandbox = opening.use(await startSandbox({ ports: 'any', onCall: (call) => calls.push(call) }));
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const common = {
    ...serviceEnvironment(Object.fromEntries(sandbox.urls)),
    ENVIRONMENT: 'development',
    GATEWAY_PORT: '0',
    DATA_DIR: folder,
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'error',
  };
  // One after the other: they make the same embedded store of organizations.
  const start = async (variables: Readonly<Record<string, string>>): Promise<Replica> => {
    const running = opening.use(runProgram('gateway/main.ts', [], { ...common, ...variables }));
    const url = /http:\S+\/graphql/.exec(await running.printed('/graphql'))?.[0] ?? '';
    return replica(url, await logIn(url));
  };
  const plain = await start({ CACHE_ENABLED: 'false' });
  const one = await start({ REDIS_CACHE_URL: redisUrl, ...env });
  const other = await start({ REDIS_CACHE_URL: redisUrl, ...env });
  const opened = opening.move();
  return {
    cached: [one, other],
    plain,
    calls,
    faults: sandbox.faults,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const replica = (url: string, headers: Readonly<Record<string, string>>): Replica => ({
  async ask(query, variables = {}) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as Omit<Answer, 'text'>;
    return { data, errors, text: JSON.stringify({ data, errors }) };
  },
});

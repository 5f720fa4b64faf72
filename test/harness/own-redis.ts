import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startFaultProxy } from './fault-proxy.ts';
import { onPath } from './find-store.ts';

const program = onPath('redis-server') ?? '';

/** False where no redis-server is installed. */
export const hasRedis = program !== '';

export type OwnRedis = AsyncDisposable & {
  readonly port: number;
  readonly client: Redis;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly startAgain: () => Promise<void>;
};

/** A Redis of one's own, without persistence. */
export async function startRedis(): Promise<OwnRedis> {
  // A port that was free a moment ago.
  const proxy = await startFaultProxy({ port: 1 });
  const { port } = proxy;
  await proxy[Symbol.asyncDispose]();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const run = (): ChildProcess => spawn(program, args, { stdio: 'ignore' });
  let child = run();
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 });
  client.on('error', () => undefined);
  await client.ping();
  return {
    port,
    client,
    signal: (signal) => void child.kill(signal),
    async startAgain() {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      child = run();
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

const fill = (client: Redis): Promise<unknown> =>
  client.eval("for i = 1, 200 do redis.call('set', 'filler:' .. i, string.rep('x', 20000)) end", 0);

/** What happens to a Redis, how, and how it ends. */
type RedisTrouble = readonly [string, (server: OwnRedis) => Promise<unknown>, (server: OwnRedis) => Promise<unknown>];

export const redisTroubles: readonly RedisTrouble[] = [
  ['killed', async ({ signal }) => signal('SIGKILL'), ({ startAgain }) => startAgain()],
  ['paused', async ({ signal }) => signal('SIGSTOP'), async ({ signal }) => signal('SIGCONT')],
  [
    'full, so that writes fail',
    async ({ client }) => {
      await fill(client);
      await client.config('SET', 'maxmemory-policy', 'noeviction');
      await client.config('SET', 'maxmemory', '2mb');
    },
    ({ client }) => client.config('SET', 'maxmemory', '0'),
  ],
  [
    'full, so that it evicts',
    async ({ client }) => {
      await fill(client);
      await client.config('SET', 'maxmemory-policy', 'allkeys-lfu');
      await client.config('SET', 'maxmemory', '2mb');
    },
    ({ client }) => client.config('SET', 'maxmemory', '0'),
  ],
  [
    'flushed again and again',
    async ({ client }) => {
      for (let times = 0; times < 10; times++) {
        await client.flushall();
        await pause(50);
      }
    },
    async () => undefined,
  ],
];

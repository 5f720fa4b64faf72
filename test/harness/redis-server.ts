import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, onPath } from './find-store.ts';

export const redisProgram = onPath('redis-server') ?? '';

export type RedisServer = AsyncDisposable & {
  readonly port: number;
  /** A connection of an operator, which waits until the server answers. */
  readonly client: Redis;
  /** Ends it without a word to anybody. */
  readonly killed: () => Promise<void>;
};

type Options = {
  /** What the server is told beside its port; `$FOLDER` is a folder of its own. */
  readonly args?: readonly string[];
  /** Called before the start, with that folder. */
  readonly prepare?: (folder: string) => Promise<void>;
};

/** One `redis-server` on a free port of this machine, with a folder of its own. */
export async function startRedisServer({ args = [], prepare }: Options = {}): Promise<RedisServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  await prepare?.(folder);
  const given = args.map((argument) => argument.replace('$FOLDER', folder));
  const child = spawn(redisProgram, [...given, '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...memoryOnly], {
    stdio: 'ignore',
  });
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  const killed = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  await client.ping();
  return {
    port,
    client,
    killed,
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await killed();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const memoryOnly = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'] as const;

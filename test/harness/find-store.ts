import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';

export type Found = {
  readonly store: 'Redis' | 'MongoDB';
  /** Absent when no server was found. */
  readonly url: string | undefined;
  /** Which server it is, or how to get one. */
  readonly how: string;
  readonly stop: () => Promise<void>;
};

const nothing = async (): Promise<void> => undefined;

/** `REDIS_URL`, else `redis-server` of the PATH on a free port. */
export async function findRedis(): Promise<Found> {
  const given = process.env['REDIS_URL'];
  if (given) return { store: 'Redis', url: given, how: 'REDIS_URL', stop: nothing };
  const program = onPath('redis-server');
  if (program === undefined)
    return { store: 'Redis', url: undefined, how: 'not found; install redis-server or set REDIS_URL', stop: nothing };
  const started = await start({
    program,
    args: (port, directory) => [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      directory,
      '--save',
      '',
      '--appendonly',
      'no',
    ],
    url: (port) => `redis://127.0.0.1:${port}`,
    answers: pingRedis,
  });
  return { store: 'Redis', how: `${program}, started for these tests`, ...started };
}

/** `MONGODB_URI`, else `mongod` or `ferretdb` of the PATH on a free port, else a mongod that mongodb-memory-server can download. */
export async function findMongo(): Promise<Found> {
  const given = process.env['MONGODB_URI'];
  if (given) return { store: 'MongoDB', url: given, how: 'MONGODB_URI', stop: nothing };
  const mongod = onPath('mongod');
  if (mongod !== undefined)
    return mongoFrom(mongod, (port, directory) => ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', directory]);
  const ferretdb = onPath('ferretdb');
  if (ferretdb !== undefined) return mongoFrom(ferretdb, ferretArguments);
  return downloadedMongo();
}

const ferretArguments = (port: number, directory: string): string[] => [
  `--sqlite-url=file:${directory}/`,
  `--listen-addr=127.0.0.1:${port}`,
];

/** What the real FerretDB needs besides; the one of test/harness/ferretdb has no other backend to choose from. */
const ferretEnvironment = {
  FERRETDB_HANDLER: 'sqlite',
  FERRETDB_STATE_DIR: '-',
  FERRETDB_DEBUG_ADDR: '-',
  FERRETDB_TELEMETRY: 'disable',
};

async function mongoFrom(program: string, args: Start['args']): Promise<Found> {
  const started = await start({ program, args, url: (port) => `mongodb://127.0.0.1:${port}/`, answers: pingMongo });
  return { store: 'MongoDB', how: `${program}, started for these tests`, ...started };
}

async function downloadedMongo(): Promise<Found> {
  const { MongoMemoryServer } = await import('mongodb-memory-server-core');
  try {
    const server = await MongoMemoryServer.create();
    return {
      store: 'MongoDB',
      url: server.getUri(),
      how: 'mongod of mongodb-memory-server',
      stop: async () => void (await server.stop()),
    };
  } catch {
    return { store: 'MongoDB', url: undefined, how: 'not found; install mongod or ferretdb, or set MONGODB_URI', stop: nothing };
  }
}

type Start = {
  readonly program: string;
  readonly args: (port: number, directory: string) => string[];
  readonly url: (port: number) => string;
  readonly answers: (url: string) => Promise<boolean>;
};

/** Runs a server on a free port with a directory of its own, until `stop`. */
export async function start({ program, args, url, answers }: Start): Promise<Pick<Found, 'url' | 'stop'>> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  const child = spawn(program, args(port, directory), {
    stdio: 'ignore',
    cwd: directory,
    env: { ...process.env, ...ferretEnvironment },
  });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) break;
    if (await answers(url(port))) return { url: url(port), stop };
    await pause(100);
  }
  await stop();
  throw new Error(`${program} did not begin to answer within 10 s.`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function pingRedis(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function pingMongo(url: string): Promise<boolean> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 500 });
  try {
    await client.db('admin').command({ ping: 1 });
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port was given.');
  return address.port;
}

/** The program's file in a list of folders, those of PATH unless told. */
export function onPath(program: string, path = process.env['PATH'] ?? ''): string | undefined {
  const folders = path.split(delimiter);
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

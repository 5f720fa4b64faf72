import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import type { RedisClient, RedisSettings } from '#kit/redis.ts';
import { closeRedis, isRedisUrl, openRedis } from '#kit/redis.ts';
import { onPath, start } from '#test/harness/find-store.ts';

const program = onPath('redis-server') ?? '';
const needsServer = test.skipIf(program === '');
const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A Redis of its own, with any arguments; `$PORT` in them is its port. */
async function startServer(args: readonly string[]) {
  const { url = '', stop } = await start({
    program,
    args: (port) => args.map((argument) => argument.replace('$PORT', String(port))),
    url: (port) => String(port),
    answers: listens,
  });
  return { port: Number(url), [Symbol.asyncDispose]: stop };
}

const listens = async (port: string): Promise<boolean> => {
  const socket = connect(Number(port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

const local = ['--bind', '127.0.0.1', '--save', ''];
const plain = [...local, '--port', '$PORT'];

/** A limiter's settings: nothing waits, nothing is sent twice. */
const strict: RedisSettings = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  connectTimeout: 500,
  commandTimeout: 200,
};

async function keeps(client: RedisClient): Promise<string | null> {
  await expect.poll(() => client.status, { timeout: 10_000 }).toBe('ready');
  await client.set('key', 'kept');
  return client.get('key');
}

needsServer('AU-09 redis:// with user, password and database', async () => {
  await using server = await startServer([...plain, '--user', 'app', 'on', '>s%cret', '~*', '+@all', '--user', 'default', 'off']);
  const client = openRedis({ url: `redis://app:s%25cret@127.0.0.1:${server.port}/3`, settings: strict });
  expect(await keeps(client)).toBe('kept');
  expect(await client.client('INFO')).toMatch(/\bdb=3\b.*\buser=app\b/);
  await closeRedis(client);
});

needsServer('DE-37 rediss:// trusts the given authority and no other', async () => {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...subject],
    {
      stdio: 'ignore',
    },
  );
  const tls = ['--tls-port', '$PORT', '--port', '0', '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no'];
  await using server = await startServer([...local, ...tls]);
  const url = `rediss://localhost:${server.port}`;
  const trusting = openRedis({ url, ca: readFileSync(cert, 'utf8'), settings: strict });
  expect(await keeps(trusting)).toBe('kept');
  await closeRedis(trusting);
  const errors: Error[] = [];
  const doubting = openRedis({ url, settings: strict, onError: (error) => errors.push(error) });
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  expect(errors[0]?.message).toMatch(/certificate/);
  await expect(doubting.get('key')).rejects.toThrow();
  await closeRedis(doubting);
});

needsServer('redis+sentinel:// asks sentinels for the master', async () => {
  await using master = await startServer([...plain, '--requirepass', 'hunter2']);
  const config = join(folder, 'sentinel.conf');
  const monitor = `sentinel monitor lab 127.0.0.1 ${master.port} 1\nsentinel auth-pass lab hunter2\n`;
  writeFileSync(config, monitor);
  await using sentinel = await startServer([config, '--sentinel', '--port', '$PORT', '--bind', '127.0.0.1']);
  const client = openRedis({ url: `redis+sentinel://:hunter2@127.0.0.1:1,127.0.0.1:${sentinel.port}/lab/2`, settings: strict });
  expect(await keeps(client)).toBe('kept');
  expect(await client.client('INFO')).toMatch(/\bdb=2\b/);
  await closeRedis(client);
});

needsServer('redis+cluster:// finds the node of a key', async () => {
  await using node = await startServer([...plain, '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']);
  const admin = openRedis({ url: `redis://127.0.0.1:${node.port}` });
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await expect.poll(() => admin.cluster('INFO'), { timeout: 10_000 }).toContain('cluster_state:ok');
  const client = openRedis({ url: `redis+cluster://127.0.0.1:${node.port},127.0.0.1:1`, settings: strict });
  expect(await keeps(client)).toBe('kept');
  expect(await client.eval("return redis.call('GET', KEYS[1])", 1, 'key')).toBe('kept');
  await Promise.all([closeRedis(client), closeRedis(admin)]);
});

needsServer.each(['redis', 'redis+cluster'])('AU-09 a wrong password for %s:// is told without the password', async (scheme) => {
  await using server = await startServer([
    ...plain,
    '--requirepass',
    'right',
    '--cluster-enabled',
    scheme === 'redis' ? 'no' : 'yes',
  ]);
  const told: unknown[] = [];
  const client = openRedis({
    url: `${scheme}://somebody:hunter2@127.0.0.1:${server.port}`,
    settings: strict,
    onError: (error) => told.push(error),
  });
  await expect.poll(() => told.length, { timeout: 10_000 }).toBeGreaterThan(1);
  told.push(await client.get('key').catch((error: unknown) => error));
  expect(inspect(told, { depth: 10, showHidden: true })).not.toMatch(/hunter2/);
  await closeRedis(client);
});

test('a Redis that is not there is told, and nothing waits for it', async () => {
  const errors: Error[] = [];
  const client = openRedis({ url: 'redis://:hunter2@127.0.0.1:1', settings: strict, onError: (error) => errors.push(error) });
  await expect(client.get('key')).rejects.toThrow();
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  await closeRedis(client);
});

test.each([
  'redis://cache.example',
  'redis://cache.example:6380/15',
  'redis://[::1]:6379',
  'rediss://user:p%40ss@cache.example/0',
  'redis+sentinel://a.example,b.example:26380/lab',
  'rediss+cluster://a.example:7000,b.example:7001',
])('%s can be read', (url) => expect(isRedisUrl(url)).toBe(true));

test.each([
  '',
  'cache.example:6379',
  'http://cache.example',
  'redis://',
  'redis://a.example,b.example',
  'redis://cache.example:port',
  'redis://cache.example/lab',
  'redis://cache.example/0?password=hunter2',
  'redis+sentinel://a.example',
  'redis+cluster://a.example/1',
  'redis+cluster://a.example,',
])('%j is refused without a word of it', (url) => {
  expect(isRedisUrl(url)).toBe(false);
  expect(() => openRedis({ url })).toThrow(
    expect.objectContaining({ message: expect.not.stringMatching(/hunter2|a\.example|:6379/) }),
  );
});

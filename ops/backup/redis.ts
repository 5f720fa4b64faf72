import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { z } from 'zod';
import type { RedisClient } from '#kit/redis.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import type { BackedUp } from './store.ts';

type Options = {
  /** What it is called in archives. */
  readonly name: string;
  readonly url: string;
  readonly ca?: string | undefined;
  /** Which keys are the gateway's, as SCAN matches them. */
  readonly patterns: readonly string[];
};

/** A key, the end of its time in milliseconds since the Unix epoch, and its value as DUMP gives it, in base64. */
const Line = z.object({ key: z.string(), expiresAt: z.number().nullable(), dump: z.base64() });
type Line = z.infer<typeof Line>;

const settings = { maxRetriesPerRequest: 1, connectTimeout: 2_000, commandTimeout: 10_000 } as const;
const batchSize = 200;
const rehearsalMs = 60_000;

/**
 * The gateway's own keys, by SCAN, DUMP and RESTORE. A snapshot of the whole server (RDB) would want the rights of a
 * replica, which managed servers do not give, would hold everybody's keys and the cache, and could be put back only by
 * stopping the server. Every value is of one moment, all of them are not. RESTORE wants a server at least as new.
 */
export async function redisBackup({ name, url, ca, patterns }: Options): Promise<BackedUp> {
  const redis = openRedis({ url, ca, settings });
  await whenReady(redis, settings.connectTimeout);
  if (redis.status !== 'ready') {
    redis.disconnect();
    throw new Error('REDIS_URL: this Redis cannot be reached.');
  }
  const part = `${name}.ndjson`;
  const put = async (lines: AsyncIterable<string>, one: (line: Line) => Promise<unknown>): Promise<number> => {
    let records = 0;
    for await (const batch of batches(lines)) {
      await Promise.all(batch.map((text) => one(Line.parse(JSON.parse(text)))));
      records += batch.length;
    }
    return records;
  };
  return {
    name,
    parts: async function* () {
      yield { name: part, content: linesOf(redis, patterns) };
    },
    isIn: (archive) => archive.part(part) !== undefined,
    async isEmpty() {
      for await (const keys of keysOf(redis, patterns)) if (keys.length > 0) return false;
      return true;
    },
    async restore(archive) {
      for await (const keys of keysOf(redis, patterns)) await Promise.all(keys.map((key) => redis.unlink(key)));
      return put(archive.lines(part), (line) => restoreLine(redis, line));
    },
    // Redis looks at the checksum of every value that it takes; each is there for a moment only.
    async rehearse(archive) {
      const records = await put(archive.lines(part), async ({ dump }) => {
        const scratch = `backup-rehearsal:${randomUUID()}`;
        await redis.restore(scratch, rehearsalMs, Buffer.from(dump, 'base64'));
        await redis.unlink(scratch);
      });
      const kept = archive.part(part)?.lines;
      if (records !== kept) throw new Error(`${name}: ${records} of ${kept} keys came back.`);
      return records;
    },
    [Symbol.asyncDispose]: () => closeRedis(redis),
  };
}

/** What has come to its end since then stays away. */
async function restoreLine(redis: RedisClient, { key, expiresAt, dump }: Line): Promise<void> {
  const ttl = expiresAt === null ? 0 : expiresAt - Date.now();
  if (ttl < 0 || (expiresAt !== null && ttl === 0)) return;
  await redis.restore(key, ttl, Buffer.from(dump, 'base64'), 'REPLACE');
}

async function* linesOf(redis: RedisClient, patterns: readonly string[]): AsyncGenerator<string> {
  // SCAN may tell a key twice.
  const told = new Set<string>();
  for await (const keys of keysOf(redis, patterns)) {
    const fresh = keys.filter((key) => !told.has(key));
    const lines = await Promise.all(fresh.map((key) => lineOf(redis, key)));
    for (const key of fresh) told.add(key);
    yield lines.join('');
  }
}

async function lineOf(redis: RedisClient, key: string): Promise<string> {
  const [dump, ttl] = await Promise.all([redis.dumpBuffer(key), redis.pttl(key)]);
  // It ended between SCAN and DUMP.
  if (dump === null) return '';
  const expiresAt = ttl < 0 ? null : Date.now() + ttl;
  return `${JSON.stringify({ key, expiresAt, dump: dump.toString('base64') } satisfies Line)}\n`;
}

async function* keysOf(redis: RedisClient, patterns: readonly string[]): AsyncGenerator<readonly string[]> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  for (const node of nodes)
    for (const match of patterns) yield* node.scanStream({ match, count: batchSize }) as AsyncIterable<readonly string[]>;
}

async function* batches(lines: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length === batchSize) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

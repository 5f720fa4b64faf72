import { expect } from 'vitest';
import { freePort } from './find-store.ts';
import type { RedisServer } from './redis-server.ts';
import { startRedisServer } from './redis-server.ts';

export type RedisClusterServers = AsyncDisposable & {
  /** For `REDIS_URL`: all three primaries. */
  readonly url: string;
  readonly primaries: readonly [RedisServer, RedisServer, RedisServer];
  /** Primary of the slot in which the keys with this name in braces are, as the first primary that lives sees it. */
  readonly primaryOf: (tag: string) => Promise<RedisServer>;
  /** Moves the slot of a name, key by key, so that clients meet ASK on the way and MOVED in the end. @returns keys that moved */
  readonly moveSlot: (tag: string, to: RedisServer) => Promise<number>;
};

const slow = { timeout: 60_000, interval: 50 };

/** Three primaries with a third of the slots each, and a replica of each. */
export async function startCluster(): Promise<RedisClusterServers> {
  await using opening = new AsyncDisposableStack();
  const buses = new Map<RedisServer, number>();
  const start = async (): Promise<RedisServer> => {
    const bus = await freePort();
    const args = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1000'];
    const server = opening.use(await startRedisServer({ args: [...args, '--cluster-replica-validity-factor', '0'] }));
    buses.set(server, bus);
    return server;
  };
  const primaries = [await start(), await start(), await start()] as const;
  const replicas = [await start(), await start(), await start()];
  const all = [...primaries, ...replicas];
  for (const [at, { client }] of all.entries()) {
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
    const slots = thirds[at];
    if (slots !== undefined) await client.call('CLUSTER', 'ADDSLOTSRANGE', ...slots);
    await client.call('CLUSTER', 'MEET', '127.0.0.1', String(primaries[0].port), String(buses.get(primaries[0])));
  }
  for (const { client } of all) await expect.poll(() => client.cluster('INFO'), slow).toContain('cluster_known_nodes:6');
  for (const [at, { client }] of replicas.entries()) {
    const id = await idOf(primaries[at] ?? primaries[0]);
    await expect.poll(() => client.call('CLUSTER', 'REPLICATE', id).catch(String), slow).toBe('OK');
  }
  for (const { client } of all) await expect.poll(() => client.cluster('INFO'), slow).toContain('cluster_state:ok');
  for (const { client } of replicas) await expect.poll(() => client.info('replication'), slow).toContain('master_link_status:up');
  const opened = opening.move();
  const primaryOf = (tag: string): Promise<RedisServer> => ownerOf(tag, primaries, all);
  return {
    url: `redis+cluster://${primaries.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    primaries,
    primaryOf,
    moveSlot: async (tag, to) => move({ tag, from: await primaryOf(tag), to, primaries }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const thirds = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
];

const idOf = async ({ client }: RedisServer): Promise<string> => String(await client.call('CLUSTER', 'MYID'));

const slotOf = async ({ client }: RedisServer, tag: string): Promise<number> =>
  Number(await client.call('CLUSTER', 'KEYSLOT', `{${tag}}`));

type Range = readonly [first: number, last: number, primary: readonly [host: string, port: number]];

async function ownerOf(
  tag: string,
  primaries: RedisClusterServers['primaries'],
  all: readonly RedisServer[],
): Promise<RedisServer> {
  const asked = primaries.find(({ client }) => client.status === 'ready') ?? primaries[0];
  const slot = await slotOf(asked, tag);
  const ranges = (await asked.client.call('CLUSTER', 'SLOTS')) as readonly Range[];
  const port = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
  const owner = all.find((server) => server.port === port);
  if (owner === undefined) throw new Error(`Nobody has slot ${slot}.`);
  return owner;
}

type Move = {
  readonly tag: string;
  readonly from: RedisServer;
  readonly to: RedisServer;
  readonly primaries: readonly RedisServer[];
};

/** As `redis-cli --cluster reshard` does it, but slowly. */
async function move({ tag, from, to, primaries }: Move): Promise<number> {
  const slot = String(await slotOf(from, tag));
  const [source, target] = await Promise.all([idOf(from), idOf(to)]);
  await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source);
  await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target);
  let moved = 0;
  for (;;) {
    const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', slot, '3')) as string[];
    if (keys.length === 0) break;
    await from.client.call('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys);
    moved += keys.length;
  }
  for (const { client } of [to, from, ...primaries]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', target);
  return moved;
}

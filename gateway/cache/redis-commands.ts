import type { ChainableCommander } from 'ioredis';
import { Cluster } from 'ioredis';
import type { RedisClient } from '#kit/redis.ts';

/** One command, and the key that says where in a cluster it belongs. */
export type Command = { readonly key: string; readonly add: (pipeline: ChainableCommander) => ChainableCommander };

/** One MGET; in a cluster one for each slot, all at once. */
export async function readAll(redis: RedisClient, keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
  if (!(redis instanceof Cluster)) return redis.mgetBuffer([...keys]);
  const found = new Map<string, Buffer | null>();
  const reading = bySlot(keys, (key) => key).map(async (group) => {
    const values = await redis.mgetBuffer(group);
    for (const [index, key] of group.entries()) found.set(key, values[index] ?? null);
  });
  await Promise.all(reading);
  return keys.map((key) => found.get(key) ?? null);
}

/** One pipeline; in a cluster one for each slot, all at once. Answers in the order of the commands. @throws the first error of any command */
export async function sendAll(redis: RedisClient, commands: readonly Command[]): Promise<readonly unknown[]> {
  const groups = redis instanceof Cluster ? bySlot(commands, ({ key }) => key) : [commands];
  const sent = groups.filter((group) => group.length > 0).map((group) => sendGroup(redis, group));
  const answers = new Map((await Promise.all(sent)).flat());
  return commands.map((command) => answers.get(command));
}

async function sendGroup(redis: RedisClient, group: readonly Command[]): Promise<readonly (readonly [Command, unknown])[]> {
  const answers = (await group.reduce((line, { add }) => add(line), redis.pipeline()).exec()) ?? [];
  for (const [error] of answers) if (error !== null) throw error;
  return group.map((command, index) => [command, answers[index]?.[1]]);
}

/** Keys with the same name in braces are in the same slot. */
function bySlot<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  return [...Map.groupBy(items, (item) => /\{([^}]*)\}/.exec(keyOf(item))?.[1]).values()];
}

import { readFileSync } from 'node:fs';
import type { BlockStore } from '#kit/block-store.ts';
import { blockStore, blockStoreSettings } from '#kit/block-store.ts';
import type { Block } from '#kit/blocks.ts';
import { systemClock } from '#kit/clock.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import type { Command, Commands } from './command.ts';
import { say, sayRows } from './print.ts';
import { commonOptions, readMoment, readWords } from './words.ts';

const list: Command = {
  summary: 'list the addresses that are shut out',
  help: `Lists the addresses that all gateways of this Redis shut out now, with the reason and the end.

  npm run cli -- blocks list
  npm run cli -- blocks list --json`,
  run(words, environment) {
    const { values } = readWords(words, [], commonOptions);
    return withBlocks(environment, async (blocks) => sayRows((await blocks.read()).toSorted(byEnd).map(shown), values));
  },
};

const add: Command = {
  summary: 'shut an address out',
  help: `Shuts an address out of all gateways of this Redis: they refuse it with 403 within a second.

  npm run cli -- blocks add 203.0.113.9 --reason 'guesses keys'
  npm run cli -- blocks add 2001:db8::1 --for 7d

  --for     time from now such as 7d, or a date (1d)
  --reason  for people; clients never see it (by hand)`,
  run(words, environment) {
    const { positionals, values } = readWords(words, ['address'], {
      for: { type: 'string', default: '1d' },
      reason: { type: 'string', default: 'by hand' },
    });
    const [address = ''] = positionals;
    const until = readMoment('--for', values.for, systemClock.now());
    return withBlocks(environment, async (blocks) => {
      await blocks.write({ address, reason: values.reason, until: until.getTime() });
      return say(`${address} is shut out until ${until.toISOString()}.`);
    });
  },
};

const lift: Command = {
  summary: 'let an address in again',
  help: `Lifts the block of an address: all gateways of this Redis serve it again within a second. One that was flagged is
not heard by that gateway until its hour is over.

  npm run cli -- blocks lift 203.0.113.9`,
  run(words, environment) {
    const { positionals } = readWords(words, ['address'], {});
    const [address = ''] = positionals;
    return withBlocks(environment, async (blocks) => {
      if (!(await blocks.remove(address))) throw new Error(`${address} is not shut out.`);
      return say(`${address} is served again.`);
    });
  },
};

export const blockCommands: Commands = { list, add, lift };

const shown = ({ address, until, reason }: Block) => ({ address, until: new Date(until), reason });

const byEnd = (one: Block, other: Block): number => one.until - other.until;

async function withBlocks(environment: Environment, command: (blocks: BlockStore) => Promise<number>): Promise<number> {
  const { REDIS_URL: url, REDIS_CA_FILE: caFile } = environment;
  if (!url)
    throw new Error('REDIS_URL: is not set. Without a Redis each gateway keeps blocks in its own process, where no command is.');
  const redis = openRedis({ url, ca: caFile ? readFileSync(caFile, 'utf8') : undefined, settings: blockStoreSettings });
  try {
    await whenReady(redis, blockStoreSettings.connectTimeout);
    if (redis.status !== 'ready') throw new Error('REDIS_URL: this Redis cannot be reached.');
    return await command(blockStore(redis, { clock: systemClock }));
  } finally {
    await closeRedis(redis);
  }
}

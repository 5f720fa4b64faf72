import { z } from 'zod';
import type { RedisClient, RedisSettings } from '#kit/redis.ts';
import { openRedis } from '#kit/redis.ts';
import type { ChangeBus, Change as ChangeMessage } from './change-bus.ts';
import { localBus } from './change-bus.ts';

const channel = 'organizations:changed';

type Options = {
  /** One server, or those of a Sentinel or a Cluster. */
  readonly url: string;
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string;
  /** Hears of lost connections and messages. */
  readonly onError: (error: unknown) => void;
};

const Change = z.object({ organizationId: z.string(), kind: z.enum(['changed', 'deleted']) }).readonly();

/** Reaches every process that uses the same Redis, this one included. */
export function redisBus({ url, ca, onError }: Options): ChangeBus {
  const heard = localBus();
  const connect = (settings: RedisSettings): RedisClient =>
    openRedis({ url, ca, onError, settings: { connectTimeout: 1_000, ...settings } });
  const publisher = connect({ maxRetriesPerRequest: 1, commandTimeout: 1_000 });
  let subscriber: RedisClient | undefined;
  const startListening = (): RedisClient => {
    const redis = connect({ maxRetriesPerRequest: null });
    redis.on('message', (_: string, text: string) => {
      const change = readChange(text);
      if (change !== undefined) void heard.publish(change);
    });
    redis.subscribe(channel).catch(onError);
    return redis;
  };
  return {
    publish: (change) => publisher.publish(channel, JSON.stringify(change)).then(() => undefined, onError),
    subscribe(listener) {
      heard.subscribe(listener);
      subscriber ??= startListening();
    },
    async [Symbol.asyncDispose]() {
      publisher.disconnect();
      subscriber?.disconnect();
    },
  };
}

/** Other programs may write to the channel as well; what is no change is left alone. */
function readChange(text: string): ChangeMessage | undefined {
  try {
    return Change.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

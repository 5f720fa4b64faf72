import { Redis } from 'ioredis';
import { z } from 'zod';

/** Something of an organization changed: its plan, its status or its keys; or it is gone. */
export type Change = z.infer<typeof Change>;

const Change = z.object({ organizationId: z.string(), kind: z.enum(['changed', 'deleted']) }).readonly();

type Listener = (change: Change) => void;

/** Tells every gateway at once what would otherwise be noticed when cached keys run out. Nothing depends on a message. */
export type ChangeBus = AsyncDisposable & {
  /** Never rejects. */
  readonly publish: (change: Change) => Promise<void>;
  readonly subscribe: (listener: Listener) => void;
};

/** Reaches the listeners of this process only. */
export function localBus(): ChangeBus {
  const listeners: Listener[] = [];
  return {
    async publish(change) {
      for (const listener of listeners) listener(change);
    },
    subscribe: (listener) => void listeners.push(listener),
    [Symbol.asyncDispose]: async () => void listeners.splice(0),
  };
}

const channel = 'organizations:changed';

type Options = {
  readonly url: string;
  /** Hears of lost connections and messages. */
  readonly onError: (error: unknown) => void;
};

/** Reaches every process that uses the same Redis, this one included. */
export function redisBus({ url, onError }: Options): ChangeBus {
  const heard = localBus();
  const connect = (options: object): Redis =>
    new Redis(url, { lazyConnect: true, connectTimeout: 1_000, ...options }).on('error', onError);
  const publisher = connect({ maxRetriesPerRequest: 1, commandTimeout: 1_000 });
  let subscriber: Redis | undefined;
  const startListening = (): Redis => {
    const redis = connect({ maxRetriesPerRequest: null });
    redis.on('message', (_, text) => {
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
function readChange(text: string): Change | undefined {
  try {
    return Change.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

import { z } from 'zod';
import type { RedisClient } from '#kit/redis.ts';
import type { Tag } from './tags.ts';

type Options = {
  readonly redis: RedisClient;
  /** A connection of its own, which does nothing but listen. */
  readonly listener: RedisClient;
  /** So long a process serves a copy without asking Redis. */
  readonly copyMs: number;
};

/** Hears what other processes raise, and when this one begins or ceases to hear of it. */
type Ears = { readonly onRaised: (tags: readonly Tag[]) => void; readonly onHearing: (hears: boolean) => void };

/** Tells all processes which tags were raised, so that their copies go, and knows when they have heard it. */
export type Announcements = {
  /** @throws what Redis throws */
  readonly tell: (tags: readonly Tag[]) => Promise<void>;
  /**
   * Resolves once every process that Redis told has forgotten what was announced here, at the latest when its copies have run
   * out by themselves. In a Redis Cluster a node counts the processes that listen to itself alone.
   */
  readonly heard: () => Promise<void>;
  readonly listen: (ears: Ears) => void;
};

const raised = 'cache:raised';

const Announcement = z.object({ sender: z.string(), number: z.number(), tags: z.array(z.string()) });

export function announcements({ redis, listener, copyMs }: Options): Announcements {
  const sender = crypto.randomUUID();
  const pending = new Map<number, Hearing>();
  let last = 0;
  // Those that did not answer in time are not waited for again before one of them does.
  let silent = 0;
  const hear = (number: number): void => {
    const hearing = pending.get(number);
    if (hearing === undefined) silent = 0;
    else hearing.hear();
  };
  const heed = (text: string, { onRaised }: Ears): void => {
    const told = Announcement.safeParse(readJson(text));
    if (!told.success) return;
    const { sender: teller, number, tags } = told.data;
    if (teller === sender) hear(number);
    else {
      onRaised(tags);
      redis.publish(heardBy(teller), String(number)).catch(() => undefined);
    }
  };
  return {
    async tell(tags) {
      const number = ++last;
      const hearing = hearingOf(() => pending.delete(number));
      pending.set(number, hearing);
      try {
        const listeners = await redis.publish(raised, JSON.stringify({ sender, number, tags }));
        hearing.expect(listeners - silent, copyMs, (missing) => {
          silent += missing;
        });
      } catch (error) {
        pending.delete(number);
        throw error;
      }
    },
    async heard() {
      await Promise.all([...pending.values()].map(({ done }) => done()));
    },
    listen(ears) {
      listener.on('close', () => ears.onHearing(false));
      // The library subscribes again by itself, but does not say when that is done.
      const subscribe = (): void => {
        listener.subscribe(raised, heardBy(sender)).then(
          () => ears.onHearing(true),
          () => undefined,
        );
      };
      listener.on('ready', subscribe);
      if (listener.status === 'ready') subscribe();
      listener.on('message', (channel: string, text: string) => (channel === raised ? heed(text, ears) : hear(Number(text))));
    },
  };
}

const heardBy = (sender: string): string => `cache:heard:${sender}`;

type Hearing = {
  readonly hear: () => void;
  /** Says how many are to hear it, within how long, and who learns how many did not. */
  readonly expect: (count: number, withinMs: number, onLate: (missing: number) => void) => void;
  /** Resolves at once as long as nobody is expected. */
  readonly done: () => Promise<void>;
};

function hearingOf(end: () => void): Hearing {
  const { promise, resolve } = Promise.withResolvers<void>();
  let heard = 0;
  let expected: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const finish = (): void => {
    clearTimeout(timer);
    end();
    resolve();
  };
  const isDone = (): boolean => expected !== undefined && heard >= expected;
  return {
    hear() {
      heard += 1;
      if (isDone()) finish();
    },
    expect(count, withinMs, onLate) {
      expected = count;
      if (isDone()) return finish();
      timer = setTimeout(() => {
        onLate(count - heard);
        finish();
      }, withinMs);
      timer.unref();
    },
    done: () => (expected === undefined ? Promise.resolve() : promise),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

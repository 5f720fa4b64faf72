import type { Clock } from '#kit/clock.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { readRedisCa } from '#kit/secret-files.ts';
import type { Ledger } from './limiter.ts';
import { streamLedger } from './stream-ledger.ts';

type Options = {
  readonly url: string;
  readonly caFile: string | undefined;
  /** Name of the stream. */
  readonly stream: string;
  readonly clock: Clock;
  readonly onLost: (entries: number, error?: unknown) => void;
};

/** Nobody waits for these writes, but they must not pile up behind a Redis that is away either. */
const settings = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  connectTimeout: 1_000,
  commandTimeout: 5_000,
} as const;

/** The usage stream on a connection of its own; closing writes what still waits. */
export async function openUsageStream({ url, caFile, stream, clock, onLost }: Options): Promise<Ledger & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const ca = readRedisCa(caFile);
  const redis = openRedis({ url, ca, settings });
  opening.defer(() => closeRedis(redis));
  await whenReady(redis, settings.connectTimeout);
  const ledger = opening.use(streamLedger({ redis, stream, clock, onLost }));
  const opened = opening.move();
  return { ...ledger, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
